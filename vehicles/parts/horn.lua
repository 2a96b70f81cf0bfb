-- The horn sounds for a moment and stops by itself. Such a thing is better asked for by request than
-- by desired state, which would stay desired.

return part("horn", function(options)
  local seconds = options.seconds or 0.5

  return {
    signals = {
      { "horn.active", type = "boolean", desired = true, vss = "Vehicle.Body.Horn.IsActive" },
    },
    desire = function(car, wishes)
      if not wishes["horn.active"] then
        return
      end
      if car:has("driving.speed") and car:get("driving.speed") > 0 then
        car:refuse("VEHICLE_MOVING", "the horn sounds by remote command only while the car stands")
      end
      car:set("horn.active", true)
      car:work(seconds)
      car:set("horn.active", false)
    end,
    start = function(car)
      car:set("horn.active", false)
    end,
  }
end)
