-- The cabin warms up while the climate control is on, and the app watches it.

scenario("the cabin warms up before the driver comes", function(t)
  local car = t:vehicle { state = { ["climate.cabin_temperature"] = 5 } }
  local app = t:companion()

  car:wait_online()
  app:desire(car, { climate = { active = true, target = 22 } }):await()
  local before = car.state.climate.cabin_temperature
  t:eventually(5, function()
    return app:shadow(car).reported.climate.cabin_temperature > before
  end)

  app:desire(car, { climate = { active = false } }):await()
  t:equal(car.state.climate.active, false)
end)

scenario("it runs for as long as somebody sits in the car, and half an hour in a parked one", function(t)
  t:needs_virtual_time()
  local car = t:vehicle():wait_online()

  car:drive(50)
  car.state.driving.speed = 0 -- in a traffic jam
  car:switch_climate(true)
  t:wait(3600)
  t:equal(car.state.driving.ignition, "on")
  t:equal(car.state.climate.active, true)
  car:stop()
  t:wait(3600)
  t:equal(car.state.climate.active, false)
end)
