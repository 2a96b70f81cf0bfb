-- A health report: what the workshop wants to know of a car, read from its shadow without waking it.

local physics = require "parts.physics"

scenario("the health of a car asleep is read from its shadow", function(t)
  local car = t:vehicle { state = { ["service.distance"] = 20000 } }
  local app = t:companion()

  car:wait_online():wait_in_step()
  car:drive(100)
  physics.skip(car, 900)
  car:stop()
  car:puncture("rear_left", 5)
  physics.skip(car, 20)
  car:sleep()
  local report = app:shadow(car).reported
  t:equal(report.health.status, "attention")
  t:equal(report.service.is_due, true)
  t:equal(report.tyres.warning, true)
  t:is_true(report.tyres.rear_left < 192 and report.tyres.rear_right > 230)
  t:equal(report.faults.count, 0)
  t:is_true(report.low_voltage.voltage > 11)
  t:equal(car.link, "asleep", "nobody had to wake it")

  car:service()
  car:pump_up("rear_left")
  car:wake()
  t:eventually(10, function()
    local now = app:shadow(car).reported
    return now.health.status == "good" and not now.service.is_due and not now.tyres.warning
  end)
end)
