-- The cloud refuses some updates of a shadow, and may lose it: what the app and the car see of that.

scenario("an update that names an old version is refused with 409", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:wait_in_step()
  local version = app:shadow(car).version
  local wish = { desired = { locks = { all = "unlocked" } } }

  local stale = app:update(car, { state = wish, version = version + 7 }):await()
  t:equal(stale.status, "REJECTED")
  t:equal(stale.code, 409)
  t:equal(app:shadow(car).version, version)
  t:equal(car.state.locks.all, "locked")

  local fresh = app:update(car, { state = wish, version = version }):await()
  t:equal(fresh.status, "SUCCEEDED")
  t:equal(fresh.version, version + 1)
  t:eventually(5, function() return app:shadow(car).reported.locks.all == "unlocked" end)
end)

scenario("a wish that is nested too deeply is refused with 400", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local wish = { too = "deep" }
  for _ = 1, 10 do
    wish = { level = wish }
  end
  local answer = app:desire(car, wish):await()
  t:equal(answer.status, "REJECTED")
  t:equal(answer.code, 400)
end)

scenario("a wish is withdrawn with null", function(t)
  local car = t:vehicle { power = "off" }
  local app = t:companion()

  app:desire(car, { locks = { all = "unlocked" }, lights = { hazard = true } })
  app:update(car, { state = { desired = { locks = null } } }):await()
  car:power_on()

  t:eventually(10, function() return car.state.lights.hazard end)
  car:wait_in_step()
  t:equal(car.state.locks.all, "locked")
  t:equal(app:shadow(car).desired.locks, nil)
end)

scenario("what the car does not know is left alone", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online():wait_in_step()
  local wish = { locks = { all = "unlocked" }, wings = { angle = 5 } }
  app:update(car, { state = { desired = wish } }):await()

  t:eventually(5, function() return app:shadow(car).reported.locks.all == "unlocked" end)
  t:equal(app:shadow(car).reported.wings, nil)
end)

scenario("when its shadow is deleted, the car reports all anew", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:wait_in_step()
  t:is_true(app:shadow(car).exists)
  app:delete_shadow(car)
  t:eventually(10, function()
    local shadow = app:shadow(car)
    return shadow.exists and shadow.reported.locks and shadow.reported.battery
  end)
end)
