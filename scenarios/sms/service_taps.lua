-- A command service taps a sleeping car on the shoulder, again and again, and sends the command once the car listens.

local unlock = { locks = { all = "unlocked" } }

-- It sleeps, and the service knows it.
local function put_to_sleep(t, service, car)
  car:sleep()
  t:eventually(10, function() return service:presence(car) == "offline" end)
end

scenario("the service wakes a sleeping car and sends the command then", function(t)
  local car = t:vehicle()
  local service = t:command_service { confirm_offline = 0.5 }

  car:wait_online()
  put_to_sleep(t, service, car)
  local command = service:command(car, unlock)
  t:equal(command:await(20).status, "SUCCEEDED")
  t:equal(command:statuses(), { "CREATED", "WAKING", "SENT", "SUCCEEDED" })
  t:equal(car.state.locks.all, "unlocked")
  t:equal(service:presence(car), "online")
end)

scenario("lost text messages are repeated until one arrives", function(t)
  local car = t:vehicle()
  local service = t:command_service { confirm_offline = 0.2, tap = { every = 0.5, backoff = 1.2, most = 20 } }

  car:wait_online()
  put_to_sleep(t, service, car)
  t:sms_gateway { loss = 1 }
  local command = service:command(car, unlock)
  command:await_status("WAKING")
  t:wait(1.5)
  t:equal(car.link, "asleep")
  t:equal(command:statuses(), { "CREATED", "WAKING" })
  t:sms_gateway { loss = 0, delay = { 0.1, 0.2 } }
  t:equal(command:await(30).status, "SUCCEEDED")
end)

scenario("text messages that come twice, and taps that cross the car's waking, do no harm", function(t)
  local car = t:vehicle()
  local service = t:command_service { confirm_offline = 0.2, tap = { every = 0.1, backoff = 1, most = 5 } }

  t:sms_gateway { duplicates = 1, delay = { 0.1, 0.6 } }
  car:wait_online()
  put_to_sleep(t, service, car)
  local command = service:command(car, { horn = { active = true } })
  t:equal(command:await(20).status, "SUCCEEDED")
  t:equal(command:statuses(), { "CREATED", "WAKING", "SENT", "SUCCEEDED" })
end)

scenario("a new car is sent nothing before it has subscribed", function(t)
  local service = t:command_service { confirm_offline = 0.2, subscribe_within = 30 }
  local car = t:vehicle { power = "off" }

  local command = service:command(car, unlock, { expiry = 40 })
  command:await_status("WAKING")
  t:wait(0.5)
  t:equal(command:statuses(), { "CREATED", "WAKING" })
  car:power_on() -- its modem is off: no text message could
  t:equal(command:await(20).status, "SUCCEEDED")
  local seen = car:timeline(400)
  local subscribed, requested = seen:find("SUBSCRIBE", 1, true), seen:find("/request", 1, true)
  t:is_true(not requested or subscribed < requested, "on Paho packets are not in the timeline")
end)

scenario("a car in deep sleep hears of it with its next page", function(t)
  t:needs_virtual_time()
  local car = t:vehicle { sleep = true }
  local service = t:command_service()

  car:wait_online()
  car:wait_until(function() return car.state.tcu.state == "deep_sleep" end, 86400)
  local began = t:now()
  local command = service:command(car, unlock, { expiry = 300 })
  t:equal(command:await(300).status, "SUCCEEDED")
  t:is_true(t:now() - began > 8, "it boots for 8 seconds")
  -- A page each 82 seconds; 10 more on 3.1.1, whose sessions have no end: nobody says that the car still listens.
  t:is_true(t:now() - began < 115)
end)

scenario("a car that slept for a day is found again, though its version numbers begin anew", function(t)
  t:needs_virtual_time()
  local car = t:vehicle()
  local service = t:command_service()

  car:wait_online()
  for _ = 1, 3 do
    car:sleep()
    car:wake()
    car:wait_online()
  end
  car:sleep()
  t:wait(86400)
  t:equal(service:presence(car), "offline")
  local command = service:command(car, unlock, { expiry = 60 })
  t:equal(command:await(60).status, "SUCCEEDED")
  t:equal(service:presence(car), "online")
end)
