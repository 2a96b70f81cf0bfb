-- The horn sounds for a moment and stops by itself. Such a thing is better asked for by request than
-- by desired state, which would stay desired.

local openings = require "parts.openings"
local physics = require "parts.physics"

local active, seconds = "horn.active", "horn.seconds"

return part("horn", function(options)
  local function sound(car, long)
    car:set(active, true)
    car:work(long)
    car:set(active, false)
  end

  local actions = {}

  -- By the wheel: as long as it is pressed.
  function actions.honk(car, long)
    sound(car, long or 0.5)
  end

  return {
    signals = {
      { active, type = "boolean", desired = true, vss = "Vehicle.Body.Horn.IsActive" },
      { seconds, type = "float", unit = "s", min = 0.1, max = 10, desired = true, initial = options.seconds or 0.5 },
    },
    desire = function(car, wishes)
      if wishes[active] and openings.moving(car) then
        car:refuse("VEHICLE_MOVING", "the horn sounds by remote command only while the car stands")
      end
      if wishes[seconds] then
        car:set(seconds, wishes[seconds])
      end
      if wishes[active] then
        sound(car, car:get(seconds))
      end
    end,
    actions = actions,
    -- Whoever sounded it lost power; the alarm goes on by itself.
    start = function(car)
      if not physics.body(car).siren then
        car:set(active, false)
      end
    end,
  }
end)
