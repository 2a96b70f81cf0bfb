-- Decoder manifests of AWS IoT FleetWise: what a car's signals are is said by rules for the frames on its CAN bus.

local cloud = require "campaign_cloud"

local topic, receive, connected = cloud.topic, cloud.receive, cloud.connected
local scheme, send, of_signal = cloud.scheme, cloud.send, cloud.of_signal

-- Rules as the car's bus has them (campaign_car_bus.lua), but for what is given.
local function rules(changes)
  local all = {
    { signal_id = 11, interface_id = "can0", message_id = 0x101, start_bit = 0, length = 16, factor = 0.01 },
    { signal_id = 12, interface_id = "can0", message_id = 0x101, start_bit = 16, length = 8, factor = 0.5,
      offset = -40 },
    { signal_id = 13, interface_id = "can0", message_id = 0x102, start_bit = 14, length = 10, factor = 0.1,
      is_big_endian = true },
    { signal_id = 14, interface_id = "can0", message_id = 0x102, start_bit = 63, length = 1, factor = 1,
      primitive_type = "BOOL" },
    { signal_id = 15, interface_id = "can0", message_id = 0x102, start_bit = 60, length = 2, factor = 1,
      primitive_type = "UINT8" },
  }
  for _, rule in ipairs(all) do
    for name, value in pairs(changes and changes[rule.signal_id] or {}) do
      rule[name] = value
    end
  end
  return all
end

local function teach(app, car, id, can_signals, more)
  local manifest = { sync_id = id, can_signals = can_signals }
  for name, value in pairs(more or {}) do
    manifest[name] = value
  end
  app:publish(topic(car, "decoder_manifests"), encode_fleetwise("DecoderManifest", manifest), { qos = 1 })
  -- What has come twice is passed over.
  local held
  repeat
    held = receive(app, car, "checkins", "Checkin", 5).document_sync_ids
  until held[1] == id
  return held
end

local function periodic(manifest)
  return scheme("by-time", {
    decoder_manifest_sync_id = manifest,
    time_based_collection_scheme = { time_based_collection_scheme_period_ms = 5000 },
    signal_information = { { signal_id = 11 }, { signal_id = 12 }, { signal_id = 13 }, { signal_id = 14 },
      { signal_id = 15 } },
  })
end

-- The last value of a signal that a campaign brings, once the car does what it is to.
local function last_value(app, car, id, accept)
  for _ = 1, 20 do
    local values = of_signal(receive(app, car, "signals", "VehicleData"), id)
    local value = values[#values]
    if value and (not accept or accept(value)) then
      return value
    end
  end
end

local function fast(value)
  return value > 10
end

scenario("signals are found on the bus by a manifest's rules, in both byte orders", function(t)
  local car, app = connected(t, "campaign_car_bus")

  t:equal(teach(app, car, "m-1", rules()), { "m-1" })
  t:equal(car.state.fleetwise.refused, "")
  send(app, car, { periodic("m-1") })
  local first = receive(app, car, "signals", "VehicleData")
  t:equal(first.decoder_sync_id, "m-1")
  t:equal(of_signal(first, 11)[1], 0)
  t:near(of_signal(first, 12)[1], car.state.climate.target, 0.25)
  t:near(of_signal(first, 13)[1], car.state.battery.state_of_charge, 0.5)
  t:equal(of_signal(first, 14)[1], 1)
  t:equal(of_signal(first, 15)[1], 2)
  car:drive(50)
  t:near(last_value(app, car, 11, function(value) return value > 49 end), 50, 1)
end)

scenario("a wrong manifest brings wrong values, and what its rules cannot find, none", function(t)
  local car, app = connected(t, "campaign_car_bus")

  -- Ten times too much; the byte order of another bus; beside the frame; in no frame at all.
  teach(app, car, "m-1", rules {
    [11] = { factor = 0.1 }, [13] = { is_big_endian = false }, [14] = { start_bit = 64 }, [15] = { message_id = 0x300 },
  }, { obd_pid_signals = { { signal_id = 20 } }, complex_signals = { { signal_id = 21 } } })
  local refused = car.state.fleetwise.refused
  for _, what in ipairs { "signal 14: 1 bits from bit 64", "signal 15: no frame 768 is on the car's bus can0",
    "signal 20: obd_pid_signals are not decoded", "signal 21: complex_signals are not decoded" } do
    t:is_true(refused:find(what, 1, true) ~= nil, what .. " in " .. refused)
  end
  send(app, car, { periodic("m-1") })
  local first = receive(app, car, "signals", "VehicleData")
  t:is_true(math.abs(of_signal(first, 13)[1] - car.state.battery.state_of_charge) > 1)
  t:equal(of_signal(first, 14), {})
  t:equal(of_signal(first, 15), {})
  car:drive(50)
  t:near(last_value(app, car, 11, function(value) return value > 490 end), 500, 10)
  -- The right one mends it; the schemes of the other end.
  teach(app, car, "m-2", rules())
  t:equal(car.state.fleetwise.refused, "")
  t:wait(12)
  local events = car.state.fleetwise.events
  t:wait(12)
  t:equal(car.state.fleetwise.events, events)
  send(app, car, { periodic("m-2") })
  t:near(last_value(app, car, 11, fast), 50, 1)
end)

scenario("raw frames come as they are on the bus, and only a manifest says what they mean", function(t)
  local car, app = connected(t, "campaign_car_bus")

  teach(app, car, "m-1", rules())
  send(app, car, { scheme("raw", {
    decoder_manifest_sync_id = "m-1", signal_information = {},
    time_based_collection_scheme = { time_based_collection_scheme_period_ms = 10000 },
    raw_can_frames_to_collect = {
      { can_interface_id = "can0", can_message_id = 0x101, sample_buffer_size = 3 },
      { can_interface_id = "can0", can_message_id = 0x300, sample_buffer_size = 3 },
    },
  }) })
  car:wait_until(function() return car.state.fleetwise.refused ~= "" end)
  t:match(car.state.fleetwise.refused, "^raw: raw_can_frames_to_collect: no frame 768 is on the car's bus can0$")
  local first = receive(app, car, "signals", "VehicleData").can_frames
  t:equal(#first, 1)
  t:equal(first[1].message_id, 0x101)
  t:equal(first[1].interface_id, "can0")
  local function speed(frame)
    local bytes = frame.byte_values:gsub("..", function(digits) return string.char(tonumber(digits, 16)) end)
    return decode_can(bytes, { start_bit = 0, length = 16, factor = 0.01 })
  end
  t:equal(speed(first[1]), 0)
  car:drive(60)
  local fastest = 0
  repeat
    local frames = receive(app, car, "signals", "VehicleData").can_frames
    t:is_true(#frames <= 3)
    for _, frame in ipairs(frames) do
      fastest = math.max(fastest, speed(frame))
    end
  until fastest > 58
  t:near(fastest, 60, 2)
end)

scenario("a manifest outlives a loss of power, and bytes that are none change nothing", function(t)
  local car, app = connected(t, "campaign_car_bus")

  teach(app, car, "m-1", rules())
  send(app, car, { periodic("m-1") })
  app:publish(topic(car, "decoder_manifests"), "no protobuf at all", { qos = 1 })
  receive(app, car, "signals", "VehicleData")
  car:power_off()
  car:power_on()
  car:wait_online()
  car:drive(30)
  t:near(last_value(app, car, 11, function(value) return value > 29 end), 30, 1)
end)

scenario("signals by name can be commanded, those of the bus cannot; states have the types of the manifest", function(t)
  local car, app = connected(t, "campaign_car_bus")
  local base = "$aws/commands/things/" .. car.name .. "/executions/"
  app:subscribe { base .. "+/response/protobuf", topic(car, "last_known_states/data") }
  local function command(id, request)
    request.command_id, request.issued_timestamp_ms, request.timeout_ms = id, os.time() * 1000, 10000
    app:publish(base .. id .. "/request/protobuf", encode_fleetwise("CommandRequest", request), { qos = 1 })
    return decode_fleetwise("CommandResponse", app:wait_message(base .. id .. "/response/protobuf").payload)
  end

  teach(app, car, "m-1", rules(), { custom_decoding_signals = {
    { signal_id = 30, interface_id = "named", custom_decoding_id = "locks.all", primitive_type = "STRING" },
    { signal_id = 31, interface_id = "named", custom_decoding_id = "locks.of_the_moon" },
  } })
  t:match(car.state.fleetwise.refused, "signal 31: custom_decoding_id: the car has no signal locks.of_the_moon")
  local by_bus = command("bus", { actuator_command = {
    signal_id = 15, decoder_manifest_sync_id = "m-1", uint8_value = 1,
  } })
  t:equal(by_bus.reason_code, 0x03)
  local by_name = command("name", { actuator_command = {
    signal_id = 30, decoder_manifest_sync_id = "m-1", string_value = "unlocked",
  } })
  t:equal(by_name.status, "COMMAND_STATUS_SUCCEEDED")

  app:publish(topic(car, "last_known_states/config"), encode_fleetwise("StateTemplates", {
    decoder_manifest_sync_id = "m-1", version = 1, state_templates_to_add = {
      { state_template_sync_id = "all", on_change_update_strategy = {}, signal_ids = { 11, 14, 15, 30 } },
    },
  }), { qos = 1 })
  receive(app, car, "checkins", "Checkin", 5)
  command("look", { last_known_state_command = { state_template_information = {
    { state_template_sync_id = "all", fetch_snapshot_operation = {} },
  } } })
  local data = receive(app, car, "last_known_states/data", "LastKnownStateData", 10)
  t:equal(data.captured_state_template_signals[1].captured_signals, {
    { signal_id = 11, double_value = 0 }, { signal_id = 14, boolean_value = true }, { signal_id = 15, uint8_value = 1 },
    { signal_id = 30, string_value = "unlocked" },
  })
end)
