-- The tank of a combustion car or a hybrid.

local physics = require "parts.physics"

local litres, level = "fuel.litres", "fuel.level"
local kilowatt_hours_per_litre = 8.9

local function show(car, tank)
  local left = physics.exact(car, litres)
  physics.show(car, level, physics.round(left / tank.size * 100, 1))
  physics.show(car, "fuel.range", physics.round(left / tank.consumption * 1000, 0.001))
end

-- So many kWh of fuel; metres: how far that brought the car.
local function burn(car, kilowatt_hours, metres)
  local tank = physics.body(car).tank
  local burnt = math.min(kilowatt_hours / kilowatt_hours_per_litre, physics.exact(car, litres))
  tank.burnt, tank.metres = tank.burnt + (metres > 0 and burnt or 0), tank.metres + metres
  if tank.metres >= 1000 then
    local kilometres = tank.metres / 1000
    tank.consumption = physics.decay(tank.consumption, math.max(0.01, tank.burnt / kilometres), kilometres, 30)
    tank.burnt, tank.metres = 0, 0
  end
  if physics.set_exact(car, litres, 10, physics.exact(car, litres) - burnt) then
    show(car, tank)
  end
end

return part("fuel", function(options)
  local size = options.litres or 60
  local initial = options.filled or 0.7 * size
  local consumption = (options.litres_per_100_km or 7) / 100
  local new_tank = physics.kind {
    size = size, consumption = consumption, burnt = 0, metres = 0, burn = burn,
    engine_efficiency = options.engine_efficiency or 0.28, idle_kilowatts = options.idle_kilowatts or 2,
  }
  local actions = {}

  -- Fills the tank, or so many litres into it.
  function actions.refuel(car, amount)
    if car:has("driving.speed") and car:get("driving.speed") > 0 then
      car:refuse("VEHICLE_MOVING", "the car is moving")
    end
    physics.set_exact(car, litres, 10, math.min(size, physics.exact(car, litres) + (amount or size)))
    show(car, physics.body(car).tank)
  end

  return {
    signals = {
      { level, type = "integer", report_every = 60,
        unit = "percent", min = 0, max = 100, initial = physics.round(100 * initial / size, 1),
        vss = "Vehicle.Powertrain.FuelSystem.RelativeLevel" },
      { "fuel.range", type = "integer", report_every = 60, unit = "m", min = 0,
        initial = physics.round(initial / consumption * 1000, 0.001), vss = "Vehicle.Powertrain.FuelSystem.Range" },
      { litres, type = "float", unit = "l", min = 0, max = size, reported = false, initial = initial,
        vss = "Vehicle.Powertrain.FuelSystem.AbsoluteLevel" },
    },
    actions = actions,
    refresh = physics.settle,
    embody = function(car, body)
      body.tank = new_tank()
      show(car, body.tank)
    end,
  }
end)
