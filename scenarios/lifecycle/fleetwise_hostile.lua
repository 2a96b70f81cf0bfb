-- Documents of FleetWise that nobody should send a car: it passes over what it cannot do, and goes on.

local cloud = require "campaign_cloud"

local topic, receive, connected, scheme = cloud.topic, cloud.receive, cloud.connected, cloud.scheme

local function publish(app, car, kind, message, value)
  app:publish(topic(car, kind), type(value) == "string" and value or encode_fleetwise(message, value), { qos = 1 })
end

-- A good scheme, and its data.
local function assert_alive(t, app, car, manifest, signal)
  local by_time = scheme("good", {
    time_based_collection_scheme = { time_based_collection_scheme_period_ms = 5000 },
    signal_information = { { signal_id = signal or 1, fixed_window_period_ms = 1000 } },
  })
  by_time.decoder_manifest_sync_id = manifest or by_time.decoder_manifest_sync_id
  cloud.send(app, car, { by_time })
  local data
  repeat
    data = receive(app, car, "signals", "VehicleData", 30)
  until data.campaign_sync_id == "good"
  t:is_true(#cloud.of_signal(data, signal or 1) > 0)
end

local function command(app, car, id, request)
  local base = "$aws/commands/things/" .. car.name .. "/executions/" .. id
  app:subscribe(base .. "/response/protobuf")
  request.command_id, request.issued_timestamp_ms = id, os.time() * 1000
  app:publish(base .. "/request/protobuf", encode_fleetwise("CommandRequest", request), { qos = 1 })
  return assert(decode_fleetwise("CommandResponse", app:wait_message(base .. "/response/protobuf", 10).payload))
end

local function teach(app, car, rule)
  rule.interface_id, rule.message_id = "can0", 0x101
  publish(app, car, "decoder_manifests", "DecoderManifest", { sync_id = "m-1", can_signals = {
    { signal_id = 11, interface_id = "can0", message_id = 0x101, start_bit = 0, length = 16, factor = 0.01 }, rule,
  } })
end

scenario("a document with an id that is no text is none, of each kind", function(t)
  local car, app = connected(t)

  publish(app, car, "collection_schemes", nil, "\x0a\x06\x0a\x01\xff\x82\x01\x00")
  publish(app, car, "decoder_manifests", nil, "\x0a\x01\xff")
  publish(app, car, "last_known_states/config", nil, "\x2a\x03\x0a\x01\xff")
  local base = "$aws/commands/things/" .. car.name .. "/executions/x"
  app:subscribe(base .. "/response/protobuf")
  app:publish(base .. "/request/protobuf", "\x9a\x01\x07\x0a\x05\x0a\x01\xff\x12\x00", { qos = 1 })
  local response = assert(decode_fleetwise("CommandResponse", app:wait_message(base .. "/response/protobuf").payload))
  t:equal(response.reason_code, 0x04)
  t:wait(2)
  t:equal(car.state.fleetwise.campaigns, "")
  assert_alive(t, app, car)
end)

scenario("times that are further than anybody waits harm nothing, before and after a loss of power", function(t)
  local car, app = connected(t)
  local far = 999999999999999
  local fetched = { { signal_id = 1, time_based = { execution_frequency_ms = far },
    actions = { { node_function = { custom_function = { function_name = "read" } } } } } }
  local far_off = scheme("far", cloud.condition(cloud.compare(1, "COMPARE_SMALLER", 10)))
  far_off.start_time_ms_epoch, far_off.expiry_time_ms_epoch = 0, far
  far_off.after_duration_ms, far_off.signal_fetch_information = 0xffffffff, fetched
  far_off.signal_information = { { signal_id = 1, fixed_window_period_ms = 0xffffffff,
    minimum_sample_period_ms = 0xffffffff } }
  local later = scheme("later", { time_based_collection_scheme = { time_based_collection_scheme_period_ms = 1 } })
  later.start_time_ms_epoch, later.expiry_time_ms_epoch = far, far

  cloud.send(app, car, { far_off, later })
  publish(app, car, "last_known_states/config", "StateTemplates", { decoder_manifest_sync_id = "manifest-1",
    version = far, state_templates_to_add = { { state_template_sync_id = "all", signal_ids = { 1 },
      periodic_update_strategy = { period_ms = far } } } })
  car:wait_until(function() return car.state.fleetwise.campaigns == "far later" end)
  t:equal(command(app, car, "a", { timeout_ms = far, last_known_state_command = { state_template_information = {
    { state_template_sync_id = "all", activate_operation = { deactivate_after_seconds = 0xffffffff } },
  } } }).status, "COMMAND_STATUS_SUCCEEDED")
  t:equal(command(app, car, "b", { timeout_ms = far, actuator_command = { signal_id = 3,
    decoder_manifest_sync_id = "manifest-1", string_value = "unlocked" } }).status, "COMMAND_STATUS_SUCCEEDED")
  car:power_off()
  car:power_on()
  receive(app, car, "checkins", "Checkin")
  t:equal(car.state.fleetwise.campaigns, "far later")
  t:equal(car.state.fleetwise.states, "all")
  assert_alive(t, app, car)
end)

scenario("a rule whose values are beyond a double is refused, and the others hold", function(t)
  local car, app = connected(t, "campaign_car_bus")

  teach(app, car, { signal_id = 12, start_bit = 16, length = 8, factor = 1e308, offset = 1e308 })
  car:wait_until(function() return car.state.fleetwise.refused:find("signal 12: factor 1e+308", 1, true) end)
  assert_alive(t, app, car, "m-1", 11)
end)

scenario("a value beyond a float is a state all the same", function(t)
  local car, app = connected(t, "campaign_car_bus")

  teach(app, car, { signal_id = 12, start_bit = 16, length = 8, factor = 1e38, primitive_type = "FLOAT32" })
  publish(app, car, "last_known_states/config", "StateTemplates", { decoder_manifest_sync_id = "m-1", version = 1,
    state_templates_to_add = { { state_template_sync_id = "all", on_change_update_strategy = {},
      signal_ids = { 12 } } } })
  app:subscribe(topic(car, "last_known_states/data"))
  t:wait(2)
  t:equal(command(app, car, "a", { timeout_ms = 10000, last_known_state_command = { state_template_information = {
    { state_template_sync_id = "all", activate_operation = {} },
  } } }).status, "COMMAND_STATUS_SUCCEEDED")
  local data = receive(app, car, "last_known_states/data", "LastKnownStateData")
  t:is_true(data.captured_state_template_signals[1].captured_signals[1].double_value > 3.5e38)
end)

scenario("of very many refusals the car says the first hundred", function(t)
  local car, app = connected(t)

  publish(app, car, "collection_schemes", nil, ("\x0a\x00"):rep(60000))
  publish(app, car, "collection_schemes", nil, ("\x0a\x00"):rep(2000))
  car:wait_until(function() return car.state.fleetwise.refused ~= "" end, 30)
  local _, lines = car.state.fleetwise.refused:gsub("[^\n]+", "")
  t:equal(lines, 101)
  assert_alive(t, app, car)
  car:wait_until(function() return car.state.fleetwise.refused == "" end)
end)
