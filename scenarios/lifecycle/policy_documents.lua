-- Policy documents: variables and wildcards as AWS IoT has them, a car that may not connect, and wrong documents.

-- contract 7.2: iot:Connection.Thing.Attributes and IsAttached.
scenario("a policy by an attribute of the thing holds for the cars that have it", function(t)
  t:needs_local_cloud()
  local red, blue = t:vehicle():wait_online(), t:vehicle():wait_online()
  local app = t:companion()
  local name = "colours-" .. t:random(100000)

  app:set_thing(red, { attributes = { colour = "red" } })
  app:set_thing(blue, { attributes = { colour = "blue" } })
  app:put_policy(name, {
    Effect = "Allow", Action = "iot:Publish", Resource = "topic/colours/${iot:Connection.Thing.Attributes[colour]}/*",
    Condition = { Bool = { ["iot:Connection.Thing.IsAttached"] = "true" } },
  })
  app:attach_policy(name, red)
  app:attach_policy(name, blue)
  t:is_true(app:test_policy(red, "publish", "colours/red/hello").allowed)
  t:is_true(app:test_policy(blue, "publish", "colours/blue/hello").allowed)
  local decision = app:test_policy(blue, "publish", "colours/red/hello")
  t:equal(decision.allowed, false)
  t:equal(decision.policy, nil) -- no statement is about it
  app:set_thing(blue, { attributes = { colour = "red" } })
  t:is_true(app:test_policy(blue, "publish", "colours/red/hello").allowed)
end)

-- contract 7.1: + and # stand for themselves in a policy: denying a filter with # denies that filter, and none that it
-- would match.
scenario("a wildcard of MQTT is none of a policy", function(t)
  t:needs_local_cloud()
  local car = t:vehicle():wait_online()
  local app = t:companion()
  local name, base = "literal-" .. t:random(100000), "dt/fleetsim/" .. car.name

  app:put_policy(name, { Effect = "Deny", Action = "iot:Subscribe", Resource = "topicfilter/" .. base .. "/#" })
  app:attach_policy(name, car)
  t:equal(app:test_policy(car, "subscribe", base .. "/#").sid, nil)
  t:equal(app:test_policy(car, "subscribe", base .. "/#").allowed, false)
  t:is_true(app:test_policy(car, "subscribe", base .. "/notes").allowed)
  t:equal(car:subscribe(base .. "/notes").reason_code, 1)
end)

-- Contract 7.3: CONNECT denied is CONNACK 0x87 on MQTT 5, a closed socket on 3.1.1; 2.3: connect_failed tells of it.
scenario("a car that may not connect is refused, and let in when it may", { timeout = 150 }, function(t)
  t:needs_local_cloud()
  local car = t:vehicle():wait_online()
  local app = t:companion()
  local version = car.connection.version
  local name, failed = "locked-out-" .. t:random(100000), "$aws/events/presence/connect_failed/" .. car.name

  app:subscribe(failed)
  app:put_policy(name, { Effect = "Deny", Action = "iot:Connect", Resource = "client/" .. car.name })
  app:attach_policy(name, car)
  car:drop_connection()
  local event = decode_json(app:wait_message(failed, 30).payload)
  t:equal(event.connectFailureReason, "AUTHORIZATION_FAILED")
  t:not_equal(car.link, "online")
  if version == "5" then
    t:match(car:timeline(), "0x87")
  end
  app:detach_policy(name, car)
  car:wait_online(120)
end)

-- contract 7.1: the broker tells of a will when it publishes it: a will that the car might not have connected with is
-- not published.
scenario("a will on a topic that the policy denies is not published", function(t)
  t:needs_local_cloud()
  local car = t:vehicle { mqtt = { will = { topic = "dt/fleetsim/{thing}/lost", payload = "gone", qos = 1 } } }
  local topic = "dt/fleetsim/" .. car:wait_online().name .. "/lost"
  local app = t:companion()
  local name = "no-will-" .. t:random(100000)

  app:subscribe(topic)
  app:put_policy(name, {
    Sid = "not-there", Effect = "Deny", Action = "iot:Connect", Resource = "*",
    Condition = { ArnEquals = { ["iot:LastWillTopic"] = "arn:aws:iot:eu-central-1:123456789012:topic/" .. topic } },
  })
  app:attach_policy(name, car)
  t:equal(app:test_policy(car, "connect", nil, { topic = topic }).sid, "not-there")
  t:is_true(app:test_policy(car, "connect", nil, { topic = topic .. "-elsewhere" }).allowed)
  t:is_true(app:test_policy(car, "connect").allowed)
  car:power_off()
  t:wait(1)
  t:equal(#app:messages(topic), 0)
  app:detach_policy(name, car)
  car:power_on()
  car:wait_online(20)
  car:power_off()
  t:equal(app:wait_message(topic, 10).payload, "gone")
end)

scenario("a wrong document is refused with its place, and changes nothing", function(t)
  t:needs_local_cloud()
  local car = t:vehicle():wait_online()
  local app = t:companion()
  local function refused(document, why)
    local ok, message = pcall(app.put_policy, app, "wrong", document)
    t:equal(ok, false)
    t:match(message, why)
  end

  refused({ Effect = "Deny", Action = "iot:Publsh", Resource = "*" },
    "Statement%[0%]: Action: \"iot:Publsh\": no action")
  refused({ Version = "2012-10-17", Statement = { Effect = "Deny", Action = "iot:*", Resource = "topic/a" } },
    "Statement%[0%]: Resource: \"topic/a\": no ARN")
  refused({ Effect = "Deny", Action = "iot:Publish", Resource = "topic/${iot:Thing.ThingName}" },
    "iot:Connection.Thing.ThingName")
  refused("{", "not JSON")
  refused({ Effect = "Deny", Action = "iot:Publish", Resource = "topic/" .. string.rep("x", 2048) },
    "AWS IoT allows 2048")
  t:is_true(app:test_policy(car, "publish", "dt/fleetsim/" .. car.name .. "/x").allowed)
end)
