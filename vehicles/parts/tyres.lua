-- Tyre pressures. They change only by a puncture and by the pump.

local physics = require "parts.physics"

local tyres = {
  { "front_left", "Vehicle.Chassis.Axle.Row1.Wheel.Left.Tire.Pressure" },
  { "front_right", "Vehicle.Chassis.Axle.Row1.Wheel.Right.Tire.Pressure" },
  { "rear_left", "Vehicle.Chassis.Axle.Row2.Wheel.Left.Tire.Pressure" },
  { "rear_right", "Vehicle.Chassis.Axle.Row2.Wheel.Right.Tire.Pressure" },
}

return part("tyres", function(options)
  local normal = options.kilopascals or 240
  local flat = 100
  local signals = {}
  for i, tyre in ipairs(tyres) do
    signals[i] = {
      "tyres." .. tyre[1], type = "integer", unit = "kPa", min = 0, max = 500, initial = normal, vss = tyre[2],
    }
  end

  local actions = {}

  -- Loses so many kPa a second until it is flat, or pumped up.
  function actions.puncture(car, tyre, kilopascals_per_second)
    local path = "tyres." .. tyre
    local rate = kilopascals_per_second or 5
    car:set(path, car:get(path) - rate)
    physics.run(car, path, function()
      while car:get(path) > flat and car:get(path) < normal do
        wait(1)
        if car:get(path) < normal then
          car:set(path, physics.towards(car:get(path), flat, rate))
        end
      end
    end)
  end

  function actions.pump_up(car, tyre)
    car:set("tyres." .. tyre, normal)
  end

  return { signals = signals, actions = actions }
end)
