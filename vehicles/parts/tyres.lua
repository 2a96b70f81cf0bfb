-- Tyres: the air in them is warmed by the road and by driving, and its pressure with it. They lose air slowly, or fast
-- through a nail.

local physics = require "parts.physics"
local sky = require "parts.sky"

local wheels = {
  { "front_left", "Row1.Wheel.Left" },
  { "front_right", "Row1.Wheel.Right" },
  { "rear_left", "Row2.Wheel.Left" },
  { "rear_right", "Row2.Wheel.Right" },
}
local flat, air_pressure, zero = 100, 101.3, -273.15 -- kPa, kPa, celsius

-- What the gauge would show at another temperature.
local function at(pressure, from, to)
  return (pressure + air_pressure) * (to - zero) / (from - zero) - air_pressure
end

return part("tyres", function(options)
  local normal = options.kilopascals or 240
  local warning = options.warning_kilopascals or 0.8 * normal
  local leak = options.leak_per_day or 0.1 -- kPa
  local paths, low, signals = {}, {}, {}
  for i, wheel in ipairs(wheels) do
    local vss = "Vehicle.Chassis.Axle." .. wheel[2] .. ".Tire."
    paths[i] = "tyres." .. wheel[1]
    low[i] = paths[i] .. "_low"
    signals[#signals + 1] = { paths[i], type = "integer", report_every = 60,
      unit = "kPa", min = 0, max = 500, initial = normal,
      vss = vss .. "Pressure" }
    signals[#signals + 1] = { low[i], type = "boolean", reported = false, vss = vss .. "IsPressureLow" }
  end
  signals[#signals + 1] = { "tyres.warning", type = "boolean" }
  signals[#signals + 1] = { "tyres.temperature", type = "integer", unit = "celsius", reported = false, initial = 12,
    vss = "Vehicle.Chassis.Axle.Row1.Wheel.Left.Tire.Temperature" }

  local function show(car, body)
    local warn = false
    for i, path in ipairs(paths) do
      local is_low = car:get(path) < warning
      physics.show(car, low[i], is_low)
      warn = warn or is_low
    end
    physics.show(car, "tyres.warning", warn)
    physics.show(car, "tyres.temperature", physics.round(body.tyres.celsius, 1))
  end

  -- Driving warms them by a quarter of a degree for each km/h, within some ten minutes.
  local function settle(car, seconds, body)
    local tyres = body.tyres
    local kmh = car:has("driving.speed") and car:get("driving.speed") or 0
    local before = tyres.celsius
    tyres.celsius = physics.decay(before, sky.outside(car) + kmh / 4, seconds, 700)
    for _, path in ipairs(paths) do
      local pressure = at(physics.exact(car, path), before, tyres.celsius) - leak * seconds / 86400
      physics.set_exact(car, path, 1, math.max(0, pressure))
    end
    show(car, body)
  end

  local function lose(car, dt, body)
    local losing = false
    for i, path in ipairs(paths) do
      local rate, pressure = body.tyres.rates[i], physics.exact(car, path)
      if rate > 0 and pressure > flat then
        physics.set_exact(car, path, 1, math.max(flat, pressure - rate * dt))
        losing = true
      end
    end
    show(car, body)
    return losing
  end

  local function set_rate(body, wheel, rate)
    body.tyres.rates = body.tyres.rates or { 0, 0, 0, 0 }
    body.tyres.rates[wheel] = rate
  end

  local function wheel_of(tyre)
    for i, wheel in ipairs(wheels) do
      if wheel[1] == tyre then
        return i
      end
    end
    error("no tyre '" .. tostring(tyre) .. "': front_left, front_right, rear_left, rear_right", 3)
  end

  local actions = {}

  -- Loses so many kPa a second until it is flat, or pumped up: 5 if not given, 0.002 is a nail that stays in.
  function actions.puncture(car, tyre, kilopascals_per_second)
    set_rate(physics.body(car), wheel_of(tyre), kilopascals_per_second or 5)
    physics.start(car, "tyres", lose)
  end

  function actions.pump_up(car, tyre)
    local i = wheel_of(tyre)
    local body = physics.body(car)
    set_rate(body, i, 0)
    physics.set_exact(car, paths[i], 1, normal)
    show(car, body)
  end

  return {
    signals = signals,
    actions = actions,
    refresh = physics.settle,
    settle = settle,
    embody = function(car, body, before)
      body.tyres = { celsius = before.tyres and before.tyres.celsius or sky.outside(car) }
      show(car, body)
    end,
  }
end)
