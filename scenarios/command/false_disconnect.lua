-- A false disconnect: the car is back before anybody could call it offline, and no text message is sent.

local unlock = { locks = { all = "unlocked" } }

scenario("a car that comes back at once gets its command without a text message", function(t)
  local car = t:vehicle()
  local service = t:command_service { confirm_offline = 20 }

  car:wait_online()
  -- Whether the service hears of it before the car is back or not: nobody has to wake it.
  car:drop_connection()
  local command = service:command(car, unlock, { expiry = 30 })
  t:equal(command:await(30).status, "SUCCEEDED")
  t:equal(command:statuses(), { "CREATED", "SENT", "SUCCEEDED" }, "nobody tried to wake it")
  t:equal(service:presence(car), "online")
end)

scenario("a car that stays away is offline only when the delay is over", function(t)
  local car = t:vehicle()
  local service = t:command_service { confirm_offline = 1 }

  car:wait_online()
  car:sleep()
  local left = t:now()
  t:eventually(10, function() return service:presence(car) ~= "online" end)
  local command = service:command(car, unlock)
  t:is_true(command:await_status("WAKING") - left > 0.8)
  t:equal(command:await(20).status, "SUCCEEDED")
end)

scenario("a service may take a car's goodbye at its word", function(t)
  local car = t:vehicle()
  local service = t:command_service { confirm_offline = 20, trust_goodbye = true }

  car:wait_online()
  car:sleep()
  t:equal(service:command(car, unlock):await(15).status, "SUCCEEDED")
end)
