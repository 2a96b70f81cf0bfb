-- Campaigns that the local cloud gives to cars at their check-ins, and their data as JSON on an MQTT topic.

local cloud = require "campaign_cloud"

local receive, connected, compare, condition = cloud.receive, cloud.connected, cloud.compare, cloud.condition

-- Long enough for the cloud's clock, which does not leap as the scenario's does.
local function later()
  return (os.time() + 30 * 86400) * 1000
end

local function periodic(more)
  local scheme = {
    decoder_manifest_sync_id = "m-1", expiry_time_ms_epoch = later(),
    time_based_collection_scheme = { time_based_collection_scheme_period_ms = 10000 },
    signal_information = { { signal_id = 11, fixed_window_period_ms = 10000 }, { signal_id = 30 } },
  }
  for name, value in pairs(more or {}) do
    scheme[name] = value
  end
  return scheme
end

local function teach(app)
  app:put_decoder_manifest("m-1", {
    manifest = {
      can_signals = { { signal_id = 11, interface_id = "can0", message_id = 0x101, length = 16, factor = 0.01 } },
      custom_decoding_signals = { { signal_id = 30, custom_decoding_id = "locks.all", primitive_type = "STRING" } },
    },
    names = { ["11"] = "Vehicle.Speed" },
  })
end

-- Waits until a check-in says that the car has these, of whatever it has.
local function await_documents(app, car, wanted)
  while true do
    local held = receive(app, car, "checkins", "Checkin").document_sync_ids
    if table.concat(held, " ") == table.concat(wanted, " ") then
      return
    end
  end
end

local function await_json(app, topic)
  return assert(decode_json(app:wait_message(topic, 140).payload))
end

scenario("a car gets at its check-in what it lacks, and its data comes as JSON", function(t)
  local car, app = connected(t, "campaign_car_bus")
  local topic = "dt/fleetsim/charge/" .. car.name
  app:subscribe(topic)

  teach(app)
  app:put_campaign("charge-" .. car.name, { cars = { car }, topic = topic, scheme = periodic() })
  await_documents(app, car, { "m-1", "charge-" .. car.name })
  local data = await_json(app, topic)
  t:equal(data.campaignName, "charge-" .. car.name)
  t:equal(data.vehicleName, car.name)
  t:equal(data.dimensions, {})
  t:equal(data.signals["Vehicle.Speed"][1].value, 0)
  t:equal(data.signals["Vehicle.Speed"][1].dataType, "DOUBLE")
  t:equal(data.signals["locks.all"][1].value, "locked")
  t:equal(data.signals["locks.all"][1].dataType, "STRING")
  t:is_true(data.signals["locks.all"][1].time <= data.collectionEventTime)
  car:drive(50)
  local speed
  repeat
    local values = await_json(app, topic).signals["Vehicle.Speed"] or {}
    speed = values[#values] and values[#values].value or 0
  until speed > 49
  app:delete_campaign("charge-" .. car.name)
  await_documents(app, car, { "m-1" })
end)

scenario("compressed data comes as JSON, too, and a campaign without a topic brings none", function(t)
  local car, app = connected(t, "campaign_car_bus")
  local topic = "dt/fleetsim/small/" .. car.name
  app:subscribe(topic)

  teach(app)
  app:put_campaign("a-small-" .. car.name, {
    cars = { car.name }, topic = topic, scheme = periodic { compress_collected_data = true },
  })
  local quiet = condition(compare(11, "COMPARE_BIGGER", 10), "TRIGGER_ONLY_ON_RISING_EDGE")
  quiet.time_based_collection_scheme = nil
  app:put_campaign("b-quiet-" .. car.name, { cars = { car }, scheme = {
    decoder_manifest_sync_id = "m-1", expiry_time_ms_epoch = later(), signal_information = { { signal_id = 11 } },
    condition_based_collection_scheme = quiet.condition_based_collection_scheme,
  } })
  t:equal(await_json(app, topic).campaignName, "a-small-" .. car.name)
  await_documents(app, car, { "m-1", "a-small-" .. car.name, "b-quiet-" .. car.name })
  car:drive(30)
  t:equal(await_json(app, topic).campaignName, "a-small-" .. car.name)
  app:delete_campaign("a-small-" .. car.name)
  app:delete_campaign("b-quiet-" .. car.name)
end)

scenario("a car gets its state templates at its check-in, and loses them", function(t)
  local car, app = connected(t, "campaign_car_bus")
  local template = "locks-" .. car.name
  app:subscribe { cloud.topic(car, "last_known_states/data"),
    "$aws/commands/things/" .. car.name .. "/executions/+/response/protobuf" }

  teach(app)
  app:put_state_template(template, { cars = car, manifest = "m-1", signals = { 30 } })
  await_documents(app, car, { "m-1", template })
  local base = "$aws/commands/things/" .. car.name .. "/executions/on"
  app:publish(base .. "/request/protobuf", encode_fleetwise("CommandRequest", { command_id = "on",
    last_known_state_command = { state_template_information = {
      { state_template_sync_id = template, activate_operation = {} },
    } } }), { qos = 1 })
  local answer = decode_fleetwise("CommandResponse", app:wait_message(base .. "/response/protobuf").payload)
  t:equal(answer.status, "COMMAND_STATUS_SUCCEEDED")
  local data = receive(app, car, "last_known_states/data", "LastKnownStateData", 10)
  t:equal(data.captured_state_template_signals[1].captured_signals, { { signal_id = 30, string_value = "locked" } })
  app:delete_state_template(template)
  await_documents(app, car, { "m-1" })
  t:equal(car.state.fleetwise.states, "")
end)

scenario("a campaign that means nothing is rejected, and says why", function(t)
  local app = t:companion()
  local function why(campaign)
    local ok, raised = pcall(app.put_campaign, app, "odd", campaign)
    t:is_true(not ok, "it was taken")
    return tostring(raised)
  end

  t:match(why { scheme = { speed = 1 } }, "speed: no member of a CollectionScheme")
  t:match(why { scheme = {}, topic = "dt/+/x" }, "mqttTopic: a topic without wildcards")
  t:match(why { topic = "dt/x" }, "scheme: a CollectionScheme is missing")
  t:match(why { scheme = {}, cars = {} }, "for nobody")
  local ok = pcall(app.delete_campaign, app, "odd")
  t:is_true(not ok)
  for _, name in ipairs(app:campaigns()) do
    t:is_true(name ~= "odd")
  end
end)
