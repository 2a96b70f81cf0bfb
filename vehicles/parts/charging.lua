-- Charging at a plug: starts when plugged in, stops at the limit, can be stopped and started.

local energy = require "parts.energy"
local physics = require "parts.physics"

local plugged, active, limit = "charging.plugged", "charging.active", "charging.limit"

local function stop(car)
  car:set(active, false)
  car:set("charging.power", 0)
  car:set("charging.time_left", 0)
end

-- Time to go, to the minute: it need not be reported more often.
local function show_time_left(car, power)
  local kilowatt_hours = math.max(0, car:get(limit) - energy.percent(car)) / 100 * car:get("battery.capacity")
  car:set("charging.time_left", math.ceil(kilowatt_hours / power * 60) * 60)
end

-- Each step is as long as 0.1 % takes, and at least a second.
local function run(car)
  while car:get(active) do
    local power, capacity = car:get("charging.power"), car:get("battery.capacity")
    local missing = car:get(limit) - energy.percent(car)
    if missing <= 0 then
      stop(car)
      return
    end
    local kilowatt_hours = math.min(missing, 0.1) / 100 * capacity
    local seconds = math.max(1, kilowatt_hours / power * 3600)
    show_time_left(car, power)
    wait(seconds)
    if car:get(active) then
      energy.add(car, math.min(power * seconds / 3600, missing / 100 * capacity))
    end
  end
end

local function begin(car)
  local power = car:get("charging.station_power")
  car:set(active, true)
  car:set("charging.power", power)
  show_time_left(car, power)
  physics.run(car, "charging", run)
end

local function check(car, wanted_limit)
  if not car:get(plugged) then
    car:refuse("NOT_PLUGGED", "no charging cable is plugged in")
  elseif energy.percent(car) >= wanted_limit then
    car:refuse("LIMIT_REACHED", string.format("the battery is charged to %.1f %%, the limit is %d %%",
      energy.percent(car), wanted_limit))
  end
end

return part("charging", function(options)
  local contactor = options.contactor_seconds or 0.3

  local function desire(car, wishes)
    local wish = wishes[active]
    local wanted_limit = wishes[limit] or car:get(limit)
    local start = wish and not car:get(active)
    if start then
      check(car, wanted_limit)
    end
    car:set(limit, wanted_limit)
    if start then
      car:work(contactor)
      check(car, wanted_limit) -- somebody may have pulled the plug meanwhile
      begin(car)
    elseif wish == false and car:get(active) then
      car:work(contactor)
      stop(car)
    elseif car:get(active) and energy.percent(car) >= wanted_limit then
      stop(car)
    end
  end

  local actions = {}

  -- kilowatts: what the station gives.
  function actions.plug_in(car, kilowatts)
    if car:has("driving.speed") and car:get("driving.speed") > 0 then
      car:refuse("VEHICLE_MOVING", "the car is moving")
    end
    car:set("charging.station_power", kilowatts or 11)
    car:set(plugged, true)
    if energy.percent(car) < car:get(limit) then
      begin(car)
    end
  end

  function actions.unplug(car)
    stop(car)
    car:set(plugged, false)
  end

  return {
    signals = {
      { plugged, type = "boolean",
        vss = "Vehicle.Powertrain.TractionBattery.Charging.ChargingPort.AnyPosition.IsChargingCableConnected" },
      { active, type = "boolean", desired = true, vss = "Vehicle.Powertrain.TractionBattery.Charging.IsCharging" },
      { limit, type = "integer", unit = "percent", min = 50, max = 100, desired = true, initial = options.limit or 80,
        vss = "Vehicle.Powertrain.TractionBattery.Charging.ChargeLimit" },
      { "charging.power", type = "float", unit = "kW", min = 0,
        vss = "Vehicle.Powertrain.TractionBattery.Charging.AveragePower" },
      { "charging.time_left", type = "integer", unit = "s", min = 0,
        vss = "Vehicle.Powertrain.TractionBattery.Charging.TimeToComplete" },
      { "charging.station_power", type = "float", unit = "kW", min = 0, reported = false, initial = 11 },
    },
    desire = desire,
    actions = actions,
    start = function(car)
      if car:get(active) then
        begin(car)
      end
    end,
  }
end)
