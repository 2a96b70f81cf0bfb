-- The car's power fails in the middle of a command.

scenario("a request cut short by a loss of power has failed, and the answer says so", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local command = app:request(car, { windows = { front_left = 100 } })
  t:eventually(5, function() return car.state.windows.front_left > 0 end)
  car:power_off()
  t:equal(car.link, "off")
  local stopped_at = car.state.windows.front_left

  car:power_on()
  local answer = command:await()
  t:equal(answer.status, "FAILED")
  t:equal(answer.reason, "POWER_LOST")
  t:equal(car.state.windows.front_left, stopped_at)
end)

scenario("a desired state cut short by a loss of power is taken up again", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local command = app:desire(car, { windows = { front_left = 25 } })
  t:eventually(5, function() return car.state.windows.front_left > 0 end)
  car:power_off()
  car:power_on()

  t:equal(command:await().status, "SUCCEEDED")
  t:equal(car.state.windows.front_left, 25)
end)

scenario("the cloud notices that a car is gone", function(t)
  local car = t:vehicle { power = "off" }
  local app = t:companion()

  t:equal(app:sees_online(car), nil) -- from here on this app watches the car
  car:power_on()
  t:eventually(5, function() return app:sees_online(car) == true end)
  car:power_off()
  t:eventually(5, function() return app:sees_online(car) == false end)
end)
