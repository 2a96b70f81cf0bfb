-- The carrier forgets a connection that is idle and tells neither side: what comes down is lost without a trace until
-- the car speaks next.

scenario("a half-open connection is found by keep-alive, and what was lost comes again", { timeout = 90 }, function(t)
  t:needs_radio()
  local car = t:vehicle { radio = { profile = "lte_good", nat = 3 }, mqtt = { keep_alive = 8 },
    power = "off" }
  local app = t:companion()

  app:sees_online(car) -- watches it from now on
  car:power_on()
  car:wait_online(30)
  car:wait_in_step()
  t:wait(4)
  local command = app:request(car, { lights = { hazard = true } }, { expiry = 120 })
  t:wait(1)
  t:is_true(not command:done(), "it was lost on the way")
  t:equal(car.link, "online", "the car believes so")
  t:is_true(app:sees_online(car), "so does the cloud")

  t:equal(command:await(60).status, "SUCCEEDED")
  t:match(car.last_close.text, "the network had forgotten it")
end)

scenario("keep-alive within the carrier's patience keeps a connection", function(t)
  t:needs_radio()
  local car = t:vehicle { radio = { profile = "lte_good", nat = 5 }, mqtt = { keep_alive = 2 } }
  local app = t:companion()

  car:wait_online(30)
  t:wait(8)
  t:equal(app:request(car, { lights = { hazard = true } }, { expiry = 60 }):await(20).status, "SUCCEEDED")
  t:equal(car.last_close, false)
end)
