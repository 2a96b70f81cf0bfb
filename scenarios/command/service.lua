-- A command service sends an online car its request at once, one after the other, and hands on what the car answers.

local unlock, lock = { locks = { all = "unlocked" } }, { locks = { all = "locked" } }

scenario("a command of the service reaches a car that is online", function(t)
  local car = t:vehicle()
  local service = t:command_service()
  local app = t:companion()

  car:wait_online()
  local command = service:command(car, unlock)
  t:equal(command:await().status, "SUCCEEDED")
  t:equal(command:statuses(), { "CREATED", "SENT", "SUCCEEDED" })
  t:equal(car.state.locks.all, "unlocked")
  t:eventually(5, function() return app:shadow(car).reported.locks.all == "unlocked" end)
  t:equal(app:shadow(car).desired.locks, nil, "a request leaves nothing desired")
  t:equal(service:presence(car), "online")
end)

scenario("the car's refusal is the service's answer, with its reason", function(t)
  local car = t:vehicle()
  local service = t:command_service()

  car:wait_online()
  car:unlock()
  car:open_door("rear_left")
  local answer = service:command(car, lock):await()
  t:equal(answer.status, "REJECTED")
  t:equal(answer.reason, "DOOR_OPEN")
  t:match(answer.description, "rear_left")
end)

scenario("first in, first out: the next command goes when the former is answered", function(t)
  local car = t:vehicle()
  local service = t:command_service()

  car:wait_online()
  local window = service:command(car, { windows = { front_left = 25 } })
  local first = service:command(car, unlock)
  local last = service:command(car, lock)
  window:await_status("SENT")
  t:wait(0.3) -- the window is on its way for a second and more
  t:equal(first:status(), "CREATED")
  t:equal(last:status(), "CREATED")
  t:equal(window:await().status, "SUCCEEDED")
  t:equal(first:await().status, "SUCCEEDED")
  t:equal(last:await().status, "SUCCEEDED")
  t:equal(car.state.locks.all, "locked")
  t:is_true(first:await_status("SENT") >= window:await_status("SUCCEEDED"))
  t:is_true(last:await_status("SENT") >= first:await_status("SUCCEEDED"))
end)

scenario("first in, first out: a command that nobody answers holds the others up until it is dead", function(t)
  local car = t:vehicle()
  local service = t:command_service()

  car:wait_online()
  car:pin("locks", "timeout", { times = 1 })
  local silent = service:command(car, unlock, { expiry = 1.5 })
  local next_one = service:command(car, { lights = { low_beam = true } })
  t:equal(next_one:await().status, "SUCCEEDED")
  t:equal(silent:status(), "TIMED_OUT")
  t:equal(silent:answer().reason, "NO_RESPONSE")
  t:is_true(next_one:await_status("SENT") >= silent:await_status("TIMED_OUT"))
  -- What the car says of it later is still heard.
  car:power_off()
  car:power_on()
  t:eventually(10, function() return silent:status() == "FAILED" end)
  t:equal(silent:answer().reason, "POWER_LOST")
end)

scenario("the commands of one car do not wait for those of another", function(t)
  local one, other = t:vehicle(), t:vehicle()
  local service = t:command_service()

  one:wait_online()
  other:wait_online()
  one:pin("locks", "timeout")
  local silent = service:command(one, unlock)
  t:equal(service:command(other, unlock):await().status, "SUCCEEDED")
  t:equal(silent:status(), "SENT")
end)

scenario("what is no command is said", function(t)
  local car = t:vehicle { power = "off" }
  local service = t:command_service()

  for _, case in ipairs {
    { { expriy = 3 }, "did you mean 'expiry'" },
    { { channel = "voise" }, "did you mean 'voice'" },
    { { id = ("x"):rep(65) }, "1 to 64 bytes" },
    { { expiry = -1 }, "expiry" },
  } do
    local ok, why = pcall(service.command, service, car, unlock, case[1])
    t:equal(ok, false)
    t:match(tostring(why), case[2])
  end
  t:match(select(2, pcall(service.user, service, "a/b", { cars = { car } })), "thing name")
  t:match(select(2, pcall(t.command_service, t, { tap = { every = 0 } })), "above 0")
  t:match(select(2, pcall(t.command_service, t, { channels = { voice = 3 } })), "channels.voice")
  t:equal(service:presence(car), "offline")
end)
