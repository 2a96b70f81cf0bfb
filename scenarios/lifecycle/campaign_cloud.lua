-- No scenario, but the cloud that fleetwise.lua and its siblings play: an app that sends documents to a car with a
-- FleetWise agent, and reads what comes back.

local cloud = {}

function cloud.topic(car, rest)
  return "$aws/iotfleetwise/vehicles/" .. car.name .. "/" .. rest
end

function cloud.receive(app, car, kind, message, timeout)
  return assert(decode_fleetwise(message, app:wait_message(cloud.topic(car, kind), timeout or 130).payload))
end

-- The car, an app that plays the cloud, and the first check-in, with which the car listens.
function cloud.connected(t, model)
  t:needs_virtual_time()
  local car = t:vehicle { model = model or "campaign_car", power = "off" }
  local app = t:companion()
  app:subscribe(cloud.topic(car, "+"))
  car:power_on()
  return car, app, cloud.receive(app, car, "checkins", "Checkin")
end

function cloud.scheme(name, options)
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

function cloud.send(app, car, schemes)
  app:publish(cloud.topic(car, "collection_schemes"), encode_fleetwise("CollectionSchemes", {
    collection_schemes = schemes, timestamp_ms_epoch = os.time() * 1000,
  }), { qos = 1 })
end

-- signal `operator` number
function cloud.compare(signal, operator, number)
  return { node_operator = {
    left_child = { node_signal_id = signal }, right_child = { node_double_value = number }, operator = operator,
  } }
end

function cloud.condition(tree, mode, interval)
  return { condition_based_collection_scheme = {
    condition_tree = tree, condition_trigger_mode = mode or "TRIGGER_ALWAYS",
    condition_minimum_interval_ms = interval or 0,
  } }
end

function cloud.of_signal(data, id)
  local values = {}
  for _, captured in ipairs(data.captured_signals) do
    if captured.signal_id == id then
      values[#values + 1] = captured.string_value or captured.double_value
    end
  end
  return values
end

return cloud
