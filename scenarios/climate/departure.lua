-- Preconditioning by schedule: the app says when somebody leaves, and the cabin is warm by then.

local physics = require "parts.physics"

scenario("warm at seven, and not long before", function(t)
  local car = t:vehicle { state = { ["clock.time"] = "05:00", ["climate.outside_temperature"] = -5 } }
  local app = t:companion()

  car:wait_online():wait_in_step()
  local wish = { climate = { departure = "07:00", target = 21 } }
  t:equal(app:desire(car, wish):await().status, "SUCCEEDED")
  physics.skip(car, 3600)
  t:equal(car.state.climate.active, false, "06:00 is too early")
  t:is_true(car.state.climate.cabin_temperature < 5)
  physics.skip(car, 3540)
  t:equal(car.state.climate.active, true, "06:59")
  t:near(car.state.climate.cabin_temperature, 21, 2)
  car:report()
  t:eventually(5, function()
    local climate = app:shadow(car).reported.climate
    return climate.active and climate.cabin_temperature > 18
  end)
end)

scenario("a departure that is called off warms nobody", function(t)
  local car = t:vehicle { state = { ["clock.time"] = "05:00", ["climate.outside_temperature"] = -5 } }
  local app = t:companion()

  car:wait_online():wait_in_step()
  app:desire(car, { climate = { departure = "07:00" } }):await()
  t:equal(app:desire(car, { climate = { departure = "" } }):await().status, "SUCCEEDED")
  physics.skip(car, 7200)
  t:equal(car.state.climate.active, false)
  t:equal(app:request(car, { climate = { departure = "soon" } }):await().reason, "INVALID_VALUE")
end)
