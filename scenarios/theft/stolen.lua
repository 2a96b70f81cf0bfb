-- A stolen car is tracked on a topic of its own, and stays where it is once it is immobilised.

scenario("from the alarm to the police: alarm, tracking, immobiliser", { timeout = 40 }, function(t)
  local car = t:vehicle():wait_online():wait_in_step()
  local service = t:command_service()
  local anna = service:user("anna", { cars = { car } })
  local phone = anna:app()
  local topic = "dt/fleetsim/" .. car.name .. "/tracking"

  t:step("it is towed, and the owner sees the alarm", function()
    phone:shadow(car)
    car:tow()
    t:eventually(5, function()
      local alarm = phone:shadow(car).reported.alarm
      return alarm and alarm.reason == "tilt"
    end)
  end)

  t:step("the owner reports it stolen, and it says where it is", function()
    phone:subscribe(topic)
    t:equal(service:command(car, { theft = { mode = "stolen" } }, { user = anna }):await().status, "SUCCEEDED")
    local first = decode_json(phone:wait_message(topic).payload)
    t:near(first.latitude, car:get("position.latitude"), 1e-4)
    local second = decode_json(phone:wait_message(topic, 10).payload)
    t:near(second.longitude, car:get("position.longitude"), 1e-4)
    t:eventually(5, function() return phone:shadow(car).reported.theft.mode == "stolen" end)
  end)

  t:step("it does not drive away", function()
    local stop = service:command(car, { theft = { immobilised = true } }, { user = anna })
    t:equal(stop:await().status, "SUCCEEDED")
    local drove, why = pcall(car.drive, car, 50)
    t:equal(drove, false)
    t:equal(why.code, "IMMOBILISED")
  end)

  t:step("it is found", function()
    local found = service:command(car, { theft = { mode = "off", immobilised = false } }, { user = anna })
    t:equal(found:await().status, "SUCCEEDED")
    t:equal(phone:wait_status(found, "SUCCEEDED").car, car.name)
    for _ = 1, #phone:messages(topic) do
      phone:wait_message(topic)
    end
    t:wait(6)
    t:equal(#phone:messages(topic), 0, "nobody is tracked any longer")
    car:drive(30)
    car:stop()
  end)
end)

scenario("a car that moves is not immobilised", function(t)
  local car = t:vehicle():wait_online()
  local service = t:command_service()

  car:drive(60)
  t:equal(service:command(car, { theft = { immobilised = true } }):await().reason, "VEHICLE_MOVING")
  car:stop()
end)
