-- Campaigns in the messages of AWS IoT FleetWise: what a car collects by time, and when a condition comes true.

local function topic(car, rest)
  return "$aws/iotfleetwise/vehicles/" .. car.name .. "/" .. rest
end

local function receive(app, car, kind, message, timeout)
  return assert(decode_fleetwise(message, app:wait_message(topic(car, kind), timeout or 130).payload))
end

-- The car, an app that plays the cloud, and the first check-in, with which the car listens.
local function connected(t, model)
  t:needs_virtual_time()
  local car = t:vehicle { model = model or "campaign_car", power = "off" }
  local app = t:companion()
  app:subscribe(topic(car, "+"))
  car:power_on()
  return car, app, receive(app, car, "checkins", "Checkin")
end

local function scheme(name, options)
  local now = os.time() * 1000
  local made = {
    campaign_sync_id = name, decoder_manifest_sync_id = "manifest-1", start_time_ms_epoch = now,
    expiry_time_ms_epoch = now + 3600000,
    signal_information = { { signal_id = 1, sample_buffer_size = 5 }, { signal_id = 2, sample_buffer_size = 5 } },
  }
  for member, value in pairs(options) do
    made[member] = value
  end
  return made
end

local function send(app, car, schemes)
  app:publish(topic(car, "collection_schemes"), encode_fleetwise("CollectionSchemes", {
    collection_schemes = schemes, timestamp_ms_epoch = os.time() * 1000,
  }), { qos = 1 })
end

-- signal `operator` number
local function compare(signal, operator, number)
  return { node_operator = {
    left_child = { node_signal_id = signal }, right_child = { node_double_value = number }, operator = operator,
  } }
end

local function condition(tree, mode, interval)
  return { condition_based_collection_scheme = {
    condition_tree = tree, condition_trigger_mode = mode or "TRIGGER_ALWAYS",
    condition_minimum_interval_ms = interval or 0,
  } }
end

local function of_signal(data, id)
  local values = {}
  for _, captured in ipairs(data.captured_signals) do
    if captured.signal_id == id then
      values[#values + 1] = captured.string_value or captured.double_value
    end
  end
  return values
end

scenario("a car checks in when it connects, every two minutes, and when it has been sent something", function(t)
  local car, app, first = connected(t)

  t:equal(first.document_sync_ids, { "manifest-1" })
  local before = os.time()
  receive(app, car, "checkins", "Checkin")
  t:near(os.time() - before, 120, 3)
  send(app, car, { scheme("spring", { time_based_collection_scheme = {} }) })
  t:equal(receive(app, car, "checkins", "Checkin", 5).document_sync_ids, { "manifest-1", "spring" })
  t:equal(car.state.fleetwise.campaigns, "spring")
end)

scenario("a scheme by time brings what there is, at its period", function(t)
  local car, app = connected(t)

  send(app, car, { scheme("by-time", {
    time_based_collection_scheme = { time_based_collection_scheme_period_ms = 10000 },
  }) })
  local first = receive(app, car, "signals", "VehicleData")
  t:equal(first.campaign_sync_id, "by-time")
  t:equal(first.decoder_sync_id, "manifest-1")
  t:equal(of_signal(first, 1), { 0 })
  car:drive(50)
  local second = receive(app, car, "signals", "VehicleData")
  t:near(second.collection_event_time_ms_epoch - first.collection_event_time_ms_epoch, 10000, 100)
  t:equal(second.collection_event_id, first.collection_event_id + 1)
  local speeds = of_signal(second, 1)
  t:near(speeds[#speeds], 50, 1)
  for _, captured in ipairs(second.captured_signals) do
    t:is_true(captured.relative_time_ms <= 0 and captured.relative_time_ms >= -10100)
  end
end)

scenario("a condition brings what was before it and after it, with the car's trouble codes", function(t)
  local car, app = connected(t)

  send(app, car, { scheme("fast", condition(compare(1, "COMPARE_BIGGER", 80), "TRIGGER_ONLY_ON_RISING_EDGE")) })
  receive(app, car, "checkins", "Checkin")
  car:drive(50)
  t:wait(20)
  t:equal(car.state.fleetwise.events, 0)
  car:fault("P0A80")
  local options = condition(compare(1, "COMPARE_BIGGER", 80), "TRIGGER_ONLY_ON_RISING_EDGE")
  options.include_active_dtcs, options.after_duration_ms = true, 5000
  send(app, car, { scheme("fast", options) })
  t:wait(1)
  car:drive(100)
  local data = receive(app, car, "signals", "VehicleData")
  t:equal(data.dtc_data.active_dtc_codes, { "P0A80" })
  local after = 0
  for _, captured in ipairs(data.captured_signals) do
    after = math.max(after, captured.relative_time_ms)
  end
  t:is_true(after > 0 and after <= 5000, "the last sample is " .. after .. " ms after the condition")
  t:wait(60)
  t:equal(car.state.fleetwise.events, 1)
end)

scenario("a condition that stays true fires as often as it may", function(t)
  local car, app = connected(t)

  send(app, car, { scheme("rolling", condition(compare(1, "COMPARE_BIGGER", 10), "TRIGGER_ALWAYS", 20000)) })
  t:wait(1)
  car:drive(60)
  local last = receive(app, car, "signals", "VehicleData").collection_event_time_ms_epoch
  for _ = 1, 3 do
    local at = receive(app, car, "signals", "VehicleData").collection_event_time_ms_epoch
    t:is_true(at - last >= 20000)
    last = at
    car:drive(t:random(40, 90))
  end
end)

scenario("conditions join comparisons, arithmetic, texts and windows", function(t)
  local car, app = connected(t)
  local function operate(operator, left, right)
    return { node_operator = { operator = operator, left_child = left, right_child = right } }
  end
  local charge, locks = { node_signal_id = 2 }, { node_signal_id = 3 }
  local cases = {
    { true, compare(2, "COMPARE_BIGGER_EQUAL", 1) },
    { false, compare(2, "COMPARE_SMALLER", 1) },
    { true, operate("COMPARE_EQUAL", locks, { node_string_value = "unlocked" }) },
    { true, operate("COMPARE_NOT_EQUAL", locks, { node_string_value = "unlocked" }) },
    { true, operate("LOGICAL_AND", compare(2, "COMPARE_BIGGER", 1),
      operate("LOGICAL_NOT", compare(2, "COMPARE_BIGGER", 100))) },
    { true, operate("LOGICAL_OR", compare(2, "COMPARE_BIGGER", 100), { node_boolean_value = true }) },
    { true, operate("COMPARE_BIGGER", operate("ARITHMETIC_MULTIPLY", charge, { node_double_value = 2 }), charge) },
    { false, operate("COMPARE_BIGGER", operate("ARITHMETIC_DIVIDE", charge, { node_double_value = 0 }), charge) },
    { false, operate("COMPARE_SMALLER", locks, charge) },
  }

  for i, case in ipairs(cases) do
    local options = condition(case[2])
    options.signal_information = { { signal_id = 2 }, { signal_id = 3 } }
    send(app, car, { scheme("case-" .. i, options) })
    car:wait_until(function() return car.state.fleetwise.campaigns == "case-" .. i end)
    local before = car.state.fleetwise.events
    car:lock()
    t:wait(1)
    car:unlock()
    t:wait(1)
    t:equal(car.state.fleetwise.events > before, case[1], "case " .. i)
  end

  local mean = condition(operate("COMPARE_BIGGER", { node_function = { window_function = {
    signal_id = 1, window_type = "LAST_WINDOW_AVG",
  } } }, { node_double_value = 40 }), "TRIGGER_ONLY_ON_RISING_EDGE")
  mean.signal_information = { { signal_id = 1, fixed_window_period_ms = 10000, condition_only_signal = true } }
  send(app, car, { scheme("mean", mean) })
  car:wait_until(function() return car.state.fleetwise.campaigns == "mean" end)
  local before = car.state.fleetwise.events
  car:drive(60)
  car:wait_until(function() return car.state.fleetwise.events == before + 1 end, 30)
end)

scenario("a scheme of another decoder manifest, one that is over, and nonsense bring nothing", function(t)
  local car, app = connected(t)
  local periodic = { time_based_collection_scheme = { time_based_collection_scheme_period_ms = 5000 } }
  local other = scheme("other", periodic)
  other.decoder_manifest_sync_id = "manifest-2"
  local over = scheme("over", periodic)
  over.expiry_time_ms_epoch = os.time() * 1000

  send(app, car, { other, over })
  app:publish(topic(car, "collection_schemes"), "no protobuf at all", { qos = 1 })
  t:wait(30)
  t:equal(car.state.fleetwise.events, 0)
  local manifest = encode_fleetwise("DecoderManifest", { sync_id = "manifest-2" })
  app:publish(topic(car, "decoder_manifests"), manifest, { qos = 1 })
  t:equal(receive(app, car, "signals", "VehicleData").campaign_sync_id, "other")
end)

scenario("what a car has been sent outlives a loss of power, and what it collects a tunnel", function(t)
  local car, app = connected(t)

  send(app, car, { scheme("for-good", {
    time_based_collection_scheme = { time_based_collection_scheme_period_ms = 10000 },
    persist_all_collected_data = true,
  }) })
  receive(app, car, "signals", "VehicleData")
  car:power_off()
  car:power_on()
  car:wait_online()
  local last = receive(app, car, "signals", "VehicleData").collection_event_id
  car:sleep()
  t:wait(35)
  car:wake()
  for _ = 1, 3 do
    local id = receive(app, car, "signals", "VehicleData").collection_event_id
    t:equal(id, last + 1)
    last = id
  end
end)

scenario("a scheme that wants its data compressed gets snappy, and one beside it does not", function(t)
  local car, app = connected(t)
  local periodic = { time_based_collection_scheme = { time_based_collection_scheme_period_ms = 10000 } }
  local small = scheme("small", periodic)
  small.compress_collected_data = true

  send(app, car, { scheme("plain", periodic), small })
  local seen = {}
  for _ = 1, 2 do
    local payload = app:wait_message(topic(car, "signals"), 30).payload
    local plain = uncompress_snappy(payload)
    local data = assert(decode_fleetwise("VehicleData", plain or payload))
    seen[data.campaign_sync_id] = plain ~= nil
    if plain then
      t:equal(uncompress_snappy(payload:sub(1, -2)), nil)
      t:equal(of_signal(data, 1), { 0 })
    end
  end
  t:equal(seen, { plain = false, small = true })
end)

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

-- What messages cannot be made of here, later versions of FleetWise may send: a number that stands for nothing yet.
scenario("an operator or a window that the car does not know is never true, and harms nothing else", function(t)
  local car, app = connected(t)
  local window = { node_operator = {
    left_child = { node_function = { window_function = { signal_id = 1, window_type = "PREV_LAST_WINDOW_AVG" } } },
    right_child = { node_double_value = -1 }, operator = "COMPARE_BIGGER",
  } }
  local cases = {
    { "\x18\x05", "\x18\x63", compare(1, "COMPARE_NOT_EQUAL", -1) },
    { "\x10\x05", "\x10\x63", window },
  }

  for i, case in ipairs(cases) do
    local options = condition(case[3])
    options.signal_information = { { signal_id = 1, fixed_window_period_ms = 1000 } }
    local known = encode_fleetwise("CollectionSchemes", {
      collection_schemes = { scheme("odd-" .. i, options) }, timestamp_ms_epoch = os.time() * 1000,
    })
    local unknown, count = known:gsub(case[1], case[2])
    t:equal(count, 1)
    app:publish(topic(car, "collection_schemes"), unknown, { qos = 1 })
    car:wait_until(function() return car.state.fleetwise.campaigns == "odd-" .. i end)
    car:drive(30 * i)
    t:wait(10)
    t:equal(car.state.fleetwise.events, 0)
  end
  send(app, car, { scheme("by-time", {
    time_based_collection_scheme = { time_based_collection_scheme_period_ms = 10000 },
  }) })
  t:equal(receive(app, car, "signals", "VehicleData").campaign_sync_id, "by-time")
end)

scenario("a car without a decoder manifest of its own takes schemes, and has no signals to send", function(t)
  local car, app = connected(t, "campaign_car_bare")

  send(app, car, { scheme("by-time", {
    decoder_manifest_sync_id = "", signal_information = { { signal_id = 1, fixed_window_period_ms = 1000 } },
    time_based_collection_scheme = { time_based_collection_scheme_period_ms = 10000 },
  }) })
  t:equal(#(receive(app, car, "signals", "VehicleData").captured_signals or {}), 0)
end)

scenario("of what a car collects without a connection it keeps the latest hundred", function(t)
  local car, app = connected(t)

  send(app, car, { scheme("for-good", {
    time_based_collection_scheme = { time_based_collection_scheme_period_ms = 10000 },
    persist_all_collected_data = true,
  }) })
  receive(app, car, "signals", "VehicleData")
  car:sleep()
  t:wait(1205)
  local last = car.state.fleetwise.events
  car:wake()
  local oldest = receive(app, car, "signals", "VehicleData").collection_event_id
  t:near(last - oldest + 1, 100, 1)
end)
