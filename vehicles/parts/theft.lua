-- What the owner can do about thieves, and about the man who parks the car: stolen mode, in which the car tells
-- where it is every few seconds, the immobiliser, and valet mode, in which the trunk stays locked.

local openings = require "parts.openings"
local physics = require "parts.physics"

local mode, immobilised, valet = "theft.mode", "theft.immobilised", "theft.valet"

return part("theft", function(options)
  local every = options.track_seconds or 5

  -- As telemetry, on dt/fleetsim/<car>/tracking; a car that is asleep is woken for it.
  local function track(car)
    if car:get(mode) ~= "stolen" then
      return
    end
    physics.alarm(car, "tracking", every, track)
    if car.link == "asleep" then
      car:wake()
    elseif car.link == "online" and car:has("position.latitude") then
      car:telemetry("tracking", string.format('{"latitude":%.5f,"longitude":%.5f,"heading":%d,"speed":%.1f}',
        car:get("position.latitude"), car:get("position.longitude"), car:get("position.heading") // 1 | 0,
        car:get("driving.speed")), 1)
    end
  end

  local function desire(car, wishes)
    if wishes[immobilised] and not car:get(immobilised) and openings.moving(car) then
      car:refuse("VEHICLE_MOVING", "a car that moves is not immobilised")
    end
    for _, path in ipairs { mode, immobilised, valet } do
      if wishes[path] ~= nil and wishes[path] ~= car:get(path) then
        car:set(path, wishes[path])
      end
    end
    if wishes[mode] then
      physics.alarm(car, "tracking", nil)
      track(car)
    end
  end

  return {
    signals = {
      { mode, type = "enum", values = { "off", "stolen" }, desired = true, vss = "Vehicle.Body.Alarm.TheftMode" },
      { immobilised, type = "boolean", desired = true, vss = "Vehicle.Body.Alarm.IsImmobilised" },
      { valet, type = "boolean", desired = true, vss = "Vehicle.Cabin.IsValetModeActive" },
    },
    desire = desire,
    refresh = physics.settle,
    start = function(car)
      if car:get(mode) == "stolen" then
        physics.alarm(car, "tracking", every, track)
      end
    end,
  }
end)
