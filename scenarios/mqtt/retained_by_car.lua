-- A retained message outlives the connection that sent it, and reaches whoever subscribes later.

scenario("a retained message is there when the car comes back", function(t)
  local car = t:vehicle():wait_online()
  local topic = "dt/fleetsim/" .. car.name .. "/parking"

  t:equal(car:publish(topic, "level 2", { qos = 1, retain = true }).reason_code < 0x80, true)
  car:sleep()
  car:wake()
  car:wait_online()
  t:equal(car:subscribe(topic, { qos = 1 }).reason, "Granted QoS 1")

  local message = car:wait_message(topic)
  t:equal(message.payload, "level 2")
  t:is_true(message.retain)

  -- An empty one takes it away; the live copy is not marked as retained.
  car:publish(topic, "", { retain = true })
  message = car:wait_message(topic)
  t:equal(message.payload, "")
  t:equal(message.retain, false)
  car:unsubscribe(topic)
  car:subscribe(topic)
  t:never(0.3, function() return car:messages(topic)[1] end)
end)

scenario("what is retained comes only when it is asked for", function(t)
  local car = t:vehicle():wait_online()
  if car.connection.version ~= "5" then
    t:skip("retain handling is MQTT 5's")
  end
  local topic = "dt/fleetsim/" .. car.name .. "/mode"

  car:publish(topic, "valet", { retain = true })
  car:subscribe(topic, { retain_handling = 2 })
  t:never(0.3, function() return car:messages(topic)[1] end)
  car:subscribe(topic, { retain_handling = 0 })
  t:equal(car:wait_message(topic).payload, "valet")
  car:publish(topic, "", { retain = true })
end)
