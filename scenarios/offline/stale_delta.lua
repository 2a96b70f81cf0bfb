-- After a long sleep old deltas wait beside newer ones: the car does what is wished now, not what was wished then.

local hour = 3600

scenario("what was wished first and taken back is never done", function(t)
  local car = t:vehicle():wait_online()
  local app = t:companion()
  car:wait_in_step()
  car:sleep()

  -- Its session holds a delta for each.
  app:desire(car, { locks = { all = "unlocked" }, climate = { target = 18 } }, { wake = false })
  app:desire(car, { locks = { all = "locked" }, climate = { target = 25 } }, { wake = false })
  local last = app:update(car, { state = { desired = { climate = { target = 23 } } } }):await()
  t:equal(last.status, "SUCCEEDED")

  local changes = car:events("signal", function(event)
    return event.path:find("^locks") or event.path == "climate.target"
  end)
  car:wake()
  car:wait_until(function() return car.state.climate.target == 23 end, 10)
  car:wait_in_step()
  for _, change in ipairs(changes:list()) do
    t:equal({ change.path, change.value }, { "climate.target", 23 }, "only the last wish was acted on")
  end
  t:equal(car.state.locks.all, "locked")
end)

scenario("a wish that is a week old meets a driver who has been there meanwhile", function(t)
  t:needs_virtual_time()
  local car = t:vehicle():wait_online()
  local app = t:companion()
  car:wait_in_step()
  car:sleep()

  local old = app:desire(car, { locks = { all = "unlocked" } }, { wake = false })
  t:wait(7 * 24 * hour)
  app:update(car, { state = { desired = { locks = null } } }):await()
  car:wake()
  car:wait_online(20)
  car:wait_in_step()
  t:equal(car.state.locks.all, "locked", "the wish was withdrawn; its delta is stale")
  t:is_true(not old:done() or old:answer().status ~= "SUCCEEDED")
  t:equal(app:shadow(car).desired.locks, nil)
end)
