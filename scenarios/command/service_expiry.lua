-- A command that cannot be delivered in time is dead: it ends EXPIRED or TIMED_OUT, and no car does it later.

local unlock = { locks = { all = "unlocked" } }

-- It sleeps, and the service knows it.
local function put_to_sleep(t, service, car)
  car:sleep()
  t:eventually(10, function() return service:presence(car) == "offline" end)
end

scenario("an unlock that expires while the car cannot be reached is never delivered", function(t)
  local car = t:vehicle()
  local service = t:command_service { confirm_offline = 0.2 }

  car:wait_online()
  put_to_sleep(t, service, car)
  t:sms_gateway { loss = 1 }
  local command = service:command(car, unlock, { expiry = 1 })
  local answer = command:await(5)
  t:equal(answer.status, "EXPIRED")
  t:equal(answer.reason, "EXPIRED")
  t:equal(command:statuses(), { "CREATED", "WAKING", "EXPIRED" })

  car:wake()
  car:wait_online()
  -- A later command proves that whatever waited for the car has arrived.
  t:equal(service:command(car, { lights = { low_beam = true } }):await().status, "SUCCEEDED")
  t:equal(car.state.locks.all, "locked")
  t:equal(command:status(), "EXPIRED")
end)

scenario("a request that was sent and not answered in time has timed out", function(t)
  local car = t:vehicle()
  local service = t:command_service { confirm_offline = 0.5 }

  car:wait_online()
  car:pin("locks", "timeout", { times = 1 })
  local command = service:command(car, unlock, { expiry = 1 })
  t:equal(command:await(5).status, "TIMED_OUT")
  t:equal(command:statuses(), { "CREATED", "SENT", "TIMED_OUT" })
  t:equal(car.state.locks.all, "locked")
end)

scenario("in the queue of an unreachable car each command dies at its own time", function(t)
  local car = t:vehicle { power = "off" }
  local service = t:command_service()

  local long = service:command(car, unlock, { expiry = 4 })
  local short = service:command(car, { lights = { low_beam = true } }, { expiry = 2 })
  t:equal(short:await().status, "EXPIRED")
  t:equal(short:statuses(), { "CREATED", "EXPIRED" }, "it never was its turn")
  t:is_true(not long:done())
  t:equal(long:await().status, "EXPIRED")
end)
