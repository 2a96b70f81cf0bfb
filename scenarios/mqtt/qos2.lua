-- QoS 2 where the broker takes it, and a refusal with the broker's own words where it does not.

scenario("a message of QoS 2 arrives once, or is refused by name", function(t)
  local car = t:vehicle():wait_online()
  local topic = "dt/fleetsim/" .. car.name .. "/trip"

  if car.connection.maximum_qos < 2 then
    local ok, why = pcall(function() car:publish(topic, "12.5 km", { qos = 2 }) end)
    t:equal(ok, false)
    t:match(why, "QoS 2")
    t:is_true(why:find("Maximum QoS is 1") or why:find("profile aws"), why)
    t:match(car:timeline(), "not sent: .*QoS 2")
    return
  elseif car.connection.version ~= "5" then
    t:skip("an MQTT 3.1.1 broker does not say which QoS it takes")
  end
  car:subscribe(topic, { qos = 2 })
  t:equal(car:publish(topic, "12.5 km", { qos = 2 }).reason_code, 0)
  local message = car:wait_message(topic)
  t:equal(message.qos, 2)
  t:equal(message.payload, "12.5 km")
  t:never(0.3, function() return car:messages(topic)[1] end)
end)
