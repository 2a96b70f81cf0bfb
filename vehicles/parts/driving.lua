-- Driving: along a route with its limits, lights, hills and traffic, or along a straight line at a steady speed. What
-- that takes, the trip, the odometer, and how often all of it is worth a report.

local energy = require "parts.energy"
local physics = require "parts.physics"
local route = require "parts.route"

local speed, odometer, ignition = "driving.speed", "driving.odometer", "driving.ignition"
local latitude, longitude, heading = "position.latitude", "position.longitude", "position.heading"
local altitude = "position.altitude"
local metres_per_degree = 111320

-- Share of the limit, and m/s².
local styles = {
  calm = { pace = 0.93, acceleration = 1.2 },
  normal = { pace = 1, acceleration = 1.8 },
  sporty = { pace = 1.08, acceleration = 2.6 },
}

-- ---- what it shows --------------------------------------------------------------------------------

-- How often a driving car reports: not within `window` seconds of the last time, at the latest after `heartbeat`, and
-- in between if it has changed by as much as a map or a parent would want to know. Standing and going is told sooner.
local usual = { window = 10, heartbeat = 30, standing = 4, speed = 15, turn = 30, metres = 250 }

local function worth_showing(trip, kmh, degrees)
  local edge, seconds = trip.edge, trip.seconds - trip.shown_at
  if (kmh > 0) ~= (trip.shown_speed > 0) and seconds >= edge.standing or seconds >= edge.heartbeat then
    return true
  elseif seconds < edge.window then
    return false
  end
  return math.abs(kmh - trip.shown_speed) >= edge.speed or trip.metres - trip.shown_metres >= edge.metres
    or math.abs((degrees - trip.shown_heading + 180) % 360 - 180) >= edge.turn
end

local function show_place(car, trip)
  local north = trip.latitude + trip.north / metres_per_degree
  local east = trip.longitude + trip.east / trip.east_per_degree
  if math.abs(north) < 89 then
    physics.set_exact(car, latitude, 1e5, north)
  end
  physics.set_exact(car, longitude, 1e5, (east + 180) % 360 - 180)
  physics.set_exact(car, altitude, 1, trip.altitude + trip.climb)
end

local function show(car, trip, kmh, degrees)
  physics.set_exact(car, odometer, 1, physics.exact(car, odometer) + trip.metres - trip.shown_metres)
  show_place(car, trip)
  physics.show(car, heading, physics.round(degrees, 1))
  physics.show(car, speed, physics.round(kmh, 10))
  physics.show(car, "trip.distance", physics.round(trip.metres, 1))
  physics.show(car, "trip.duration", physics.round(trip.seconds, 1))
  physics.show(car, "trip.average_speed", physics.round(trip.metres / math.max(1, trip.seconds) * 3.6, 10))
  trip.shown_at, trip.shown_metres, trip.shown_speed, trip.shown_heading = trip.seconds, trip.metres, kmh, degrees
end

-- ---- how it moves ---------------------------------------------------------------------------------

-- Rolling, air, hill, and inertia.
local function exert(car, body, v, acceleration, slope, dt)
  local load = body.load
  local newtons = v > 0 and load.rolling + load.drag * v * v + load.kilograms * (9.81 * slope + acceleration) or 0
  energy.propel(car, newtons * v / 1000, dt, v * dt)
end

local function switch_off(car, body)
  local trip = body.trip
  trip.route, trip.line, trip.v = nil, nil, 0
  show(car, trip, 0, trip.heading)
  car:set(speed, 0)
  car:set(ignition, "off")
end

-- A new place to count from: where the car stands, whoever put it there.
local function set_out(car, body)
  local trip = body.trip
  physics.settle(car, 0)
  if car:get(ignition) == "off" then
    trip.metres, trip.seconds, trip.shown_metres, trip.shown_at = 0, 0, 0, 0
    car:set(ignition, "on")
  elseif trip.route or trip.line then
    show(car, trip, trip.v * 3.6, trip.heading)
  end
  trip.route, trip.line = nil, nil
  trip.latitude, trip.longitude = physics.exact(car, latitude), physics.exact(car, longitude)
  trip.altitude, trip.heading = physics.exact(car, altitude), car:get(heading)
  trip.east_per_degree = metres_per_degree * math.max(0.01, math.cos(math.rad(trip.latitude)))
  trip.north, trip.east, trip.climb, trip.shown_speed = 0, 0, 0, car:get(speed)
  trip.shown_heading = trip.heading
end

local function along_line(car, body, dt)
  local trip = body.trip
  local v = car:get(speed) / 3.6 -- whoever sets the signal drives
  local angle = math.rad(trip.heading)
  trip.v, trip.metres = v, trip.metres + v * dt
  trip.north, trip.east = trip.north + math.cos(angle) * v * dt, trip.east + math.sin(angle) * v * dt
  exert(car, body, v, 0, 0, dt)
end

-- Time may leap: a route is driven second by second all the same, but for those in which nothing changes.
local function along_route(car, body, dt)
  local trip = body.trip
  while dt > 0 and trip.route do
    local tick = math.min(dt, 1)
    if dt > 1 then
      local same = trip.standing > 0 and math.ceil(trip.standing) or route.seconds_steady(trip) // 1
      tick = math.min(dt // 1, math.max(1, same))
    end
    local before = trip.v
    local metres, slope = route.move(trip, car, tick)
    trip.metres = trip.metres + metres
    exert(car, body, metres / tick, (trip.v - before) / tick, slope, tick)
    dt = dt - tick
  end
end

-- Seconds in which nothing can become worth showing: it is too soon, the car stands, or it goes on as it does.
local function calm(trip)
  local edge, since = trip.edge, trip.seconds - trip.shown_at
  if trip.standing > 0 then
    return math.min(math.ceil(trip.standing), (trip.shown_speed > 0 and edge.standing or edge.heartbeat) - since)
  elseif trip.shown_speed == 0 then
    return edge.standing - since
  elseif since < edge.window then
    return math.min(route.seconds_on(trip), edge.window - since)
  end
  local metres = edge.metres - (trip.metres - trip.shown_metres)
  local change = edge.speed - math.abs(trip.v * 3.6 - trip.shown_speed)
  return math.min(route.seconds_on(trip), metres / math.max(1, trip.v), edge.heartbeat - since,
    route.seconds_to_change(trip, change / 3.6))
end

local function step(car, dt, body)
  local trip = body.trip
  trip.seconds = trip.seconds + dt
  if trip.route or trip.line and car:get(speed) > 0 then
    energy.draw(car, body.load.electronics, dt, "electronics")
  end
  if trip.route then
    local r = trip.route
    along_route(car, body, dt)
    trip.heading = r.heading[trip.last or 1]
    if worth_showing(trip, trip.v * 3.6, trip.heading) then
      show(car, trip, trip.v * 3.6, trip.heading)
    end
  elseif trip.line and car:get(speed) > 0 then
    along_line(car, body, dt)
    show(car, trip, trip.v * 3.6, trip.heading)
  else
    if trip.v > 0 or trip.metres > trip.shown_metres then
      trip.v = 0
      show(car, trip, 0, trip.heading)
    end
    return false
  end
  if energy.exhausted(car) then
    switch_off(car, body)
    return false
  end
  if not (trip.route or trip.line) then
    switch_off(car, body)
    return false
  end
  return trip.route and calm(trip) or nil
end

local doors = { "front_left", "front_right", "rear_left", "rear_right", "trunk", "hood" }

local function check(car)
  for _, door in ipairs(doors) do
    if car:has("doors." .. door) and car:get("doors." .. door) ~= "closed" then
      car:refuse("DOOR_OPEN", "the " .. door .. " door is " .. car:get("doors." .. door))
    end
  end
  if car:has("theft.immobilised") and car:get("theft.immobilised") then
    car:refuse("IMMOBILISED", "the car is immobilised")
  elseif car:has("charging.plugged") and car:get("charging.plugged") then
    car:refuse("PLUGGED_IN", "the charging cable is plugged in")
  elseif energy.exhausted(car) then
    car:refuse(car:has("fuel.litres") and "LOW_FUEL" or "LOW_BATTERY", "there is nothing left to drive with")
  end
end

-- Dense from 7 to 9 and from 16 to 18 o'clock.
local function traffic_now(car)
  local hour = physics.time_of_day(car) / 3600
  return (hour > 7 and hour < 9 or hour > 16 and hour < 18.5) and 0.45 or hour > 6 and hour < 21 and 0.2 or 0.05
end

-- Where the navigator leads; a destination is reached once.
local function planned(car, body, name)
  if name ~= "destination" then
    return nil
  end
  local navigator = body.navigator
  if not (navigator and navigator.way) then
    car:refuse("NO_PLACE", "the navigator has no destination")
  end
  local way = navigator.way
  navigator.way = nil
  return way
end

return part("driving", function(options)
  local actions = {}

  -- At kmh, towards `degrees` (0 is north, 90 east; as before if not given), until stop() or the
  -- battery is empty.
  function actions.drive(car, kmh, degrees)
    check(car)
    local body = physics.body(car)
    set_out(car, body)
    local trip = body.trip
    trip.line, trip.heading = true, (degrees or trip.heading) % 360
    car:set(heading, trip.heading)
    physics.show(car, speed, car:get(speed))
    physics.show(car, speed, kmh)
    if kmh > 0 then
      physics.start(car, "driving", step, "motion")
    end
  end

  -- Along a route, from where the car stands: the name of a file in vehicles/routes/; "destination", to where the
  -- navigator leads; or one made by parts/route.lua.
  -- how: back (the same way home), style ("calm", "normal", "sporty"), traffic (0 to 0.9; by the hour if not given).
  function actions.drive_route(car, name, how)
    how = how or {}
    local style = styles[how.style or options.style or "normal"]
    if not style then
      error("no driving style '" .. tostring(how.style) .. "': calm, normal, sporty", 2)
    end
    local body = physics.body(car)
    local way = type(name) == "table" and name or planned(car, body, name) or route.named(name, how.back)
    check(car)
    set_out(car, body)
    route.begin(body.trip, car, way, {
      pace = style.pace, acceleration = style.acceleration, traffic = how.traffic or traffic_now(car),
    })
    physics.start(car, "driving", step, "motion")
  end

  -- Stands still, and switches off.
  function actions.stop(car)
    physics.settle(car, 0)
    local body = physics.body(car)
    if not (body.trip.route or body.trip.line) then
      car:set(speed, 0)
      car:set(ignition, "off")
      return
    end
    switch_off(car, body)
  end

  local kilograms = options.kilograms or 1650
  local edge = physics.kind(usual)(options.report)
  for what in pairs(edge) do -- in any order
    if not usual[what] then
      error("driving: no option report." .. tostring(what) .. ": heartbeat, metres, speed, standing, turn, window", 3)
    end
  end

  local load = {
    kilograms = kilograms,
    rolling = kilograms * 9.81 * (options.rolling or 0.01), -- N
    drag = 0.6 * (options.drag_area or 0.65), -- N s²/m²: half the density of air, times m² (cw · A)
    electronics = options.electronics_kilowatts or 0.3,
  }
  local new_trip = physics.kind {
    metres = 0, seconds = 0, shown_at = 0, shown_metres = 0, shown_speed = 0, shown_heading = 0,
    edge = edge, watts_per_kilogram = 700 * (options.kilowatts or 100) / kilograms, -- some of it is for hills and wind
  }

  local function embody(car, body)
    body.load = load
    body.trip = new_trip { v = car:get(speed) / 3.6, heading = car:get(heading) }
  end

  return {
    signals = {
      { speed, type = "float", unit = "km/h", report_every = 2, min = 0, max = 250, vss = "Vehicle.Speed" },
      { ignition, type = "enum", values = { "off", "on" }, vss = "Vehicle.LowVoltageSystemState" },
      { odometer, type = "integer", unit = "m", report_every = 10, min = 0, initial = options.odometer or 12345000,
        vss = "Vehicle.TraveledDistance" },
      { latitude, type = "float", unit = "degrees", report_every = 5, min = -90, max = 90,
        initial = options.latitude or 0, vss = "Vehicle.CurrentLocation.Latitude" },
      { longitude, type = "float", unit = "degrees", report_every = 5, min = -180, max = 180,
        initial = options.longitude or 0, vss = "Vehicle.CurrentLocation.Longitude" },
      { heading, type = "float", unit = "degrees", report_every = 5, min = 0, max = 360, initial = options.heading or 0,
        vss = "Vehicle.CurrentLocation.Heading" },
      { altitude, type = "integer", unit = "m", report_every = 10, initial = options.altitude or 0,
        vss = "Vehicle.CurrentLocation.Altitude" },
      { "trip.distance", type = "integer", unit = "m", report_every = 30, min = 0, vss = "Vehicle.TripMeterReading" },
      { "trip.duration", type = "integer", unit = "s", report_every = 30, min = 0, vss = "Vehicle.TripDuration" },
      { "trip.average_speed", type = "float", unit = "km/h", report_every = 30, min = 0, vss = "Vehicle.AverageSpeed" },
    },
    actions = actions,
    refresh = physics.settle,
    embody = embody,
    -- Whoever looks sees the present.
    settle = function(car, _, body)
      local trip = body.trip
      if trip.route and trip.seconds > trip.shown_at then
        show(car, trip, trip.v * 3.6, trip.heading)
      end
    end,
    start = function(car)
      local body = physics.body(car)
      if car:get(speed) > 0 and not body.trip.route and not body.trip.line then
        set_out(car, body)
        body.trip.line = true
      end
      if body.trip.route or body.trip.line then
        physics.start(car, "driving", step, "motion")
      end
    end,
  }
end)
