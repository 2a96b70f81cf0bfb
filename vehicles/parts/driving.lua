-- Driving along a straight line at a steady speed: odometer, position, and what that takes.

local energy = require "parts.energy"
local physics = require "parts.physics"

local speed, odometer = "driving.speed", "driving.odometer"
local latitude, longitude, heading = "position.latitude", "position.longitude", "position.heading"
local metres_per_degree = 111320

local function park(car)
  physics.settle(car, 0)
  car:set(speed, 0)
  car:set("driving.ignition", "off")
end

local function advance(car, metres)
  local degrees = metres / metres_per_degree
  local north = physics.exact(car, latitude)
  local east = physics.exact(car, longitude)
  local direction = math.rad(car:get(heading))
  east = east + math.sin(direction) * degrees / math.max(0.01, math.cos(math.rad(north)))
  north = north + math.cos(direction) * degrees
  if math.abs(north) < 89 then
    physics.set_exact(car, latitude, 1e5, north)
  end
  physics.set_exact(car, longitude, 1e5, (east + 180) % 360 - 180)
  physics.set_exact(car, odometer, 1, physics.exact(car, odometer) + metres)
end

-- Rolling, air, and what the electronics take.
local function step(car, dt, body)
  local kmh = car:get(speed)
  if kmh <= 0 then
    return false
  end
  local v, load = kmh / 3.6, body.load
  advance(car, v * dt)
  energy.propel(car, (load.rolling + load.drag * v * v) * v / 1000, dt, v * dt)
  energy.draw(car, load.electronics, dt, "electronics")
  if energy.exhausted(car) then
    park(car)
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
  elseif energy.exhausted(car) then
    car:refuse(car:has("fuel.litres") and "LOW_FUEL" or "LOW_BATTERY", "there is nothing left to drive with")
  end
end

return part("driving", function(options)
  local actions = {}

  -- At kmh, towards `degrees` (0 is north, 90 east; as before if not given), until stop() or the
  -- battery is empty.
  function actions.drive(car, kmh, degrees)
    check(car)
    physics.settle(car, 0)
    car:set("driving.ignition", "on")
    car:set(heading, (degrees or car:get(heading)) % 360)
    car:set(speed, kmh)
    if kmh > 0 then
      physics.start(car, "driving", step, "motion")
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
    refresh = physics.settle,
    embody = function(_, body)
      body.load = {
        rolling = (options.kilograms or 1650) * 9.81 * (options.rolling or 0.01), -- N
        drag = 0.6 * (options.drag_area or 0.65), -- N s²/m²: half the density of air, times m² (cw · A)
        electronics = options.electronics_kilowatts or 0.3,
      }
    end,
    start = function(car)
      if car:get(speed) > 0 then
        physics.start(car, "driving", step, "motion")
      end
    end,
  }
end)
