-- A power tailgate.

local power_door = require "parts.power_door"

return part("trunk", function(options)
  local made = power_door {
    name = "tailgate", door = "trunk", position = "trunk.position", speed = 100 / (options.seconds or 5),
    vss = "Vehicle.Body.Trunk.Rear.Position",
  }
  made.actions = {
    press_trunk_button = made.press, -- opens it, or closes it
    block_trunk = made.block, -- something is in its way at so many percent: 40 if not given, 0 takes it out
  }
  return made
end)
