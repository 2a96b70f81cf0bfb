-- Service: due after so many kilometres or days, whichever comes first, until a workshop has done it.

local physics = require "parts.physics"

local distance, days, is_due = "service.distance", "service.days", "service.is_due"
local day = 86400

-- In steps that need not be reported often.
local function show(car, body)
  local service = body.service
  local metres = service.metres - (physics.exact(car, "driving.odometer") - service.odometer)
  local left = service.seconds - (body.now - service.done)
  physics.show(car, distance, physics.round(metres, 0.0001))
  physics.show(car, days, math.ceil(left / day))
  physics.show(car, is_due, metres <= 0 or left <= 0)
end

return part("service", function(options)
  local metres, period = 1000 * (options.kilometres or 30000), options.days or 365
  local actions = {}

  -- The workshop: oil, brakes, and all faults mended.
  function actions.service(car)
    if car:get("driving.speed") > 0 then
      car:refuse("VEHICLE_MOVING", "the car is moving")
    end
    local body = physics.body(car)
    local service = body.service
    service.odometer, service.done = physics.exact(car, "driving.odometer"), body.now
    service.metres, service.seconds = metres, period * day
    show(car, body)
    if car:has("faults.codes") then
      car:repair()
    end
  end

  return {
    signals = {
      { distance, type = "integer", unit = "m", initial = options.distance or metres // 2,
        vss = "Vehicle.Service.DistanceToService" },
      { days, type = "integer", unit = "d", initial = options.days_left or period // 2,
        vss = "Vehicle.Service.TimeToService" },
      { is_due, type = "boolean", vss = "Vehicle.Service.IsServiceDue" },
    },
    actions = actions,
    refresh = physics.settle,
    settle = function(car, _, body)
      show(car, body)
    end,
    embody = function(car, body, before)
      body.service = before.service or {
        odometer = car:get("driving.odometer"), done = body.now,
        metres = car:get(distance), seconds = car:get(days) * day,
      }
      show(car, body)
    end,
  }
end)
