-- A sliding door with a motor, as vans have: in the place of the rear right door, if not of another one.

local power_door = require "parts.power_door"

return part("sliding_door", function(options)
  local door = options.door or "rear_right"
  local row, side = 2, door == "rear_left" and "DriverSide" or "PassengerSide"
  local made = power_door {
    name = "sliding door", door = door, position = "sliding_door.position", speed = 100 / (options.seconds or 6),
    vss = string.format("Vehicle.Cabin.Door.Row%d.%s.Position", row, side),
  }
  made.actions = {
    pull_sliding_door = made.press, -- opens it, or closes it
    block_sliding_door = made.block, -- something is in its way at so many percent: 40 if not given, 0 takes it out
  }
  return made
end)
