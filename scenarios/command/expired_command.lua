-- A command that comes too late must not be executed: nobody wants the car unlocked an hour later.

scenario("a request that has expired on its way is refused, not executed", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local answer = app:request(car, { locks = { all = "unlocked" } }, { expires_in = -5 }):await()

  t:equal(answer.status, "TIMED_OUT")
  t:equal(answer.reason, "EXPIRED")
  t:equal(car.state.locks.all, "locked")
end)

scenario("a request that expires while the car sleeps is not executed", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:sleep()
  local command = app:request(car, { locks = { all = "unlocked" } }, { expiry = 1, wake = false })
  t:never(1.2, function() return car.link ~= "asleep" end)
  car:wake()
  car:wait_online()
  -- Another request proves that the car has read what was waiting before it.
  t:equal(app:request(car, { lights = { low_beam = true } }):await().status, "SUCCEEDED")

  t:equal(car.state.locks.all, "locked")
  local answer = command:answer() -- none if the broker dropped it, which MQTT 5 lets it do
  t:is_true(answer == nil or answer.status == "TIMED_OUT", show(answer))
end)

scenario("a request that the car reads in time is executed", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:sleep()
  local command = app:request(car, { locks = { all = "unlocked" } }, { expiry = 30, wake = false })
  car:wake()

  t:equal(command:await().status, "SUCCEEDED")
end)
