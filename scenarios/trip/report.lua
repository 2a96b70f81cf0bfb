-- A trip in the app: it begins with the ignition, and ends with distance, duration and what it took.

local physics = require "parts.physics"

scenario("a commute leaves its distance, its duration and less charge in the shadow", function(t)
  local car = t:vehicle { state = { ["battery.state_of_charge"] = 70 } }
  local app = t:companion()

  car:wait_online():wait_in_step()
  local began = app:shadow(car).reported
  car:drive_route("munich_errand", { traffic = 0 })
  t:eventually(5, function() return app:shadow(car).reported.driving.ignition == "on" end)
  while car.state.driving.ignition == "on" do
    physics.skip(car, 10)
  end
  car:report()
  local ended = t:eventually(10, function()
    local now = app:shadow(car).reported
    return now.driving.ignition == "off" and now.trip.distance > 0 and now
  end)
  t:near(ended.driving.odometer - began.driving.odometer, ended.trip.distance, 20)
  t:is_true(ended.trip.distance > 1000)
  t:is_true(ended.trip.duration > 60)
  t:near(ended.trip.average_speed, ended.trip.distance / ended.trip.duration * 3.6, 2)
  t:is_true(ended.battery.state_of_charge < 70)
end)
