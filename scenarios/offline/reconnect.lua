-- The network drops the car: it backs off, comes back by itself, and nothing is lost.

scenario("a car comes back after it lost the network", function(t)
  local car = t:vehicle()

  car:wait_online()
  car:drop_connection()
  t:equal(car.link, "backing off")
  car:wait_online(10)
end)

scenario("a command meets a car that has just lost the network", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:drop_connection()
  local desired = app:desire(car, { locks = { all = "unlocked" } })
  local request = app:request(car, { lights = { hazard = true } }, { expiry = 30 })

  t:equal(desired:await().status, "SUCCEEDED")
  t:equal(request:await().status, "SUCCEEDED")
  t:equal(car.state.locks.all, "unlocked")
  t:is_true(car.state.lights.hazard)
end)

scenario("the network goes while the car acts: the answer comes afterwards", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local command = app:request(car, { windows = { rear_left = 30 } })
  t:eventually(5, function() return car.state.windows.rear_left > 0 end)
  car:drop_connection()

  t:equal(command:await(20).status, "SUCCEEDED")
  t:equal(car.state.windows.rear_left, 30)
end)
