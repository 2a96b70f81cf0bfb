-- A door with a motor: its position is a signal beside that of the door, which is open as long as it is not at 0.

local motor = require "parts.motor"
local openings = require "parts.openings"

-- is: `name`, `door` (of parts/doors.lua), `position` (path), `vss`, `speed` in percent a second.
return function(is)
  local position, door, lock = is.position, "doors." .. is.door, "locks." .. is.door
  local paths = { position }

  -- 0 with the latch caught; while it moves it is ajar at least.
  local function follow(car, _, at)
    openings.set(car, is.door, at == 0 and "closed" or "open")
  end

  -- Shut by hand, and perhaps locked by now.
  local function shut(car)
    return car:get(door) == "closed"
  end

  local how = {
    name = is.name, speed = is.speed, step = 1, moved = follow, stopped = shut, blocked = "OBSTACLE", reverse = 20,
  }

  local function check(car, wish)
    if wish > 0 and car:get(door) == "closed" and car:has(lock) and car:get(lock) == "locked" then
      car:refuse("DOOR_LOCKED", "the " .. is.name .. " is locked")
    elseif openings.moving(car) then
      car:refuse("VEHICLE_MOVING", "the car is moving")
    end
  end

  local function move(car, wish)
    if wish == car:get(position) then
      return
    end
    check(car, wish)
    if car:get(door) == "closed" and not car:jammed(position) then
      openings.set(car, is.door, "ajar") -- the latch lets go before the motor turns
    end
    motor.move(car, paths, { [position] = wish }, how)
  end

  return {
    signals = {
      { position, type = "integer", unit = "percent", min = 0, max = 100, desired = true, vss = is.vss },
    },
    desire = function(car, wishes)
      move(car, wishes[position])
    end,
    jams = true,
    -- By hand it is faster.
    notices = {
      door_moved = function(car, name, state)
        if name == is.door and (state ~= "open" or car:get(position) == 0) then
          car:set(position, state == "open" and 100 or 0)
        end
      end,
    },
    -- For its button, and for what is in its way.
    press = function(car)
      move(car, car:get(position) == 0 and 100 or 0)
    end,
    block = function(car, percent)
      motor.obstruct(car, position, percent or 40)
    end,
  }
end
