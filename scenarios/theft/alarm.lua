-- Somebody breaks in: the alarm goes off, the owner's app hears of it at once, and may silence it.

scenario("whatever {deed} does, the app hears of it with the reason", {
  cases = {
    { deed = "break_glass", reason = "glass" },
    { deed = "force_door", reason = "door", door = "front_left" },
    { deed = "tow", reason = "tilt" },
    { deed = "intrude", reason = "intrusion" },
  },
}, function(t, case)
  local car = t:vehicle():wait_online():wait_in_step()
  local app = t:companion()

  app:shadow(car)
  local told = app:events("accepted", { car = car })
  car[case.deed](car, case.door)
  t:equal(car.state.alarm.state, "triggered")
  local event = told:wait(5)
  while not (event.json.state.reported and event.json.state.reported.alarm) do
    event = told:wait(5)
  end
  t:equal(event.json.state.reported.alarm.state, "triggered")
  t:equal(event.json.state.reported.alarm.reason, case.reason)

  t:step("the owner silences it", function()
    t:equal(app:request(car, { alarm = { muted = true } }):await().status, "SUCCEEDED")
    t:equal(car.state.alarm.state, "muted")
    t:equal(car.state.horn.active, false)
    t:eventually(5, function() return app:shadow(car).reported.alarm.state == "muted" end)
  end)
end)

scenario("the alarm of a car asleep reaches the app all the same", function(t)
  local car = t:vehicle { sleep = true }:wait_online():wait_in_step()
  local app = t:companion()

  car:sleep()
  car:break_glass()
  t:eventually(20, function() return app:shadow(car).reported.alarm.state == "triggered" end)
  t:equal(car.state.tcu.wake_reason, "alarm")
  car:power_off()
end)
