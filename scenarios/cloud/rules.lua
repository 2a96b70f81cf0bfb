-- Rules of the cloud: basic ingest goes to its rule alone, and rules publish what they hear under other topics.

scenario("basic ingest reaches its rule and no subscriber", function(t)
  local car = t:vehicle()
  local app = t:companion()
  local ingest = "dt/fleetsim/" .. car.name .. "/trip"

  local rule = t:rule {
    republish = "dt/fleetsim/" .. car.name .. "/stored",
    payload = { km = "${payload}", from = "${topic(3)}", kind = "${topic(4)}", by = "${clientid()}" },
  }
  app:subscribe("dt/fleetsim/" .. car.name .. "/#")
  car:wait_online()
  car:publish("$aws/rules/" .. rule .. "/" .. ingest, "7.3")

  local stored = app:wait_message("dt/fleetsim/+/stored").payload
  for _, part in ipairs { '"km":7.3', '"from":"' .. car.name .. '"', '"kind":"trip"', '"by":"' .. car.name .. '"' } do
    t:is_true(stored:find(part, 1, true), stored .. " has " .. part)
  end
  t:equal(#app:messages(ingest), 0, "the trip itself is for the rule alone")
end)

scenario("what is ingested by a rule that nobody made is taken, and gone", function(t)
  local car = t:vehicle()
  local app = t:companion()

  app:subscribe("dt/fleetsim/" .. car.name .. "/#")
  car:wait_online()
  local answer = car:publish("$aws/rules/nobody/dt/fleetsim/" .. car.name .. "/trip", "7.3")
  t:is_true(answer.reason_code < 0x80)
  car:publish("dt/fleetsim/" .. car.name .. "/end", "")
  app:wait_message("dt/fleetsim/+/end")
  t:equal(#app:messages("dt/fleetsim/+/trip"), 0)
end)

scenario("a rule follows the cloud's own events", function(t)
  local car = t:vehicle { power = "off" }
  local app = t:companion()

  t:rule {
    topic = "$aws/events/presence/connected/" .. car.name,
    republish = "dt/fleetsim/${topic(5)}/seen",
    payload = { event = "${payload}" },
  }
  app:subscribe("dt/fleetsim/" .. car.name .. "/seen")
  car:power_on()
  t:match(app:wait_message("dt/fleetsim/+/seen").payload, '"eventType":"connected"')
end)

scenario("a rule is there after the cloud's broker was restarted", { timeout = 60, alone = true }, function(t)
  local car = t:vehicle()
  local app = t:companion()

  t:rule { topic = "dt/fleetsim/" .. car.name .. "/trip", republish = "dt/fleetsim/${topic(3)}/kept" }
  car:wait_online()
  app:subscribe("dt/fleetsim/" .. car.name .. "/kept")
  t:restart_cloud { down = 0.3 }
  car:wait_online(30)
  t:eventually(30, function()
    car:publish("dt/fleetsim/" .. car.name .. "/trip", "7.3")
    return #app:messages("dt/fleetsim/+/kept") > 0
  end)
end)

scenario("a rule that is none is an error at once", function(t)
  t:rule { topic = "dt/fleetsim/+/a", republish = "dt/fleetsim/b" } -- where none can be made, this skips
  local ok, why = pcall(t.rule, t, { topic = "a", republish = "b/${vin}" })
  t:is_true(not ok)
  t:match(why, "an unknown")
  ok, why = pcall(t.rule, t, { topic = "a", file = "a.jsonl" })
  t:is_true(not ok)
  t:match(why, "scripts reach neither files nor servers")
end)
