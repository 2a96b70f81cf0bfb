-- Driving along a straight line at a steady speed: odometer, position, and what it takes of the battery.

local energy = require "parts.energy"
local physics = require "parts.physics"

local speed, odometer = "driving.speed", "driving.odometer"
local latitude, longitude, heading = "position.latitude", "position.longitude", "position.heading"
local metres_per_degree = 111320

local function park(car)
  car:set(speed, 0)
  car:set("driving.ignition", "off")
end

local function advance(car, metres)
  local degrees = metres / metres_per_degree
  local north = physics.exact(car, latitude, 1e5)
  local east = physics.exact(car, longitude, 1e5)
  local direction = math.rad(car:get(heading))
  east = east + math.sin(direction) * degrees / math.max(0.01, math.cos(math.rad(north)))
  north = north + math.cos(direction) * degrees
  if math.abs(north) < 89 then
    physics.set_exact(car, latitude, 1e5, north)
  end
  physics.set_exact(car, longitude, 1e5, (east + 180) % 360 - 180)
  physics.set_exact(car, odometer, 1, physics.exact(car, odometer, 1) + metres)
end

local function run(car)
  while car:get(speed) > 0 do
    wait(1)
    local metres = car:get(speed) / 3.6
    advance(car, metres)
    if car:has("battery.capacity") then
      energy.add(car, -metres * car:get("battery.capacity") / car:get("battery.full_range"))
    end
    if energy.percent(car) <= 0 then
      park(car)
    end
  end
end

local doors = { "front_left", "front_right", "rear_left", "rear_right", "trunk", "hood" }

local function check(car)
  for _, door in ipairs(doors) do
    if car:has("doors." .. door) and car:get("doors." .. door) == "open" then
      car:refuse("DOOR_OPEN", "the " .. door .. " door is open")
    end
  end
  if car:has("charging.plugged") and car:get("charging.plugged") then
    car:refuse("PLUGGED_IN", "the charging cable is plugged in")
  elseif energy.percent(car) <= 0 then
    car:refuse("LOW_BATTERY", "the battery is empty")
  end
end

return part("driving", function(options)
  local actions = {}

  -- At kmh, towards `degrees` (0 is north, 90 east; as before if not given), until stop() or the
  -- battery is empty.
  function actions.drive(car, kmh, degrees)
    check(car)
    car:set("driving.ignition", "on")
    car:set(heading, (degrees or car:get(heading)) % 360)
    car:set(speed, kmh)
    if kmh > 0 then
      physics.run(car, "driving", run)
    end
  end

  -- Stands still, and switches off.
  function actions.stop(car)
    park(car)
  end

  return {
    signals = {
      { speed, type = "float", unit = "km/h", min = 0, max = 250, vss = "Vehicle.Speed" },
      { "driving.ignition", type = "enum", values = { "off", "on" }, vss = "Vehicle.LowVoltageSystemState" },
      { odometer, type = "integer", unit = "m", min = 0, initial = options.odometer or 12345000,
        vss = "Vehicle.TraveledDistance" },
      { latitude, type = "float", unit = "degrees", min = -90, max = 90, initial = options.latitude or 0,
        vss = "Vehicle.CurrentLocation.Latitude" },
      { longitude, type = "float", unit = "degrees", min = -180, max = 180, initial = options.longitude or 0,
        vss = "Vehicle.CurrentLocation.Longitude" },
      { heading, type = "float", unit = "degrees", min = 0, max = 360, initial = options.heading or 0,
        vss = "Vehicle.CurrentLocation.Heading" },
    },
    actions = actions,
    start = function(car)
      if car:get(speed) > 0 then
        physics.run(car, "driving", run)
      end
    end,
  }
end)
