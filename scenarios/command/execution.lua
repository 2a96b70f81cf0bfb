-- AWS IoT Commands: an app starts an execution, the car answers it, and the service keeps the status and the time.

scenario("an execution unlocks a car", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local answer = app:execute(car, { locks = { all = "unlocked" } }):await()
  t:equal(answer.status, "SUCCEEDED")
  t:equal(car.state.locks.all, "unlocked")
end)

scenario("what the car will not do is rejected with its reason", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:unlock()
  car:open_door("front_left")
  local answer = app:execute(car, { locks = { all = "locked" } }):await()
  t:equal(answer.status, "REJECTED")
  t:equal(answer.reason, "DOOR_OPEN")
end)

scenario("an execution that nobody answers times out, and the car may still say better", function(t)
  local car = t:vehicle { power = "off" }
  local app = t:companion()

  local command = app:execute(car, { lights = { hazard = true } }, { timeout = 1 })
  local answer = command:await(5)
  t:equal(answer.status, "TIMED_OUT")
  t:equal(answer.reason, "$NO_RESPONSE_FROM_DEVICE")

  -- The request was not kept for the car; its word counts all the same.
  car:power_on()
  car:wait_online()
  t:equal(car.state.lights.hazard, false)
  local response = "$aws/commands/things/" .. car.name .. "/executions/" .. answer.executionId .. "/response/json"
  car:publish(response, { status = "FAILED", statusReason = { reasonCode = "TOO_LATE" } })
  t:eventually(5, function() return command:answer().status == "FAILED" end)
  t:equal(command:answer().reason, "TOO_LATE")
end)

scenario("an execution waits in the session of a car that sleeps", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:sleep()
  t:equal(app:execute(car, { locks = { all = "unlocked" } }, { timeout = 30 }):await(20).status, "SUCCEEDED")
end)

scenario("a car is told that its execution has ended already", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local base = "$aws/commands/things/" .. car.name .. "/executions/"
  local command = app:execute(car, { lights = { hazard = true } })
  local answer = command:await()
  car:subscribe(base .. "+/response/rejected/json")
  car:publish(base .. answer.executionId .. "/response/json", { status = "FAILED" })
  t:match(car:wait_message(base .. "#").payload, "TerminalStateReached")
  car:publish(base .. "unknown/response/json", { status = "SUCCEEDED" })
  t:match(car:wait_message(base .. "unknown/#").payload, "ResourceNotFound")
  t:equal(command:answer().status, "SUCCEEDED")
end)

scenario("an execution that takes long says that it goes on, and then how it ended", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:pin("lights", "delay:3s")
  local responses = car:events("out", { type = "PUBLISH", topic = "$aws/commands/#" })
  local command = app:execute(car, { lights = { hazard = true } }, { timeout = 20 })
  t:equal(responses:wait().json, { status = "IN_PROGRESS" })
  t:is_true(not command:done())
  t:equal(command:await(15).status, "SUCCEEDED")
  t:equal(responses:wait().json, { status = "SUCCEEDED" })
end)

scenario("what is done at once does not", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local responses = car:events("out", { type = "PUBLISH", topic = "$aws/commands/#" })
  t:equal(app:execute(car, { lights = { hazard = true } }):await().status, "SUCCEEDED")
  t:wait(2.5)
  t:equal(#responses:list(), 1)
end)
