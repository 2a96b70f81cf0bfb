-- Every car of a fleet gets a command, and every one of them converges: car, shadow and app agree.
-- The size of the fleet is what --vehicles says, else 25.

scenario("a whole fleet unlocks", { timeout = 120, timeout_per_car = 0.02 }, function(t)
  local fleet = t:fleet { model = "compact_ev", count = 25 }
  local app = t:companion()

  fleet:wait_online()
  fleet:each(function(car)
    local answer = app:desire(car, { locks = { all = "unlocked" } }):await(60)
    t:equal(answer.status, "SUCCEEDED")
    t:equal(car.state.locks.all, "unlocked")
    t:equal(app:shadow(car).reported.locks, car.state.locks())
    car:wait_in_step(30)
  end)
end)

scenario("a fleet answers requests, a few at a time", { timeout = 120, timeout_per_car = 0.02 }, function(t)
  local fleet = t:fleet { count = 20, rate = 200 }
  local app = t:companion()

  fleet:wait_online()
  fleet:each(function(car, i)
    t:wait(t:random(0, 200) / 1000) -- not all at the same moment
    local path = i % 2 == 0 and "low_beam" or "high_beam"
    local answer = app:request(car, { lights = { [path] = true } }, { expiry = 60 }):await(60)
    t:equal(answer.status, "SUCCEEDED")
    t:is_true(car.state.lights[path])
  end)
end)
