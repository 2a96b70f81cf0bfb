-- Charging at a plug, with alternating or direct current: now, in cheap hours, or so that the car is charged when it
-- departs. It stops at the limit, can be stopped and started, and holds the cable fast meanwhile.

local energy = require "parts.energy"
local physics = require "parts.physics"
local sky = require "parts.sky"

local plugged, active, limit = "charging.plugged", "charging.active", "charging.limit"
local schedule, departure, cheap_hours = "charging.schedule", "charging.departure", "charging.cheap_hours"
local locked, flap = "charging.cable_locked", "charging.flap"
local state, added = "charging.state", "charging.energy_added"

-- What a cold or hot pack takes of what the curve allows.
local by_temperature = { { -20, 0.08 }, { -10, 0.2 }, { 0, 0.45 }, { 10, 0.75 }, { 20, 1 }, { 45, 1 }, { 55, 0.3 } }

-- ---- power and time -----------------------------------------------------------------------------

-- kW that the cable can bring to the car's high-voltage side.
local function from_station(car, charger)
  local station = car:get("charging.station_power")
  if station > charger.most_ac then
    return math.min(station, charger.most_dc), 1
  end
  return math.min(station, charger.ac) * charger.efficiency, charger.efficiency
end

-- kW that the pack takes at this charge and temperature.
local function accepted(charger, percent, celsius)
  return physics.interpolate(charger.curve, percent) * physics.interpolate(by_temperature, celsius)
end

-- Seconds from here to the limit: the steps to come, done roughly.
local function time_left(car, body, wanted_limit)
  local pack, charger = body.pack, body.charger
  local outside = sky.outside(car)
  local supply = from_station(car, charger)
  local percent, celsius, seconds = energy.percent(car), pack.celsius, 0
  while percent < wanted_limit do
    local change = math.min(1, wanted_limit - percent)
    local kilowatts = math.min(supply, accepted(charger, percent + change / 2, celsius))
    local _, lost = pack.current(pack, -kilowatts, percent + change / 2, celsius)
    local took = change / 100 * pack.capacity / math.max(0.05, kilowatts - lost) * 3600
    celsius = physics.decay(celsius, outside, took, pack.seconds_to_cool)
    celsius = math.min(40, celsius + lost * 1000 * took / pack.joules_per_degree)
    percent, seconds = percent + change, seconds + took
  end
  return seconds
end

-- To the minute: it need not be reported more often.
local function show_time_left(car, body)
  body.charger.estimated = body.now
  local seconds = car:get(active) and time_left(car, body, car:get(limit)) or 0
  car:set("charging.time_left", math.ceil(seconds / 60) * 60)
end

-- ---- on and off ---------------------------------------------------------------------------------

local function show_state(car)
  local waiting = physics.body(car).charger.waiting
  local reached = energy.percent(car) >= car:get(limit) - 0.01
  car:set(state, car:get(active) and "charging" or not car:get(plugged) and "unplugged"
    or reached and "complete" or waiting and "waiting" or "stopped")
end

local function stop(car)
  local body = physics.body(car)
  body.charger.waiting = false
  physics.alarm(car, "charging", nil)
  car:set(active, false)
  car:set("charging.power", 0)
  show_time_left(car, body)
  show_state(car)
end

-- kW, and the seconds until the limit is reached; 0: with this step, which takes less power then, and meets it exactly.
local function charge(car, dt, body, supply, load)
  local pack, percent = body.pack, energy.percent(car)
  local missing = (car:get(limit) - percent) / 100 * pack.capacity
  local kilowatts = math.min(supply - load, accepted(body.charger, percent, pack.celsius))
  local _, lost = pack.current(pack, -kilowatts, percent, pack.celsius)
  local stored = (kilowatts - lost) * dt / 3600
  if stored < missing then
    return kilowatts, stored > 0 and (missing / stored - 1) * dt or physics.longest
  end
  return pack.to_store(pack, math.max(0, missing) * 3600 / dt, percent), 0
end

-- After all that draws, before the battery: the cable feeds the loads first, the pack with the rest.
local function step(car, dt, body)
  local pack, charger = body.pack, body.charger
  local charging = car:get(active)
  local load = pack.pending * 3600 / dt
  if not charging and (load <= 0 or not body.supply) then
    return false
  end
  local supply, efficiency = from_station(car, charger)
  local into_pack, left = math.min(0, supply - load), physics.longest
  if charging then
    into_pack, left = charge(car, dt, body, supply, load)
  end
  energy.feed(car, body, -into_pack * dt / 3600)
  local drawn = (into_pack + load) / efficiency
  physics.set_exact(car, added, 10, physics.exact(car, added) + drawn * dt / 3600)
  physics.set_exact(car, "charging.power", 10, charging and drawn or 0)
  if left == 0 then
    stop(car)
    car:set(state, "complete")
  elseif charging and body.now - charger.estimated >= 60 then
    show_time_left(car, body)
  end
  return left
end

local function begin(car)
  local body = physics.body(car)
  body.charger.waiting = false
  car:set(active, true)
  show_time_left(car, body)
  local supply, efficiency = from_station(car, body.charger)
  local kilowatts = math.min(supply, accepted(body.charger, energy.percent(car), body.pack.celsius))
  physics.set_exact(car, "charging.power", 10, kilowatts / efficiency)
  show_state(car)
  physics.start(car, "charging", step, "charger")
end

-- ---- when ---------------------------------------------------------------------------------------

-- "22:00-06:00, 13:00-15:00" as { {from, to}, … } in seconds of the day; nil if it is none.
local function parse_hours(text)
  local hours = {}
  for piece in text:gmatch("[^,]+") do
    local from, to = piece:match("^%s*(%d+:%d+)%s*%-%s*(%d+:%d+)%s*$")
    from, to = from and physics.parse_time(from), to and physics.parse_time(to)
    if not (from and to) then
      return nil
    end
    hours[#hours + 1] = { from, to }
  end
  return hours
end

-- Seconds until it is cheap, 0 if it is; and if it is, seconds until it no longer is.
local function until_cheap(car)
  local soonest = 86400
  for _, span in ipairs(parse_hours(car:get(cheap_hours))) do
    local from, to = physics.seconds_until(car, span[1]), physics.seconds_until(car, span[2])
    if to < from or from == 86400 then
      return 0, to
    end
    soonest = math.min(soonest, from)
  end
  return soonest
end

-- Departure leaves a tenth of the time in hand.
local function until_start(car, body)
  local mode = car:get(schedule)
  if mode == "cheap" then
    return until_cheap(car)
  elseif mode == "departure" then
    local left = physics.seconds_until(car, physics.parse_time(car:get(departure)))
    return math.max(0, left - 1.1 * time_left(car, body, car:get(limit)) - 300)
  end
  return 0
end

-- Starts, or says when: after plugging in, after a wish has changed, when an hour begins or ends.
local function plan(car)
  local body = physics.body(car)
  if not car:get(plugged) or energy.percent(car) >= car:get(limit) then
    stop(car)
    return
  end
  local seconds, cheap_for = until_start(car, body)
  if seconds > 0 then
    stop(car)
    body.charger.waiting = true
    physics.alarm(car, "charging", seconds, plan)
    show_state(car)
    return
  end
  begin(car)
  physics.alarm(car, "charging", cheap_for, plan)
end

-- ---- the part -----------------------------------------------------------------------------------

local function check_start(car, wanted_limit)
  if not car:get(plugged) then
    car:refuse("NOT_PLUGGED", "no charging cable is plugged in")
  elseif energy.percent(car) >= wanted_limit then
    car:refuse("LIMIT_REACHED", string.format("the battery is charged to %.1f %%, the limit is %d %%",
      energy.percent(car), wanted_limit))
  end
end

local function check_times(car, wishes)
  local time = wishes[departure] or car:get(departure)
  if wishes[departure] and not physics.parse_time(time) then
    car:refuse("INVALID_VALUE", "charging.departure is a time such as 07:30")
  elseif wishes[cheap_hours] and not parse_hours(wishes[cheap_hours]) then
    car:refuse("INVALID_VALUE", "charging.cheap_hours is a list such as 22:00-06:00, 13:00-15:00")
  end
end

return part("charging", function(options)
  local contactor = options.contactor_seconds or 0.3
  local motor = options.motor_seconds or 0.6
  local new_charger = physics.kind {
    ac = options.ac_kilowatts or 11, most_ac = 22, most_dc = options.dc_kilowatts or 100,
    efficiency = options.efficiency or 0.92,
    curve = options.curve or { { 0, 70 }, { 10, 100 }, { 30, 95 }, { 50, 75 }, { 70, 55 }, { 80, 40 }, { 90, 22 },
      { 95, 14 }, { 100, 4 } },
    estimated = 0,
  }

  local function unlock(car)
    if car:get("charging.cable_stuck") then
      car:refuse("CABLE_STUCK", "the cable's lock is jammed")
    end
    if car:get(active) then
      stop(car)
    end
    car:set(locked, false)
  end

  local function move_lock_and_flap(car, wishes)
    if wishes[locked] == true and not car:get(plugged) then
      car:refuse("NOT_PLUGGED", "no charging cable is plugged in")
    elseif wishes[flap] == "closed" and car:get(plugged) then
      car:refuse("PLUGGED_IN", "the charging cable is plugged in")
    end
    if wishes[locked] ~= nil and wishes[locked] ~= car:get(locked) then
      car:work(motor)
      if wishes[locked] then
        car:set(locked, true)
      else
        unlock(car)
      end
    end
    if wishes[flap] and wishes[flap] ~= car:get(flap) then
      car:work(motor)
      car:set(flap, wishes[flap])
    end
  end

  local function set_wishes(car, wishes)
    local replan = false
    for _, path in ipairs { limit, schedule, departure, cheap_hours } do
      if wishes[path] ~= nil and wishes[path] ~= car:get(path) then
        car:set(path, wishes[path])
        replan = true
      end
    end
    return replan
  end

  local function desire(car, wishes)
    local wish = wishes[active]
    local start = wish and not car:get(active)
    if start then
      check_start(car, wishes[limit] or car:get(limit))
    end
    check_times(car, wishes)
    move_lock_and_flap(car, wishes)
    local replan = set_wishes(car, wishes)
    if start then
      car:work(contactor)
      check_start(car, car:get(limit)) -- somebody may have pulled the plug meanwhile
      physics.alarm(car, "charging", nil)
      begin(car)
    elseif wish == false then
      if car:get(active) or physics.body(car).charger.waiting then
        car:work(contactor)
        stop(car)
      end
    elseif replan and car:get(state) ~= "stopped" and car:get(state) ~= "unplugged" then
      plan(car)
    end
  end

  local actions = {}

  -- kilowatts: what the station gives, 11 if not given; more than 22 are direct current.
  function actions.plug_in(car, kilowatts)
    if car:has("driving.speed") and car:get("driving.speed") > 0 then
      car:refuse("VEHICLE_MOVING", "the car is moving")
    end
    physics.settle(car, 0)
    car:set("charging.station_power", kilowatts or 11)
    car:set(flap, "open")
    car:set(plugged, true)
    car:set(locked, true)
    physics.set_exact(car, added, 10, 0)
    physics.body(car).supply = step
    plan(car)
  end

  function actions.unplug(car)
    physics.settle(car, 0)
    unlock(car)
    stop(car)
    car:set(plugged, false)
    car:set(flap, "closed")
    physics.body(car).supply = nil
    show_state(car)
  end

  -- The lock's motor fails; jam_cable(false) mends it.
  function actions.jam_cable(car, jammed)
    car:set("charging.cable_stuck", jammed ~= false)
  end

  local function embody(car, body)
    body.charger = new_charger()
    body.supply = car:get(plugged) and step or nil
  end

  return {
    signals = {
      { plugged, type = "boolean",
        vss = "Vehicle.Powertrain.TractionBattery.Charging.ChargingPort.AnyPosition.IsChargingCableConnected" },
      { active, type = "boolean", desired = true, vss = "Vehicle.Powertrain.TractionBattery.Charging.IsCharging" },
      { limit, type = "integer", unit = "percent", min = 50, max = 100, desired = true, initial = options.limit or 80,
        vss = "Vehicle.Powertrain.TractionBattery.Charging.ChargeLimit" },
      { "charging.power", type = "float", report_every = 60, unit = "kW", min = 0,
        vss = "Vehicle.Powertrain.TractionBattery.Charging.AveragePower" },
      { "charging.time_left", type = "integer", report_every = 60, unit = "s", min = 0,
        vss = "Vehicle.Powertrain.TractionBattery.Charging.TimeToComplete" },
      { state, type = "enum", values = { "unplugged", "stopped", "waiting", "charging", "complete" } },
      { added, type = "float", report_every = 60, unit = "kWh", min = 0 },
      { schedule, type = "enum", values = { "now", "cheap", "departure" }, desired = true,
        initial = options.schedule, vss = "Vehicle.Powertrain.TractionBattery.Charging.Timer.Mode" },
      { departure, type = "string", desired = true, initial = options.departure or "07:30",
        vss = "Vehicle.Powertrain.TractionBattery.Charging.Timer.Time" },
      { cheap_hours, type = "string", desired = true, initial = options.cheap_hours or "22:00-06:00" },
      { locked, type = "boolean", desired = true,
        vss = "Vehicle.Powertrain.TractionBattery.Charging.ChargingPort.AnyPosition.IsChargingCableLocked" },
      { flap, type = "enum", values = { "closed", "open" }, desired = true,
        vss = "Vehicle.Powertrain.TractionBattery.Charging.ChargingPort.AnyPosition.IsFlapOpen" },
      { "charging.station_power", type = "float", unit = "kW", min = 0, reported = false, initial = 11 },
      { "charging.cable_stuck", type = "boolean", reported = false },
    },
    desire = desire,
    actions = actions,
    embody = embody,
    refresh = physics.settle,
    start = function(car)
      if car:get(active) then
        begin(car)
      end
    end,
  }
end)
