-- QoS 1 may deliver twice, and apps repeat themselves: the same request is executed once.

scenario("a repeated request is answered again, not executed again", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local first = app:request(car, { locks = { all = "unlocked" } })
  t:equal(first:await().status, "SUCCEEDED")
  car:lock()

  local again = app:request(car, { locks = { all = "unlocked" } }, { id = first })
  t:equal(again:await().status, "SUCCEEDED", "the answer is that of the first time")
  t:is_true(first:answers() >= 2)
  t:equal(car.state.locks.all, "locked")
end)

scenario("a request repeated while it is executed is not executed beside itself", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local first = app:request(car, { locks = { all = "unlocked" } })
  local again = app:request(car, { locks = { all = "unlocked" } }, { id = first })
  t:equal(first:await().status, "SUCCEEDED")
  t:equal(again:await().status, "SUCCEEDED")
  t:match(car:timeline(400), "still being executed")
end)

scenario("a request that was executed before a loss of power is not executed after it", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local first = app:request(car, { locks = { all = "unlocked" } })
  first:await()
  car:power_off()
  car:power_on()
  car:wait_online()
  car:lock()

  local again = app:request(car, { locks = { all = "unlocked" } }, { id = first })
  t:equal(again:await().status, "SUCCEEDED")
  t:equal(car.state.locks.all, "locked")
end)
