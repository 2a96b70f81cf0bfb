-- Anything that happens can be waited for: packets, signals, states, stages of a command, what the app sees.

scenario("what a car goes through when it is unlocked", { tags = { "language" } }, function(t)
  local car = t:vehicle()

  t:equal(car:wait_event("state", { to = "online" }, 20).from, "syncing")
  local app = t:companion()
  local happened = car:events { "signal", "command" }
  local command = app:request(car, { locks = { all = "unlocked" } })

  t:is_true(command:wait_stage("started") >= 0)
  t:equal(command:await().status, "SUCCEEDED")

  -- The stream has kept all of it from the beginning.
  local signal = happened:wait()
  while signal.path ~= "locks.all" do
    signal = happened:wait()
  end
  t:equal(signal.value, "unlocked")
  local done = car:events("command", { stage = "done" })
  app:request(car, { locks = { all = "locked" } })
  done = done:wait()
  t:equal({ done.status, done.by, done.wishes }, { "SUCCEEDED", "request", { ["locks.all"] = "locked" } })
end)

scenario("a packet on its way", { tags = { "language" } }, function(t)
  local car, app = t:vehicle():wait_online(20), t:companion()
  local response = car:events("out", { type = "PUBLISH", topic = "cmd/fleetsim/+/response/#" })
  local command = app:request(car, { locks = { all = "unlocked" } })

  response = response:wait()
  t:equal(response.json.status, "SUCCEEDED")
  t:equal(response.qos, 1)
  local answer = command:await()
  t:equal(answer.requestId, response.json.requestId)
end)

scenario("what an app sees of a car", { tags = { "language" } }, function(t)
  local car, app = t:vehicle():wait_online(20), t:companion()
  local seen = app:events({ "accepted", "presence" }, { car = car })

  car.state.climate.target = 17
  local reported = app:wait_event("accepted", function(event)
    local state = event.car == car and event.json.state
    return state and state.reported and state.reported.climate
  end)
  t:equal(reported.json.state.reported.climate.target, 17)
  local deltas = app:events("delta", { car = car })
  app:desire(car, { climate = { target = 19 } })
  t:equal(deltas:wait().json.state, { climate = { target = 19 } })
  app:update(car, { state = { desired = { climate = { target = 20 } } }, version = 1 })
  t:equal(app:wait_event("rejected", { car = car, verb = "update" }).code, 409)

  local heard = app:events({ "message", "response" })
  app:subscribe("dt/fleetsim/" .. car.name .. "/notes")
  car:publish("dt/fleetsim/" .. car.name .. "/notes", { weather = { sun = true } })
  t:equal(heard:wait().json, { weather = { sun = true } })
  local command = app:request(car, { climate = { target = 18 } })
  local answer
  repeat
    answer = heard:wait().json -- the note may come again (QoS 1)
  until answer.status
  t:equal(answer.status, command:await().status)

  car:drop_connection()
  t:equal(app:wait_event("presence", { car = car, connected = false }).client_initiated, false)
  t:is_true(#seen:list() >= 2)
end)

scenario("the first of many cars", { tags = { "language" } }, function(t)
  local fleet = t:fleet { count = 3, power = "off" }
  local second = fleet[2]

  t:spawn(function()
    t:wait(0.01)
    second:unlock()
  end)
  local event = fleet:wait_event("signal", { path = "locks.all", value = "unlocked" })
  t:equal(event.car, second)
end)
