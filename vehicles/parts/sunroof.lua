-- A sunroof: 0 is closed, 100 slid open, -100 tilted. Between tilted and slid it is closed for a moment.

local motor = require "parts.motor"
local openings = require "parts.openings"

local position = "sunroof.position"

return part("sunroof", function(options)
  local paths = { position }
  local how = { name = "sunroof", speed = options.percent_per_second or 15, step = options.step_seconds or 1 }

  local actions = {}

  -- By its switch: -100 to 100.
  function actions.move_sunroof(car, percent)
    motor.move(car, paths, { [position] = percent }, how)
  end

  -- Something as thick as so many percent of the opening is in it: 15 if not given, 0 takes it out.
  function actions.pinch_sunroof(car, percent)
    motor.obstruct(car, position, percent or 15)
  end

  return {
    signals = {
      { position, type = "integer", unit = "percent", min = -100, max = 100, desired = true,
        vss = "Vehicle.Cabin.Sunroof.Position" },
    },
    desire = function(car, wishes)
      if wishes[position] ~= car:get(position) and openings.moving(car) then
        car:refuse("VEHICLE_MOVING", "the sunroof moves by remote command only while the car stands")
      end
      motor.move(car, paths, wishes, how)
    end,
    actions = actions,
    jams = true,
  }
end)
