-- Outcomes on demand: whatever an app must cope with can be pinned for a car. docs/outcomes.md has the table.

local function connected(t, options)
  local car = t:vehicle(options)
  local app = t:companion()
  car:wait_online()
  return car, app
end

local function unlock(app, car)
  return app:request(car, { locks = { all = "unlocked" } })
end

scenario("a pinned refusal comes once, or as long as it is pinned", function(t)
  local car, app = connected(t)

  car:pin("locks", "refuse:LOW_BATTERY", { times = 1 })
  local answer = unlock(app, car):await()
  t:equal(answer.status, "REJECTED")
  t:equal(answer.reason, "LOW_BATTERY")
  t:equal(answer.description, "the battery is low")
  t:equal(car:pins(), {})
  t:equal(unlock(app, car):await().status, "SUCCEEDED")

  car:pin("all", "refuse:DOOR_OPEN")
  t:equal(app:request(car, { horn = { active = true } }):await().reason, "DOOR_OPEN")
  t:equal(app:request(car, { lights = { low_beam = true } }):await().reason, "DOOR_OPEN")
  car:unpin("all")
  t:equal(app:request(car, { horn = { active = true } }):await().status, "SUCCEEDED")
end)

scenario("a pinned refusal of a signal leaves the others alone, and shows in the shadow", function(t)
  local car, app = connected(t)

  car:pin("locks.trunk", "refuse:VALET_MODE")
  t:equal(app:request(car, { locks = { front_left = "unlocked" } }):await().status, "SUCCEEDED")
  t:equal(app:desire(car, { locks = { trunk = "unlocked" } }):await().reason, "VALET_MODE")
  t:equal(app:shadow(car).reported.refusal.reason, "VALET_MODE")
  t:equal(car.state.locks.trunk, "locked")
end)

scenario("a pinned fault fails after a try", function(t)
  local car, app = connected(t)

  car:pin("windows", "fail:MOTOR_FAULT")
  local answer = app:request(car, { windows = { front_left = 20 } }):await()
  t:equal(answer.status, "FAILED")
  t:equal(answer.reason, "MOTOR_FAULT")
  t:equal(app:desire(car, { windows = { rear_left = 20 } }):await().reason, "MOTOR_FAULT")
  t:equal(car.state.windows.front_left, 0)
end)

scenario("a pinned delay holds the command up, and nothing else", function(t)
  local car, app = connected(t)

  car:pin("locks", "delay:2s")
  local began = car:clock()
  local slow = unlock(app, car)
  t:equal(app:request(car, { lights = { low_beam = true } }):await().status, "SUCCEEDED")
  t:equal(slow:done(), false)
  t:equal(slow:await().status, "SUCCEEDED")
  t:is_true(car:clock() - began >= 1.99)
end)

scenario("a pinned time-out is never answered, and nothing happens", function(t)
  local car, app = connected(t)

  car:pin("locks", "timeout", { times = 1 })
  local lost = unlock(app, car)
  t:eventually(5, function() return car:timeline():find("pinned: locks=timeout comes true", 1, true) end)
  t:equal(app:request(car, { lights = { low_beam = true } }):await().status, "SUCCEEDED")
  t:equal(lost:done(), false)
  t:equal(car.state.locks.all, "locked")
  t:equal(unlock(app, car):await().status, "SUCCEEDED")
  -- Power ends what is open, with the car's own words.
  car:power_off()
  car:power_on()
  t:equal(lost:await(20).reason, "POWER_LOST")
end)

scenario("a pinned jam: the motor turns, and nothing moves", function(t)
  local car, app = connected(t)

  car:pin("locks.front_left", "jam")
  local answer = unlock(app, car):await()
  t:equal(answer.status, "FAILED")
  t:equal(answer.reason, "LOCK_JAMMED")
  t:equal(car.state.locks.front_left, "locked")
  t:equal(car.state.locks.rear_right, "unlocked")
  t:equal(car.state.locks.all, "mixed")

  car:jam("locks.front_left", false)
  t:equal(unlock(app, car):await().status, "SUCCEEDED")

  car:jam("climate") -- parts that know nothing of jams jam as a whole
  t:equal(app:request(car, { climate = { active = true } }):await().reason, "CLIMATE_JAMMED")
end)

scenario("a flaky car fails now and then", { timeout = 120 }, function(t)
  local car, app = connected(t)
  local seen = { SUCCEEDED = 0, FAILED = 0 }

  car:pin("lights", "flaky:0.5")
  for i = 1, 24 do
    local answer = app:request(car, { lights = { low_beam = i % 2 == 1 } }):await()
    seen[answer.status] = seen[answer.status] + 1
    t:is_true(answer.status == "SUCCEEDED" or answer.reason == "INTERMITTENT_FAULT")
  end
  t:is_true(seen.FAILED > 0 and seen.SUCCEEDED > 0)

  car:pin("lights", "flaky:1")
  t:equal(app:request(car, { lights = { low_beam = true } }):await().reason, "INTERMITTENT_FAULT")
  car:pin("lights", "flaky:0")
  t:equal(app:request(car, { lights = { low_beam = true } }):await().status, "SUCCEEDED")
end)

scenario("a pinned duplicate: the answer comes twice", function(t)
  local car, app = connected(t)

  car:pin("locks", "duplicate_answer")
  local command = unlock(app, car)
  t:equal(command:await().status, "SUCCEEDED")
  t:eventually(5, function() return command:answers() >= 2 end)
end)

scenario("a late report: the car has done it long before the app knows", function(t)
  local car, app = connected(t)
  car:wait_in_step()

  car:pin("locks", "late_report:5s", { times = 1 })
  local command = app:desire(car, { locks = { all = "unlocked" } })
  car:wait_until(function() return car.state.locks.all == "unlocked" end)
  local done_at = car:clock()
  t:equal(command:done(), false)
  t:equal(command:await().status, "SUCCEEDED")
  t:is_true(car:clock() - done_at >= 1, "a busy machine sees late that it was done")

  t:equal(app:request(car, { locks = { all = "locked" } }):await().status, "SUCCEEDED")
end)

scenario("a car that was silent reports again after a loss of power", function(t)
  local car, app = connected(t)
  car:wait_in_step()

  car:pin("lights", "late_report:1h")
  app:request(car, { lights = { low_beam = true } })
  car:wait_until(function() return car.state.lights.low_beam end)
  car:power_off()
  car:power_on()
  t:eventually(20, function() return app:shadow(car).reported.lights.low_beam end)
end)

scenario("what people do at the car can be pinned, too", function(t)
  local car = t:vehicle { power = "off" }

  car:pin("open_door", "refuse:DOOR_LOCKED", { times = 1 })
  local opened, why = pcall(car.open_door, car, "hood")
  t:equal(opened, false)
  t:equal(why.code, "DOOR_LOCKED")
  car:open_door("hood")
  t:equal(car.state.doors.hood, "open")
end)

scenario("pins are listed, replaced, taken away, and noted in the timeline", function(t)
  local car = t:vehicle { power = "off" }

  car:pin("locks", "refuse:DOOR_OPEN"):pin("windows", "delay:1m"):pin("locks", "refuse:LOW_BATTERY", { times = 2 })
  t:equal(car:pins(), {
    { target = "windows", outcome = "delay:1m" }, { target = "locks", outcome = "refuse:LOW_BATTERY", times = 2 },
  })
  t:match(car:timeline(), "pinned: locks=refuse:LOW_BATTERY, times=2")
  car:unpin("windows")
  t:equal(#car:pins(), 1)
  car:unpin()
  t:equal(car:pins(), {})
end)

scenario("a pin that cannot be says why", function(t)
  local car = t:vehicle { power = "off" }

  for _, case in ipairs {
    { "lokcs", "refuse:DOOR_OPEN", "did you mean 'locks'?" },
    { "windows.front_lft", "jam", "did you mean 'windows.front_left'?" },
    { "locks", "refus:DOOR_OPEN", "did you mean 'refuse'?" },
    { "locks", "refuse", "expected a reason code" },
    { "locks", "refuse:too low", "expected a reason code" },
    { "locks", "delay:soon", "expected a time" },
    { "locks", "flaky:2", "expected a probability" },
    { "locks", "timeout:3", "takes nothing more" },
    { "open_door", "timeout", "is for commands" },
  } do
    local ok, why = pcall(car.pin, car, case[1], case[2])
    t:equal(ok, false)
    t:match(why, (case[3]:gsub("%?", "%%?")))
  end
  t:equal(pcall(car.pin, car, "locks", "jam", { times = 0 }), false)
  t:equal(pcall(car.unpin, car, "lokcs"), false)
  t:equal(car:pins(), {})
end)
