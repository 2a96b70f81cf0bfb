-- A car in quarantine: a policy of its group cuts off what it says, at once, and it is heard again when it is let go.

local quiet = { Sid = "quarantine", Effect = "Deny", Action = "iot:Publish", Resource = "topic/dt/*" }

local function quarantine_of(t, app)
  local name = "quarantine-" .. t:random(100000)
  app:put_policy(name, quiet)
  local group = app:create_group(name)
  app:attach_policy(name, group)
  return group, name
end

-- The cloud closes the connection of who publishes what it may not (contract 7.3), and says why in its lifecycle event.
scenario("a car that is put into quarantine is thrown out at its next word", { timeout = 120 }, function(t)
  t:needs_local_cloud()
  local car, other = t:vehicle():wait_online(), t:vehicle():wait_online()
  local app, version = t:companion(), car.connection.version
  local group, policy = quarantine_of(t, app)
  local ended = "$aws/events/presence/disconnected/" .. car.name
  app:subscribe { "dt/fleetsim/" .. car.name .. "/#", "dt/fleetsim/" .. other.name .. "/#", ended }

  car:telemetry("note", "before", 1)
  t:equal(app:wait_message("dt/fleetsim/" .. car.name .. "/note").payload, "before")
  group:add(car)
  local decision = app:test_policy(car, "publish", "dt/fleetsim/" .. car.name .. "/note")
  t:equal(decision.allowed, false)
  t:equal(decision.policy, policy)
  t:equal(decision.sid, "quarantine")

  car:telemetry("note", "during", 1)
  local event = decode_json(app:wait_message(ended).payload)
  if version == "5" then -- 3.1.1 has no word for it
    local why = "denied by policy " .. policy:gsub("%-", "%%-") .. ", Statement%[0%] %(quarantine%)"
    t:eventually(5, function() return car:timeline():match(why) end)
  end
  t:equal(event.disconnectReason, "AUTH_ERROR")
  t:equal(event.clientInitiatedDisconnect, false)
  other:telemetry("note", "free", 1)
  t:equal(app:wait_message("dt/fleetsim/" .. other.name .. "/note").payload, "free")
  for _, message in ipairs(app:messages("dt/fleetsim/" .. car.name .. "/note")) do
    t:equal(message.payload, "before") -- which may come twice
  end

  -- Let go, it comes back by itself; what it had said with QoS 1 is heard now.
  group:remove(car)
  car:wait_online(90)
  t:is_true(app:test_policy(car, "publish", "dt/fleetsim/" .. car.name .. "/note").allowed)
  car:telemetry("note", "after", 1)
  t:eventually(10, function()
    local messages = app:messages("dt/fleetsim/" .. car.name .. "/note")
    return #messages > 0 and messages[#messages].payload == "after"
  end)
end)

-- "Because this permission is checked on every delivery, you can use it to revoke permissions to clients that are
-- currently subscribed": delivery that iot:Receive denies is silent, and the connection stays (contract 7.1).
scenario("a car that may not receive hears no request, and keeps its connection", function(t)
  t:needs_local_cloud()
  local car = t:vehicle():wait_online():wait_in_step()
  local app = t:companion()
  local policy = app:put_policy("deaf-" .. t:random(100000),
    { Effect = "Deny", Action = "iot:Receive", Resource = "topic/cmd/fleetsim/*" })

  app:attach_policy(policy, car)
  local command = app:request(car, { locks = { all = "unlocked" } }, { expiry = 2 })
  t:never(1, function() return command:done() end, "nobody has heard it")
  t:equal(car.link, "online")
  t:equal(car.state.locks.all, "locked")

  app:detach_policy(policy, car)
  app:delete_policy(policy)
  t:equal(app:request(car, { locks = { all = "unlocked" } }):await().status, "SUCCEEDED")
end)
