-- The telematics unit's sleep: what wakes it, how long it takes, how long it stays, and what it draws meanwhile.
--
--     awake → standby (registered with the network: a text message wakes it)
--           → deep sleep (listens every `paging_seconds` only, and boots slowly)
--     and back by booting: for ignition, driver, charging, alarm, text message, or its own timer.
--
-- Only cars whose `tcu.sleeps` is true do so (t:vehicle { sleep = true }); others are awake until they are told to
-- sleep. While it is not awake the car has no connection, and sends nothing.

local physics = require "parts.physics"

local state, reason, sleeps = "tcu.state", "tcu.wake_reason", "tcu.sleeps"
local last_sms, taps = "tcu.last_sms_at", "tcu.taps"

-- What somebody does at the car, or what happens to it: the first that has changed says why it wakes.
local watched = {
  { "alarm", "alarm.state" },
  { "ignition", "driving.ignition" },
  { "charging", "charging.plugged" }, { "charging", "charging.state" },
  { "driver", "locks.all" }, { "driver", "doors.front_left" }, { "driver", "doors.front_right" },
  { "driver", "doors.rear_left" }, { "driver", "doors.rear_right" }, { "driver", "doors.trunk" },
  { "driver", "doors.hood" },
}

-- While one of these holds it does not go to sleep.
local keeping = {
  ["driving.ignition"] = "on", ["charging.active"] = true, ["climate.active"] = true, ["alarm.state"] = "triggered",
}
local kept_by = { "driving.ignition", "charging.active", "climate.active", "alarm.state" }

local function kept(car)
  for _, path in ipairs(kept_by) do
    if car:has(path) and car:get(path) == keeping[path] then
      return true
    end
  end
  return false
end

-- Those of them that the car has.
local function watched_of(car)
  local model = physics.model(car)
  if not model.watched then
    model.watched = {}
    for _, watch in ipairs(watched) do
      model.watched[#model.watched + 1] = car:has(watch[2]) and watch or nil
    end
  end
  return model.watched
end

local function look_at(car)
  local seen = {}
  for i, watch in ipairs(watched_of(car)) do
    seen[i] = car:get(watch[2])
  end
  return seen
end

-- Why it should be awake, if something has changed since it was last asked.
local function changed(car, unit)
  local cause
  for i, watch in ipairs(watched_of(car)) do
    local value = car:get(watch[2])
    if value ~= unit.seen[i] then
      unit.seen[i] = value
      if watch[1] ~= "alarm" or value == "triggered" then
        cause = cause or watch[1]
      end
    end
  end
  return cause
end

-- ---- falling asleep -----------------------------------------------------------------------------

local stay

local function deepen(car, body)
  local unit = body.telematics
  unit.level, body.consumption, unit.since = "deep_sleep", "deep_sleep", body.now
  car:set(state, "deep_sleep")
end

local function on_timer(car, body)
  if body.telematics.level then
    body.telematics.wake(car, body, "timer")
  end
end

-- The connection is gone: standby, or at once as deep as before its timer woke it.
local function fall_asleep(car, body, level)
  local unit = body.telematics
  unit.level, body.consumption, unit.since = level, level, body.now
  car:set(state, level)
  physics.alarm(car, "telematics", level == "standby" and unit.deep_sleep_after or nil, deepen)
  physics.alarm(car, "telematics timer", unit.timer > 0 and unit.timer or nil, on_timer)
end

-- Its last report says what it will be.
local function doze(car, body)
  local unit = body.telematics
  if kept(car) then
    stay(car, body, math.min(unit.awake_window, 30))
    return
  elseif not car:in_step() then -- a command is being obeyed, or a report is on its way
    stay(car, body, 1)
    return
  end
  unit.dozing = true
  local level = unit.back_to
  car:set(state, level)
  car:spawn(function()
    car:sleep()
    physics.settle(car, 0)
    unit.dozing = false
    if car.link ~= "asleep" then
      unit.awake(car, body, unit.awake_window)
      return
    end
    fall_asleep(car, body, level)
    if unit.tapped then
      unit.tapped = false
      unit.wake(car, body, "sms")
    end
  end)
end

-- Awake for so many seconds from now, which is not the time that is being caught up with; or as long as it is already.
function stay(car, body, seconds)
  local unit = body.telematics
  seconds = seconds + body.behind
  local at = body.now + seconds
  if not unit.awake_until or unit.awake_until < at or unit.awake_until <= body.now then
    unit.awake_until = at
    physics.alarm(car, "telematics", seconds, doze)
  end
end

-- ---- waking up ----------------------------------------------------------------------------------

local function awake(car, body, seconds)
  local unit = body.telematics
  unit.level, unit.booting, unit.paged, unit.dozing, body.consumption = nil, false, false, false, nil
  unit.awake_until = nil
  car:set(state, "awake")
  physics.alarm(car, "telematics timer", nil)
  physics.alarm(car, "paging", nil)
  stay(car, body, seconds)
end

local function booted(car, body)
  local unit = body.telematics
  if car.link == "off" or not unit.booting then
    return
  end
  local short = unit.booting == "sms" or unit.booting == "timer"
  awake(car, body, short and unit.awake_window or unit.standby_after)
  car:wake()
end

local function wake(car, body, cause)
  local unit = body.telematics
  if unit.booting then
    return
  end
  local seconds = unit.boot_seconds[unit.level]
  unit.back_to = cause == "timer" and unit.level or "standby"
  unit.booting, body.consumption = cause, "awake"
  car:set(state, "booting")
  car:set(reason, cause)
  car:begin_wake()
  physics.alarm(car, "telematics", seconds, booted)
end

-- Somebody else may have changed what it is: a script, or the loss of its power.
local function follow(car, body)
  local unit, link = body.telematics, car.link
  if link == "off" then
    unit.level, unit.booting, unit.dozing, body.consumption = nil, false, false, nil
    car:set(state, "off")
  elseif link == "asleep" and not (unit.level or unit.dozing) then
    unit.back_to = "standby"
    fall_asleep(car, body, "standby")
  elseif link ~= "asleep" and (unit.level or car:get(state) == "off") then
    unit.back_to = "standby"
    awake(car, body, unit.standby_after)
  end
end

local function look(car, body, commanded)
  local unit = body.telematics
  follow(car, body)
  local cause = changed(car, unit)
  if car.link == "off" then
    return
  elseif unit.level and cause then
    wake(car, body, cause)
  elseif not unit.level and (cause or commanded) then
    unit.back_to = "standby"
    stay(car, body, commanded and unit.awake_window or unit.standby_after)
  elseif not unit.level and not unit.awake_until then
    stay(car, body, unit.standby_after)
  end
end

-- ---- text messages ------------------------------------------------------------------------------

local function received(car)
  car:set(last_sms, os.date("!%Y-%m-%dT%H:%M:%SZ", os.time()))
end

local function on_page(car, body)
  local unit = body.telematics
  unit.paged = false
  if unit.level == "deep_sleep" and car.link == "asleep" then
    received(car)
    wake(car, body, "sms")
  end
end

-- In deep sleep all that comes before the next paging window is seen then, as one.
local function sms(car)
  if not car:get(sleeps) then
    car:wake()
    return
  end
  physics.settle(car, 0)
  local body = physics.body(car)
  local unit = body.telematics
  follow(car, body)
  car:set(taps, car:get(taps) + 1)
  if unit.level == "deep_sleep" and not unit.booting then
    if not unit.paged then
      unit.paged = true
      physics.alarm(car, "paging", unit.paging - (body.now - unit.since) % unit.paging, on_page)
    end
    return
  end
  received(car)
  if unit.level then
    wake(car, body, "sms")
  elseif unit.dozing then
    unit.tapped = true
  else
    stay(car, body, unit.awake_window)
    if car.link == "backing off" then
      car:wake()
    end
  end
end

return part("telematics", function(options)
  local boot = options.boot_seconds or {}
  local new_unit = physics.kind {
    awake_window = options.awake_window or 120, standby_after = options.standby_after or 300,
    deep_sleep_after = options.deep_sleep_after or 8 * 3600, timer = options.timer or 24 * 3600,
    paging = options.paging_seconds or 81.92,
    boot_seconds = { standby = boot.standby or 1, deep_sleep = boot.deep_sleep or 8 },
    back_to = "standby", wake = wake, awake = awake,
  }

  return {
    signals = {
      { state, type = "enum", values = { "awake", "standby", "deep_sleep", "off", "booting" },
        vss = "Vehicle.Connectivity.Tcu.State" },
      { reason, type = "enum", values = { "ignition", "sms", "timer", "charging", "driver", "alarm" },
        vss = "Vehicle.Connectivity.Tcu.WakeReason" },
      { last_sms, type = "string", initial = "", vss = "Vehicle.Connectivity.Tcu.LastSmsAt" },
      { taps, type = "integer", min = 0, reported = false },
      { sleeps, type = "boolean", reported = false, initial = options.sleeps or false },
    },
    embody = function(car, body)
      body.telematics = new_unit { seen = look_at(car) }
    end,
    settle = function(car, _, body)
      if car:get(sleeps) then
        look(car, body, false)
      end
    end,
    refresh = physics.settle,
    after_action = function(car, what)
      if car:get(sleeps) then
        physics.settle(car, 0)
        look(car, physics.body(car), what == "command")
      end
    end,
    sms = sms,
    start = function(car)
      if car:get(sleeps) then
        physics.settle(car, 0)
        local body = physics.body(car)
        body.telematics.back_to = "standby"
        awake(car, body, body.telematics.standby_after)
      end
    end,
  }
end)
