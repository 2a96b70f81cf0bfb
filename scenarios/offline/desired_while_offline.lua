-- What was desired while a car was away is done when it comes back: nothing desired is lost.

scenario("a car does what was desired while it slept", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:sleep()
  local command = app:desire(car, { locks = { all = "unlocked" } }, { wake = false })
  t:eventually(5, function()
    local wish = app:shadow(car).desired.locks
    return wish and wish.all == "unlocked"
  end)
  t:equal(car.link, "asleep")
  t:equal(car.state.locks.all, "locked")

  car:wake()
  t:equal(command:await().status, "SUCCEEDED")
  t:equal(car.state.locks.all, "unlocked")
end)

scenario("of two wishes for the same thing the car sees the last", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:sleep()
  app:desire(car, { climate = { target = 18 } }, { wake = false })
  local last = app:desire(car, { climate = { target = 25 } }, { wake = false })
  car:wake()

  t:equal(last:await().status, "SUCCEEDED")
  t:equal(car.state.climate.target, 25)
end)

scenario("a car reports what happened while it was away", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:sleep()
  car:unlock()
  car:open_door("rear_right")
  t:equal(app:shadow(car).reported.doors.rear_right, "closed")

  car:wake()
  t:eventually(10, function()
    return app:shadow(car).reported.doors.rear_right == "open"
  end)
end)

scenario("a car that is made later finds its wishes", function(t)
  local car = t:vehicle { power = "off" }
  local app = t:companion()

  local command = app:desire(car, { lights = { low_beam = true } })
  car:power_on()

  t:equal(command:await().status, "SUCCEEDED")
  t:is_true(car.state.lights.low_beam)
end)

scenario("a wish withdrawn while the car slept is not executed", { timeout = 30 }, function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:sleep()
  app:desire(car, { locks = { all = "unlocked" } }, { wake = false })
  app:update(car, { state = { desired = { locks = null } } }):await()
  car:wake()
  car:wait_online()
  car:wait_in_step()
  t:equal(car.state.locks.all, "locked")
end)
