-- The burglar alarm. It arms itself a while after all is locked, and is disarmed by unlocking.
--
--   disarmed → armed → triggered → armed …; triggered → muted (silent) → armed; any → disarmed
--
-- Triggered, it sounds horn and hazard lights for half a minute. Panic does the same on command.

local openings = require "parts.openings"
local physics = require "parts.physics"

local armed, state, reason = "alarm.armed", "alarm.state", "alarm.reason"
local muted, panic = "alarm.muted", "alarm.panic"

local siren_amperes = 8

-- Horn and hazard lights, if the car has them, and what they take. Afterwards the lights are as they were.
local function sound(car, on)
  local body = physics.body(car)
  if on == (body.siren ~= nil) then
    return
  end
  local lights = car:has("lights.hazard")
  local before = body.siren and body.siren.hazard or false
  body.siren = on and { hazard = lights and car:get("lights.hazard") } or nil
  if car:has("horn.active") then
    car:set("horn.active", on)
  end
  if lights then
    car:switch_light("hazard", on or before)
  end
  if body.low_voltage then
    car:load_low_voltage("siren", on and siren_amperes or 0)
  end
end

local function locked(car)
  return not car:has("locks.all") or car:get("locks.all") == "locked"
end

return part("alarm", function(options)
  local arm_seconds = options.arm_seconds or 10
  local sound_seconds = options.sound_seconds or 30

  local function become(car, to, why)
    car:set(state, to)
    car:set(armed, to ~= "disarmed")
    car:set(muted, to == "muted")
    if why then
      car:set(reason, why)
    end
  end

  local function silence(car)
    sound(car, false)
    car:set(panic, false)
    physics.alarm(car, "siren", nil)
  end

  -- It has sounded long enough: armed as before, and the reason stays to be read.
  local function end_siren(car)
    silence(car)
    if car:get(state) == "triggered" or car:get(state) == "muted" then
      become(car, "armed")
    end
  end

  local function start_siren(car)
    sound(car, true)
    physics.alarm(car, "siren", sound_seconds, end_siren)
  end

  local function disarm(car)
    physics.alarm(car, "arm", nil)
    if car:get(armed) or car:get(panic) then
      silence(car)
      become(car, "disarmed")
    end
  end

  local function arm(car)
    if car:get(state) == "disarmed" and locked(car) and not openings.first_open(car) then
      become(car, "armed", "none")
    end
  end

  local function trigger(car, why)
    if car:get(state) == "armed" and car.link ~= "off" then
      become(car, "triggered", why)
      start_siren(car)
    end
  end

  local function check_arm(car)
    local door, how = openings.first_open(car)
    if door then
      car:refuse("DOOR_OPEN", "the " .. door .. " door is " .. how)
    elseif not locked(car) then
      car:refuse("NOT_LOCKED", "the car is not locked")
    end
  end

  local function desire_panic(car, on)
    if on and openings.moving(car) then
      car:refuse("VEHICLE_MOVING", "the car is moving")
    elseif on then
      car:set(panic, true)
      start_siren(car)
    elseif car:get(panic) and car:get(state) == "triggered" then
      car:set(panic, false) -- the burglar is still there
    elseif car:get(panic) then
      silence(car)
    end
  end

  local function desire(car, wishes)
    if wishes[armed] == true and not car:get(armed) then
      check_arm(car)
      arm(car)
    elseif wishes[armed] == false then
      disarm(car)
    end
    if wishes[muted] and car:get(state) == "triggered" then
      silence(car)
      become(car, "muted")
      physics.alarm(car, "siren", sound_seconds, end_siren)
    elseif wishes[muted] and car:get(state) ~= "muted" then
      car:refuse("NOT_TRIGGERED", "the alarm does not sound")
    end
    if wishes[panic] ~= nil then
      desire_panic(car, wishes[panic])
    end
  end

  local actions = {}

  -- A crowbar: the lock breaks, and the door is open.
  function actions.force_door(car, door)
    if car:has("locks." .. door) then
      car:unlock_from_inside(door)
      if car:get("locks." .. door) == "locked" then
        car:fail("DOOR_JAMMED", "the " .. door .. " door does not give way")
      end
    end
    openings.set(car, door, "open")
  end

  function actions.break_glass(car)
    trigger(car, "glass")
  end

  -- Somebody lifts it onto a lorry.
  function actions.tow(car)
    trigger(car, "tilt")
  end

  -- Something moves in the cabin.
  function actions.intrude(car)
    trigger(car, "intrusion")
  end

  return {
    signals = {
      { armed, type = "boolean", desired = true, initial = true, vss = "Vehicle.Body.Alarm.IsArmed" },
      { state, type = "enum", values = { "disarmed", "armed", "triggered", "muted" }, initial = "armed",
        vss = "Vehicle.Body.Alarm.State" },
      { reason, type = "enum", values = { "none", "door", "glass", "tilt", "intrusion" },
        vss = "Vehicle.Body.Alarm.TriggerReason" },
      { muted, type = "boolean", desired = true, vss = "Vehicle.Body.Alarm.IsMuted" },
      { panic, type = "boolean", desired = true, vss = "Vehicle.Body.Alarm.IsPanic" },
    },
    desire = desire,
    actions = actions,
    refresh = physics.settle,
    -- Who drives has the key.
    settle = function(car)
      if car:get(armed) and car:has("driving.ignition") and car:get("driving.ignition") == "on" then
        disarm(car)
      end
    end,
    notices = {
      locked = function(car)
        if car:get(state) == "disarmed" then
          physics.alarm(car, "arm", arm_seconds, arm)
        end
      end,
      unlocked = disarm,
      door_opened = function(car)
        physics.alarm(car, "arm", nil)
        trigger(car, "door")
      end,
    },
    start = function(car)
      if car:get(armed) and not locked(car) then
        disarm(car)
      elseif car:get(state) == "triggered" or car:get(panic) then
        start_siren(car)
      end
    end,
  }
end)
