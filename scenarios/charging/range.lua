-- The app reads how far the car will go from its shadow, the car may sleep on, and what changes the range shows there.

local physics = require "parts.physics"

scenario("the range is known without waking the car", function(t)
  local car = t:vehicle { state = { ["battery.state_of_charge"] = 60 } }
  local app = t:companion()

  car:wait_online():wait_in_step()
  local range = car.state.battery.range
  car:sleep()
  t:equal(app:shadow(car).reported.battery.range, range)
  t:is_true(range > 100000 and range < 400000, "metres")
  t:equal(car.link, "asleep")
end)

scenario("driving takes from it, charging gives it back", function(t)
  local car = t:vehicle { state = { ["battery.state_of_charge"] = 60 } }
  local app = t:companion()
  local function shown()
    car:report()
    car:wait_in_step()
    local battery = app:shadow(car).reported.battery
    return battery and battery.range
  end

  car:wait_online():wait_in_step()
  local before = shown()
  car:drive(90)
  physics.skip(car, 900)
  car:stop()
  local after = t:eventually(5, function()
    local range = shown()
    return range and range < before - 5000 and range
  end)
  car:plug_in(150)
  physics.skip(car, 600)
  t:eventually(5, function()
    local range = shown()
    return range and range > after + 10000
  end)
  car:unplug()
end)
