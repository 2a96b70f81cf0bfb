-- Heating and cooling of the cabin; drains the traction battery while it is on.

local energy = require "parts.energy"
local physics = require "parts.physics"

local active, target, cabin = "climate.active", "climate.target", "climate.cabin_temperature"

return part("climate", function(options)
  local rate = options.degrees_per_second or 0.1
  local kilowatts = options.kilowatts or 2
  local needs_percent = options.needs_percent or 10
  local outside = options.outside or 12
  local step = math.max(1, 0.1 / rate) -- so that each shows a change of 0.1 degrees
  local rest = options.rest_seconds or 5

  local function too_low(car, percent)
    local charging = car:has("charging.active") and car:get("charging.active")
    return not charging and energy.percent(car) < percent
  end

  local function run(car)
    while car:get(active) do
      local seconds = car:get(cabin) == car:get(target) and rest or step
      wait(seconds)
      if not car:get(active) then
        return
      end
      car:set(cabin, physics.round(physics.towards(car:get(cabin), car:get(target), rate * seconds), 10))
      energy.add(car, -kilowatts * seconds / 3600)
      if too_low(car, needs_percent / 2) then
        car:set(active, false)
      end
    end
  end

  local function desire(car, wishes)
    local wish = wishes[active]
    local start = wish and not car:get(active)
    if start and too_low(car, needs_percent) then
      car:refuse("LOW_BATTERY", string.format("the battery is at %.1f %%, %d %% are needed",
        energy.percent(car), needs_percent))
    end
    for _, path in ipairs { target, "climate.defrost" } do
      if wishes[path] ~= nil then
        car:set(path, wishes[path])
      end
    end
    if wish == nil or wish == car:get(active) then
      return
    end
    car:work(options.start_seconds or 0.5)
    car:set(active, wish)
    physics.run(car, "climate", run)
  end

  return {
    signals = {
      { active, type = "boolean", desired = true, vss = "Vehicle.Cabin.HVAC.IsAirConditioningActive" },
      { target, type = "float", unit = "celsius", min = 16, max = 30, desired = true, initial = 21,
        vss = "Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature" },
      { "climate.defrost", type = "boolean", desired = true, vss = "Vehicle.Cabin.HVAC.IsFrontDefrosterActive" },
      { cabin, type = "float", unit = "celsius", initial = options.cabin or outside,
        vss = "Vehicle.Cabin.HVAC.AmbientAirTemperature" },
      { "climate.outside_temperature", type = "float", unit = "celsius", initial = outside,
        vss = "Vehicle.Exterior.AirTemperature" },
    },
    desire = desire,
    start = function(car)
      if car:get(active) then
        physics.run(car, "climate", run)
      end
    end,
  }
end)
