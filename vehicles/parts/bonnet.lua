-- The bonnet's latch: a lever in the cabin lets it go, closing the bonnet lets it catch.

local openings = require "parts.openings"

local latched = "bonnet.latched"

return part("bonnet", function()
  local actions = {}

  function actions.pull_bonnet_lever(car)
    if openings.moving(car) then
      car:refuse("VEHICLE_MOVING", "the car is moving")
    end
    car:set(latched, false)
    openings.set(car, "hood", "ajar")
  end

  return {
    signals = { { latched, type = "boolean", initial = true } },
    actions = actions,
    notices = {
      door_closed = function(car, name)
        if name == "hood" then
          car:set(latched, true)
        end
      end,
    },
  }
end)
