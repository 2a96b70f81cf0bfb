-- A tunnel: nothing passes, nobody is told, and afterwards all that was said arrives.

scenario("a command that is given while the car is in a tunnel is carried out after it", function(t)
  t:needs_radio()
  local car = t:vehicle { radio = "lte_good" }
  local app = t:companion()

  car:wait_online(30)
  car:radio("tunnel")
  t:equal(car:radio().state, "no coverage")
  local command = app:request(car, { locks = { all = "unlocked" } }, { expiry = 60 })
  t:wait(2)
  t:is_true(not command:done(), "nothing reaches a car in a tunnel")
  t:equal(car.link, "online", "it does not know")

  car:radio("lte_good")
  t:equal(command:await(30).status, "SUCCEEDED")
  t:match(car:timeline(200), "radio: lte_good → tunnel")
  t:equal(car.last_close, false, "the connection has survived it")
end)

scenario("what the car says in a tunnel arrives after it, in order", function(t)
  t:needs_radio()
  local car = t:vehicle { radio = "lte_good" }
  local app = t:companion()

  car:wait_online(30)
  app:subscribe("dt/fleetsim/" .. car.name .. "/tunnel")
  car:radio("tunnel")
  for i = 1, 5 do
    car:publish("dt/fleetsim/" .. car.name .. "/tunnel", tostring(i), { qos = 1, wait = false })
  end
  t:wait(1)
  t:equal(#app:messages(), 0)

  car:radio("3g")
  for i = 1, 5 do
    t:equal(app:wait_message("dt/fleetsim/+/tunnel", 30).payload, tostring(i))
  end
end)

scenario("signal strength alone ends coverage", function(t)
  t:needs_radio()
  local car = t:vehicle { radio = { profile = "lte_good", dbm = -120 } }

  car:wait_online(30)
  car:radio { profile = "lte_good", dbm = -126 }
  t:equal(car:radio().state, "no coverage")
  t:is_true(not car:radio().attached)
  car:radio { profile = "lte_good", dbm = -124 }
  t:is_true(car:radio().attached)
end)
