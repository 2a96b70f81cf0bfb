-- An underground garage lasts longer than anybody waits: car and cloud find out by themselves, each in its time.

scenario("a car in an underground garage is found dead by keep-alive, backs off, and comes back", {
  timeout = 120,
}, function(t)
  t:needs_radio()
  local car = t:vehicle { radio = "lte_good", mqtt = { keep_alive = 4 }, power = "off" }
  local app = t:companion()

  app:sees_online(car) -- watches it from now on
  car:power_on()
  car:wait_online(30)
  t:eventually(5, function() return app:sees_online(car) end)
  car:radio("garage")
  car:wait_until(function() return car.link ~= "online" end, 15)
  t:equal(car.last_close.why, "keep-alive")
  t:eventually(20, function() return not app:sees_online(car) end, "the broker has its own keep-alive")

  local command = app:request(car, { lights = { hazard = true } }, { expiry = 120 })
  t:wait(3)
  t:is_true(not command:done())
  t:not_equal(car.link, "online")

  car:radio("lte_good")
  car:wait_online(60)
  t:equal(command:await(30).status, "SUCCEEDED")
  t:eventually(10, function() return app:sees_online(car) end)
end)

scenario("a text message waits until the car is on a network again", { timeout = 90 }, function(t)
  t:needs_radio()
  local car = t:vehicle { radio = "lte_good" }
  local app = t:companion()

  car:wait_online(30)
  car:sleep()
  car:radio("garage")
  local command = app:request(car, { locks = { all = "unlocked" } }, { expiry = 120 })
  t:wait(3)
  t:equal(car.link, "asleep")

  car:radio("lte_edge")
  t:equal(command:await(40).status, "SUCCEEDED")
end)

scenario("a car that is given up by the network attaches again", { timeout = 90 }, function(t)
  t:needs_radio()
  local car = t:vehicle { radio = { profile = "lte_good", attach = 2 } }

  car:wait_online(30)
  car:radio { profile = "garage", detach = 1 }
  t:wait(2)
  t:equal(car:radio().state, "detached")
  car:radio { profile = "lte_good", attach = 2 }
  t:equal(car:radio().state, "attaching")
  t:wait(3)
  t:equal(car:radio().state, "attached")
  -- Its connection belongs to an address that it does not have any more.
  car:publish("dt/fleetsim/" .. car.name .. "/hello", "hello", { qos = 1, timeout = 60 })
  t:match(car.last_close.text, "forgotten")
  car:wait_online(60)
end)

scenario("a car without power is on no network", function(t)
  t:needs_radio()
  local car = t:vehicle { radio = "3g", power = "off" }

  t:equal(car:radio().state, "detached")
  car:power_on()
  t:equal(car:radio().state, "attaching")
  car:wait_online(30)
end)
