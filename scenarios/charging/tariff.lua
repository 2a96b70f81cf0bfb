-- A tariff schedule: the app says which hours are cheap, and the car charges in these only.

local physics = require "parts.physics"

scenario("plugged in in the evening, charged in cheap hours, full in the morning", function(t)
  local car = t:vehicle { state = { ["clock.time"] = "20:30", ["battery.state_of_charge"] = 50 } }
  local app = t:companion()

  car:wait_online():wait_in_step()
  local tariff = { charging = { schedule = "cheap", cheap_hours = "22:00-23:00, 02:00-06:00" } }
  t:equal(app:desire(car, tariff):await().status, "SUCCEEDED")
  car:plug_in(11)
  t:eventually(5, function() return app:shadow(car).reported.charging.state == "waiting" end)
  t:equal(car.state.battery.state_of_charge, 50)

  local function at(hours, state, why)
    physics.skip(car, hours * 3600)
    car:report()
    t:equal(car.state.charging.state, state, why)
    t:eventually(5, function() return app:shadow(car).reported.charging.state == state end, why)
  end
  at(1.6, "charging", "22:06")
  at(1, "waiting", "23:06")
  at(3, "charging", "02:06")
  at(4, "complete", "06:06")
  t:equal(app:shadow(car).reported.battery.state_of_charge, 80)
end)

scenario("who is in a hurry overrules the tariff", function(t)
  local car = t:vehicle { state = { ["clock.time"] = "12:00", ["charging.schedule"] = "cheap" } }
  local app = t:companion()

  car:wait_online()
  car:plug_in(11)
  t:equal(car.state.charging.state, "waiting")
  t:equal(app:request(car, { charging = { active = true } }):await().status, "SUCCEEDED")
  t:equal(car.state.charging.state, "charging")
  t:equal(app:request(car, { charging = { cheap_hours = "at night" } }):await().reason, "INVALID_VALUE")
end)
