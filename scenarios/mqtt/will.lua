-- The broker speaks for a car that it lost: at once, after a delay, or not at all if the car is back in time.

-- The will is retained, so that the car itself can see afterwards whether it was sent.
local function car_with_will(t, delay)
  local car = t:vehicle {
    mqtt = {
      session_expiry = 60,
      will = { topic = "dt/fleetsim/{thing}/lost", payload = "gone", qos = 1, retain = true, delay = delay },
    },
  }
  return car:wait_online(), "dt/fleetsim/" .. car.name .. "/lost"
end

-- What is retained there, and away with it.
local function take(car, topic)
  car:subscribe(topic)
  car:publish(topic, "end", { qos = 1 }) -- comes after what is retained
  local message = car:wait_message(topic)
  car:unsubscribe(topic)
  car:publish(topic, "", { retain = true })
  return message.payload
end

scenario("the will of a car that loses power is sent", function(t)
  local car, topic = car_with_will(t, 0)

  car:power_off()
  t:wait(0.2)
  car:power_on()
  car:wait_online()
  t:equal(take(car, topic), "gone")
end)

scenario("a car that says goodbye leaves no will", function(t)
  local car, topic = car_with_will(t, 0)

  car:sleep()
  car:wake()
  car:wait_online()
  t:equal(take(car, topic), "end")
end)

scenario("a car may ask for its will when it says goodbye", function(t)
  local car, topic = car_with_will(t, 0)
  if car.connection.version ~= "5" then
    t:skip("a DISCONNECT of MQTT 3.1.1 has no reason")
  end

  car:disconnect { reason = "Disconnect with Will Message" }
  t:equal(car.link, "asleep")
  t:wait(0.2)
  car:wake()
  car:wait_online()
  t:equal(take(car, topic), "gone")
end)

scenario("a delayed will is not sent if the car is back in time", function(t)
  local car, topic = car_with_will(t, 30)
  if car.connection.version ~= "5" then
    t:skip("a will of MQTT 3.1.1 has no delay")
  end

  car:power_off()
  t:wait(0.2)
  car:power_on()
  car:wait_online()
  t:equal(take(car, topic), "end")
end)

scenario("a delayed will is sent when the delay is over", function(t)
  if t:is_virtual() then
    t:skip("the broker counts the delay in real seconds")
  end
  local car, topic = car_with_will(t, 1)
  if car.connection.version ~= "5" then
    t:skip("a will of MQTT 3.1.1 has no delay")
  end
  local app = t:companion()
  app:subscribe(topic)

  car:power_off()
  t:equal(app:wait_message(topic, 20).payload, "gone")
  car:power_on()
  car:wait_online()
  t:equal(take(car, topic), "gone")
end)
