-- Commands in the messages of AWS IoT FleetWise: actuators, and last known states that are switched on and off.

local cloud = require "campaign_cloud"

local topic, receive, connected = cloud.topic, cloud.receive, cloud.connected

scenario("a command in protobuf is done once, or says why not", function(t)
  local car, app = connected(t)
  local base = "$aws/commands/things/" .. car.name .. "/executions/"
  app:subscribe(base .. "+/response/protobuf")
  local function command(id, actuator, options)
    local request = { command_id = id, timeout_ms = 10000, issued_timestamp_ms = os.time() * 1000 }
    for name, value in pairs(options or {}) do
      request[name] = value
    end
    actuator.decoder_manifest_sync_id = actuator.decoder_manifest_sync_id or "manifest-1"
    request.actuator_command = actuator
    app:publish(base .. id .. "/request/protobuf", encode_fleetwise("CommandRequest", request), { qos = 1 })
  end
  local function answer(id)
    return decode_fleetwise("CommandResponse", app:wait_message(base .. id .. "/response/protobuf").payload)
  end

  command("one", { signal_id = 3, string_value = "unlocked" })
  t:equal(answer("one").status, "COMMAND_STATUS_SUCCEEDED")
  t:equal(car.state.locks.all, "unlocked")
  car:press { ["locks.all"] = "locked" }
  command("one", { signal_id = 3, string_value = "unlocked" })
  t:wait(2)
  t:equal(car.state.locks.all, "locked")

  command("two", { signal_id = 5, double_value = 23 })
  t:equal(answer("two").status, "COMMAND_STATUS_SUCCEEDED")
  t:equal(car.state.climate.target, 23)
  command("three", { signal_id = 99, boolean_value = true })
  t:equal(answer("three").reason_code, 0x03)
  command("four", { signal_id = 3, string_value = "locked", decoder_manifest_sync_id = "manifest-9" })
  t:equal(answer("four").reason_code, 0x02)
  command("type", { signal_id = 3, double_value = 1 })
  t:equal(answer("type").reason_code, 0x07)
  app:publish(base .. "nonsense/request/protobuf", "no protobuf at all", { qos = 1 })
  t:equal(answer("nonsense").reason_code, 0x04)
  car:press { ["locks.all"] = "unlocked" }
  car:open_door("front_left")
  command("five", { signal_id = 3, string_value = "locked" })
  local refused = answer("five")
  t:match(refused.reason_description, "^DOOR_OPEN: ")
  t:equal(refused.reason_code, 0x10000)
  command("six", { signal_id = 3, string_value = "unlocked" }, { issued_timestamp_ms = (os.time() - 60) * 1000 })
  local late = answer("six")
  t:equal(late.status, "COMMAND_STATUS_EXECUTION_TIMEOUT")
  t:equal(late.reason_code, 0x12)
end)

scenario("a command that takes its time is in progress first, and one that takes too long has timed out", function(t)
  local car, app = connected(t)
  local base = "$aws/commands/things/" .. car.name .. "/executions/"
  app:subscribe(base .. "+/response/protobuf")
  local function answers(id, percent, timeout_ms)
    app:publish(base .. id .. "/request/protobuf", encode_fleetwise("CommandRequest", {
      command_id = id, timeout_ms = timeout_ms, issued_timestamp_ms = os.time() * 1000,
      actuator_command = { signal_id = 6, decoder_manifest_sync_id = "manifest-1", double_value = percent },
    }), { qos = 1 })
    local list = {}
    repeat
      local said = decode_fleetwise("CommandResponse", app:wait_message(base .. id .. "/response/protobuf", 60).payload)
      list[#list + 1] = said.status:gsub("^COMMAND_STATUS_", "")
    until said.status ~= "COMMAND_STATUS_IN_PROGRESS"
    return list
  end

  t:equal(answers("slow", 100, 60000), { "IN_PROGRESS", "SUCCEEDED" })
  t:equal(car.state.windows.front_left, 100)
  t:equal(answers("too-slow", 0, 4000), { "IN_PROGRESS", "EXECUTION_TIMEOUT" })
end)

local function states(app, car, version, add, remove, manifest)
  app:publish(topic(car, "last_known_states/config"), encode_fleetwise("StateTemplates", {
    decoder_manifest_sync_id = manifest or "manifest-1", version = version, state_templates_to_add = add,
    state_template_sync_ids_to_remove = remove,
  }), { qos = 1 })
end

-- What an operation of a template is answered: its reason.
local function operate(app, car, id, operations)
  local base = "$aws/commands/things/" .. car.name .. "/executions/" .. id
  local list = {}
  for template, operation in pairs(operations) do
    list[#list + 1] = { state_template_sync_id = template, [operation[1] .. "_operation"] = operation[2] or {} }
  end
  app:publish(base .. "/request/protobuf", encode_fleetwise("CommandRequest", {
    command_id = id, timeout_ms = 30000, issued_timestamp_ms = os.time() * 1000,
    last_known_state_command = { state_template_information = list },
  }), { qos = 1 })
  local answer = decode_fleetwise("CommandResponse", app:wait_message(base .. "/response/protobuf").payload)
  return answer.reason_code, answer.status
end

-- A car with two templates, and an app that hears what they bring.
local function with_states(t)
  local car, app = connected(t)
  app:subscribe(topic(car, "last_known_states/data"))
  app:subscribe("$aws/commands/things/" .. car.name .. "/executions/+/response/protobuf")
  states(app, car, 1, {
    { state_template_sync_id = "doors", on_change_update_strategy = {}, signal_ids = { 3, 4 } },
    { state_template_sync_id = "charge", periodic_update_strategy = { period_ms = 10000 }, signal_ids = { 2, 1 } },
  })
  t:equal(receive(app, car, "checkins", "Checkin", 5).document_sync_ids, { "manifest-1", "doors", "charge" })

  -- What a template has brought: values by their members, and when.
  local function data(template, timeout)
    local said = receive(app, car, "last_known_states/data", "LastKnownStateData", timeout)
    local of, values = said.captured_state_template_signals[1], {}
    t:equal(of.state_template_sync_id, template)
    for _, signal in ipairs(of.captured_signals) do
      local id = signal.signal_id
      signal.signal_id = nil
      values[id] = signal
    end
    return values, said.collection_event_time_ms_epoch
  end
  return car, app, data
end

scenario("last known states: a template that is active brings all, then what changes", function(t)
  local car, app, data = with_states(t)

  t:equal(operate(app, car, "on", { doors = { "activate" } }), 0)
  t:equal(data("doors"), { [3] = { string_value = "locked" }, [4] = { boolean_value = true } })
  t:equal(car.state.fleetwise.states, "doors")
  car:unlock()
  t:equal(data("doors"), { [3] = { string_value = "unlocked" } })
  car:open_door("front_left")
  t:equal(data("doors"), { [4] = { boolean_value = false } })
  t:equal(operate(app, car, "again", { doors = { "activate" } }), 0x10)
  data("doors")
  t:equal(operate(app, car, "off", { doors = { "deactivate" } }), 0)
  t:equal(operate(app, car, "off-again", { doors = { "deactivate" } }), 0x11)
  car:close_door("front_left")
  t:wait(30)
  t:equal(#app:messages(topic(car, "last_known_states/data")), 0)
end)

scenario("last known states: by time, until their time is over, and over a loss of power", function(t)
  local car, app, data = with_states(t)

  t:equal(operate(app, car, "on", { charge = { "activate", { deactivate_after_seconds = 45 } } }), 0)
  local _, first = data("charge")
  for i = 1, 2 do
    local _, at = data("charge", 15)
    t:near(at - first, i * 10000, 200)
  end
  car:power_off()
  car:power_on()
  car:wait_online()
  data("charge", 15)
  t:wait(60)
  t:equal(car.state.fleetwise.states, "")
  while pcall(app.wait_message, app, topic(car, "last_known_states/data"), 1) do end
  t:wait(30)
  t:equal(#app:messages(topic(car, "last_known_states/data")), 0)
end)

scenario("last known states: a snapshot comes once, and templates that are not there are said so", function(t)
  local car, app, data = with_states(t)

  t:equal(operate(app, car, "look", { charge = { "fetch_snapshot" } }), 0)
  t:equal(data("charge")[1], { double_value = 0 })
  t:equal(operate(app, car, "none", { charge = { "fetch_snapshot" }, trunk = { "activate" } }), 0x06)
  states(app, car, 2, {}, { "charge" })
  t:equal(receive(app, car, "checkins", "Checkin", 5).document_sync_ids, { "manifest-1", "doors" })
  t:equal(operate(app, car, "gone", { charge = { "activate" } }), 0x06)
  -- Older than what it has.
  states(app, car, 1, { { state_template_sync_id = "charge", on_change_update_strategy = {}, signal_ids = { 2 } } })
  t:equal(operate(app, car, "old", { charge = { "activate" } }), 0x06)
  app:publish(topic(car, "last_known_states/config"), "no protobuf at all", { qos = 1 })
  -- Of another manifest: active, but its numbers mean nothing yet.
  states(app, car, 3, { { state_template_sync_id = "next", on_change_update_strategy = {}, signal_ids = { 3 } } },
    nil, "manifest-2")
  t:equal(operate(app, car, "next", { next = { "activate" } }), 0)
  car:unlock()
  t:wait(5)
  t:equal(#app:messages(topic(car, "last_known_states/data")), 0)
  app:publish(topic(car, "decoder_manifests"), encode_fleetwise("DecoderManifest", { sync_id = "manifest-2" }),
    { qos = 1 })
  t:wait(1)
  car:lock()
  t:equal(data("next"), { [3] = { string_value = "locked" } })
end)
