-- What FleetWise's campaigns keep while a car has no connection, or its condition to upload does not hold.

local cloud = require "campaign_cloud"

local receive, connected, scheme = cloud.receive, cloud.connected, cloud.scheme
local send, compare, of_signal = cloud.send, cloud.compare, cloud.of_signal

-- With a window a signal is sampled ten times in it, whether it changes or not.
local window_ms = 10000

scenario("what a car has been sent outlives a loss of power, and what it collects a tunnel", function(t)
  local car, app = connected(t)

  send(app, car, { scheme("for-good", {
    time_based_collection_scheme = { time_based_collection_scheme_period_ms = 10000 },
    signal_information = { { signal_id = 1, fixed_window_period_ms = window_ms } },
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

scenario("of what a car collects without a connection it keeps the latest hundred", function(t)
  local car, app = connected(t)

  send(app, car, { scheme("for-good", {
    time_based_collection_scheme = { time_based_collection_scheme_period_ms = 10000 },
    signal_information = { { signal_id = 1, fixed_window_period_ms = window_ms } },
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

-- A scheme by time whose charge is stored in partition 1 until the car stands; its speed goes at once.
local function stored(storage_options, more)
  local options = {
    time_based_collection_scheme = { time_based_collection_scheme_period_ms = 10000 },
    signal_information = {
      { signal_id = 1, fixed_window_period_ms = window_ms },
      { signal_id = 2, fixed_window_period_ms = window_ms, data_partition_id = 1 },
    },
    store_and_forward_configuration = { partition_configuration = {
      {},
      {
        storage_options = storage_options or { maximum_size_in_bytes = 1000000 },
        upload_options = { condition_tree = compare(1, "COMPARE_SMALLER", 1) },
      },
    } },
  }
  for name, value in pairs(more or {}) do
    options[name] = value
  end
  return scheme("stored", options)
end

-- The ids of the events that bring the charge, in their order, until none has come for a while.
local function stored_events(app, car, timeout)
  local list = {}
  while true do
    local came, data = pcall(receive, app, car, "signals", "VehicleData", timeout or 2)
    if not came then
      return list
    elseif of_signal(data, 2)[1] then
      list[#list + 1] = data.collection_event_id
    end
  end
end

scenario("store and forward: a partition waits for its condition, another does not", function(t)
  local car, app = connected(t)

  send(app, car, { stored(nil, { compress_collected_data = false }) })
  t:wait(1)
  car:drive(50)
  t:wait(35)
  for _ = 1, 3 do
    local data = receive(app, car, "signals", "VehicleData")
    t:is_true(#of_signal(data, 1) > 0)
    t:equal(of_signal(data, 2), {})
  end
  car:drive(0)
  car:wait_until(function() return car.state.driving.speed == 0 end, 30)
  local ids = stored_events(app, car)
  t:is_true(#ids >= 3, #ids .. " stored events")
  for i = 2, #ids do
    t:is_true(ids[i] >= ids[i - 1], "the oldest goes first")
  end
end)

scenario("store and forward: it outlives a tunnel and a loss of power, and ends with its campaign", function(t)
  local car, app = connected(t)

  send(app, car, { stored() })
  receive(app, car, "checkins", "Checkin", 5)
  t:wait(1)
  car:sleep()
  t:wait(35)
  car:power_off()
  car:power_on()
  car:wait_online()
  t:is_true(#stored_events(app, car) >= 3)
  car:drive(50)
  t:wait(25)
  send(app, car, {})
  t:wait(1)
  send(app, car, { stored() })
  car:drive(0)
  car:wait_until(function() return car.state.driving.speed == 0 end, 30)
  local before = car.state.fleetwise.events
  for _, id in ipairs(stored_events(app, car, 12)) do
    t:is_true(id > before - 2, "event " .. id .. " was stored by a campaign that is no more")
  end
end)

scenario("store and forward: a partition that is full, or whose time to live is over, loses the oldest", function(t)
  local car, app = connected(t)

  for _, case in ipairs { { maximum_size_in_bytes = 500 }, { minimum_time_to_live_in_seconds = 25 } } do
    send(app, car, { stored(case) })
    t:wait(1)
    car:drive(50)
    t:wait(95)
    car:drive(0)
    car:wait_until(function() return car.state.driving.speed == 0 end, 30)
    t:wait(1)
    local last = car.state.fleetwise.events
    local ids = stored_events(app, car)
    t:is_true(#ids >= 1 and #ids <= 4, #ids .. " stored events")
    t:is_true(ids[1] >= last - 4)
  end
end)
