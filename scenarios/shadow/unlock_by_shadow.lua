-- The app writes what it wants into the car's shadow; the car acts, and reports what it has become.

scenario("the app unlocks a car by its shadow", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local answer = app:desire(car, { locks = { all = "unlocked" } }):await()

  t:equal(answer.status, "SUCCEEDED")
  t:equal(car.state.locks(), {
    all = "unlocked", front_left = "unlocked", front_right = "unlocked",
    rear_left = "unlocked", rear_right = "unlocked", trunk = "unlocked",
  })
  local shadow = app:shadow(car)
  t:equal(shadow.reported.locks, car.state.locks())
  t:equal(shadow.desired.locks, { all = "unlocked" })
end)

scenario("one lock alone moves, and the summary says mixed", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  app:desire(car, { locks = { trunk = "unlocked" } }):await()

  t:equal(car.state.locks.trunk, "unlocked")
  t:equal(car.state.locks.front_left, "locked")
  t:eventually(5, function() return app:shadow(car).reported.locks.all == "mixed" end)
end)

scenario("one desired state moves several parts side by side", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local answer = app:desire(car, {
    locks = { all = "unlocked" },
    lights = { low_beam = true, hazard = true },
    climate = { target = 23.5 },
  }):await()

  t:equal(answer.status, "SUCCEEDED")
  t:is_true(car.state.lights.hazard)
  t:equal(car.state.climate.target, 23.5)
  t:equal(app:shadow(car).reported.climate.target, 23.5)
end)

scenario("after a command all fall silent: no echo goes round", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  app:desire(car, { locks = { all = "unlocked" } }):await()
  car:wait_in_step()
  local version = car.shadow_version

  t:never(0.5, function() return car.shadow_version ~= version end)
  t:equal(app:shadow(car).version, version)
end)
