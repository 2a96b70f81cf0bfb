-- A session keeps subscriptions and waiting messages for as long as the car asked for, and no longer.

-- QoS 1: what came before may come again.
local function wait_payload(car, topic, payload)
  while car:wait_message(topic).payload ~= payload do end
end

scenario("a session that is kept brings what came meanwhile", function(t)
  local car = t:vehicle { mqtt = { session_expiry = 60 } }:wait_online()
  local topic = "dt/fleetsim/" .. car.name .. "/notes"

  t:equal(car.connection.session_present, false)
  car:subscribe(topic, { qos = 1 })
  car:publish(topic, "before", { qos = 1 })
  wait_payload(car, topic, "before")
  car:sleep()
  car:wake()
  car:wait_online()
  t:is_true(car.connection.session_present)
  car:publish(topic, "after", { qos = 1 })
  wait_payload(car, topic, "after")
end)

scenario("a session that ends with the connection leaves nothing", function(t)
  local car = t:vehicle { mqtt = { session_expiry = 0 } }:wait_online()
  local topic = "dt/fleetsim/" .. car.name .. "/notes"

  car:subscribe(topic)
  car:sleep()
  car:wake()
  car:wait_online()
  t:equal(car.connection.session_present, false)
  car:publish(topic, "unheard", { qos = 1 })
  t:never(0.3, function() return car:messages(topic)[1] end)
end)

scenario("a session is over when its time is", function(t)
  local car = t:vehicle { mqtt = { session_expiry = 1 } }:wait_online()
  if car.connection.version ~= "5" then
    t:skip("a session of MQTT 3.1.1 has no expiry")
  end

  car:sleep()
  t:wait(3)
  car:wake()
  car:wait_online()
  t:equal(car.connection.session_present, false)
end)

scenario("a car may end its session with its last words", function(t)
  local car = t:vehicle { mqtt = { session_expiry = 60 } }:wait_online()
  if car.connection.version ~= "5" then
    t:skip("a DISCONNECT of MQTT 3.1.1 has no properties")
  end

  local app = t:companion()
  app:sees_online(car) -- begins to watch it
  car:disconnect { session_expiry = 0, reason_string = "going to be scrapped" }
  -- A busy broker may see the next connection before the end of this one.
  t:eventually(10, function() return app:sees_online(car) == false end)
  car:wake()
  car:wait_online()
  t:equal(car.connection.session_present, false)
end)
