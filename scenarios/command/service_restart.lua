-- A command service survives its own absence and the broker's restart: nothing that was ordered or said is lost.

local unlock = { locks = { all = "unlocked" } }

scenario("commands wait while the service is away", function(t)
  local car, sleeper = t:vehicle(), t:vehicle()
  local service = t:command_service { confirm_offline = 0.3 }
  local anna = service:user("anna", { cars = { car, sleeper } })
  local phone = anna:app()

  car:wait_online()
  sleeper:wait_online()
  service:close()
  local command = service:command(car, unlock, { user = anna })
  local other = service:command(sleeper, unlock, { user = anna })
  sleeper:sleep() -- the event waits for the service in its session
  t:wait(0.3)
  t:equal(command:status(), "CREATED")
  service:open()
  t:equal(command:await().status, "SUCCEEDED")
  t:equal(other:await(20).status, "SUCCEEDED")
  phone:wait_status(command, "SUCCEEDED")
  t:equal(phone:wait_status(other, "SUCCEEDED").user, "anna")
end)

scenario("what a car answers while the service is away is heard when it is back", function(t)
  local car = t:vehicle()
  local service = t:command_service()

  car:wait_online()
  local command = service:command(car, { windows = { front_left = 25 } })
  command:await_status("SENT")
  car:wait_until(function() return car.state.windows.front_left > 0 end)
  service:close()
  car:wait_until(function() return car.state.windows.front_left == 25 end)
  t:wait(0.5)
  t:equal(command:status(), "SENT")
  service:open()
  t:equal(command:await().status, "SUCCEEDED")
end)

scenario("the broker restarts under service and cars", { timeout = 60, alone = true }, function(t)
  local car, sleeper = t:vehicle(), t:vehicle()
  local service = t:command_service { confirm_offline = 0.5, tap = { every = 2 } }

  car:wait_online()
  sleeper:wait_online()
  t:equal(service:command(car, unlock):await().status, "SUCCEEDED")
  sleeper:sleep()
  t:eventually(5, function() return service:presence(sleeper) == "offline" end)
  t:restart_cloud { down = 0.3 }
  -- Given while nobody has found out yet.
  local command = service:command(car, { locks = { all = "locked" } })
  local other = service:command(sleeper, unlock)
  t:equal(command:await(30).status, "SUCCEEDED")
  t:equal(other:await(30).status, "SUCCEEDED")
  t:equal(car.state.locks.all, "locked")
  t:is_true(service:connection().losses >= 1)
end)
