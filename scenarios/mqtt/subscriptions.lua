-- Subscriptions of a car's own: options, identifiers, properties of messages, and the end of them.

scenario("a car hears itself, unless it does not want to", function(t)
  local car = t:vehicle():wait_online()
  if car.connection.version ~= "5" then
    t:skip("no_local is MQTT 5's")
  end
  local base = "dt/fleetsim/" .. car.name .. "/"

  local granted = car:subscribe({ base .. "a", base .. "c/#" }, { qos = 1 })
  t:equal(granted[base .. "a"].reason, "Granted QoS 1")
  t:equal(granted[base .. "c/#"].reason_code, 1)
  t:equal(car:subscribe(base .. "b", { no_local = true, qos = 0 }).reason, "Granted QoS 0")
  car:publish(base .. "b", "quiet", { qos = 1 })
  car:publish(base .. "a", "loud", { qos = 1 })
  t:equal(car:wait_message(base .. "+").payload, "loud")
  t:equal(#car:messages(), 0)
  t:equal(car:unsubscribe(base .. "a").reason, "Success")
  car:publish(base .. "a", "unheard", { qos = 1 })
  t:never(0.3, function() return car:messages()[1] end)
end)

scenario("messages carry their properties", function(t)
  local car = t:vehicle():wait_online()
  if car.connection.version ~= "5" then
    t:skip("properties are MQTT 5's")
  end
  local topic = "dt/fleetsim/" .. car.name .. "/trip"

  car:subscribe(topic)
  car:publish(topic, { km = 12.5 }, {
    content_type = "application/json", response_topic = "dt/answers", correlation = "\0\1trip",
    expiry = 60, user = { region = "eu" },
  })
  local message = car:wait_message(topic)
  t:match(message.payload, '"km":12.5')
  t:equal(message.content_type, "application/json")
  t:equal(message.response_topic, "dt/answers")
  t:equal(message.correlation, "\0\1trip")
  t:is_true(message.expiry <= 60)
  t:equal(message.user.region, "eu")
end)

scenario("messages name the subscription they come for", function(t)
  local car = t:vehicle():wait_online()
  if car.connection.version ~= "5" or not car.connection.subscription_identifiers then
    t:skip("the broker takes no subscription identifiers")
  end
  local topic = "dt/fleetsim/" .. car.name .. "/trip"

  local ok, why = pcall(function() car:subscribe(topic, { identifier = 4711 }) end)
  if not ok then
    t:match(why, "profile aws: a subscription identifier")
    t:skip(why)
  end
  car:publish(topic, "x", { qos = 1 })
  t:equal(car:wait_message(topic).subscription_identifier, 4711)
end)
