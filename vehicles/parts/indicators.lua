-- Direction indicators, and the lights' flashing by command. That they blink is not in the signals: while one signals
-- it is true. The hazard lights are lights.hazard.

local left, right, flashes = "indicators.left", "indicators.right", "indicators.flashes"
local hazard = "lights.hazard"

return part("indicators", function(options)
  local period = options.period or 0.7 -- seconds of one flash

  local actions = {}

  -- By the driver's lever: "left", "right", "off".
  function actions.indicate(car, side)
    car:set(left, side == "left")
    car:set(right, side == "right")
  end

  return {
    signals = {
      { left, type = "boolean", vss = "Vehicle.Body.Lights.DirectionIndicator.Left.IsSignaling" },
      { right, type = "boolean", vss = "Vehicle.Body.Lights.DirectionIndicator.Right.IsSignaling" },
      { flashes, type = "integer", min = 0, max = 20, desired = true },
    },
    -- So many flashes, then it is 0 again: better asked for by request, as the horn is.
    desire = function(car, wishes)
      local count = wishes[flashes]
      if count == 0 then
        return
      elseif car:has("driving.speed") and car:get("driving.speed") > 0 then
        car:refuse("VEHICLE_MOVING", "the lights flash by remote command only while the car stands")
      end
      local before = car:get(hazard)
      car:set(flashes, count)
      car:switch_light("hazard", true)
      car:work(count * period)
      car:switch_light("hazard", before)
      car:set(flashes, 0)
    end,
    actions = actions,
    start = function(car)
      if car:get(flashes) > 0 then
        car:set(flashes, 0)
        car:set(hazard, false)
      end
    end,
  }
end)
