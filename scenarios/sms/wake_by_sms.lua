-- A parked car has no connection at all: the text message that comes with a command wakes it.

scenario("a sleeping car wakes by SMS and unlocks", function(t)
  local car = t:vehicle { model = "compact_ev" }
  local app = t:companion()

  car:wait_online(5)
  car:sleep()
  t:equal(car.link, "asleep")
  local command = app:request(car, { locks = { all = "unlocked" } }, { expiry = 20 })
  local answer = command:await(15)

  t:equal(answer.status, "SUCCEEDED")
  t:equal(car.link, "online")
  t:equal(car.state.locks.front_left, "unlocked")
  t:eventually(5, function()
    return app:shadow(car).reported.locks.front_left == "unlocked"
  end)
end)

scenario("a sleeping car wakes by SMS for a desired state", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:sleep()
  local answer = app:desire(car, { lights = { low_beam = true } }):await(15)

  t:equal(answer.status, "SUCCEEDED")
  t:is_true(car.state.lights.low_beam)
end)

scenario("without power there is no modem, and a text message is lost", function(t)
  local car = t:vehicle { power = "off" }

  car:sms()
  t:never(1, function() return car.link ~= "off" end, "a text message takes 0.8 s at most")
end)
