-- A parked car that sleeps: what wakes it, and how long that takes.

local function parked(t, options)
  options = options or {}
  options.sleep = true
  return t:vehicle(options):wait_online()
end

local function until_state(car, state)
  car:wait_until(function() return car.state.tcu.state == state end, 86400 * 2)
end

scenario("a parked car goes to standby, and from there into deep sleep", function(t)
  t:needs_virtual_time()
  local car = parked(t)
  local app = t:companion()

  t:equal(car.state.tcu.state, "awake")
  t:wait(280)
  t:equal(car.link, "online")
  until_state(car, "standby")
  car:wait_for("asleep")
  t:equal(app:shadow(car).reported.tcu.state, "standby")
  t:wait(8 * 3600 + 60)
  t:equal(car.state.tcu.state, "deep_sleep")
  t:equal(car.link, "asleep")
end)

scenario("a car asleep sends nothing", function(t)
  t:needs_virtual_time()
  local car = parked(t)
  local app = t:companion()

  until_state(car, "standby")
  car:wait_for("asleep")
  local version = app:shadow(car).version
  for _ = 1, 23 do
    t:wait(3600)
    t:equal(car.link, "asleep")
    t:equal(app:shadow(car).version, version)
  end
end)

scenario("a text message wakes it from standby in a second, from deep sleep with the next page", function(t)
  t:needs_virtual_time()
  local car = parked(t)
  local app = t:companion()

  until_state(car, "standby")
  car:wait_for("asleep")
  local began = car:clock()
  t:equal(app:request(car, { locks = { all = "unlocked" } }, { expiry = 60 }):await(30).status, "SUCCEEDED")
  local from_standby = car:clock() - began
  t:is_true(from_standby > 1 and from_standby < 5, from_standby)
  t:equal(car.state.tcu.wake_reason, "sms")
  t:match(car.state.tcu.last_sms_at, "^%d+-%d+-%d+T%d+:%d+:%d+Z$")

  until_state(car, "deep_sleep")
  began = car:clock()
  t:equal(app:desire(car, { locks = { all = "locked" } }):await(300).status, "SUCCEEDED")
  local from_deep_sleep = car:clock() - began
  t:is_true(from_deep_sleep > 8 and from_deep_sleep < 8 + 82 + 5, from_deep_sleep)
  t:equal(car.state.tcu.state, "awake")
end)

scenario("taps in deep sleep are seen as one, and taps while it boots do no harm", function(t)
  t:needs_virtual_time()
  local car = parked(t)

  until_state(car, "deep_sleep")
  for _ = 1, 3 do
    t:equal(car:sms():await(10), "delivered")
  end
  car:wait_until(function() return car.state.tcu.taps == 3 end)
  t:equal(car.state.tcu.state, "deep_sleep")
  until_state(car, "booting")
  car:sms()
  car:wait_online(30)
  car:sms()
  t:wait(5)
  t:equal(car.state.tcu.taps, 5)
  t:equal(car.state.tcu.state, "awake")
  t:equal(car.link, "online")
end)

scenario("it stays for the awake window after a command, no longer", function(t)
  t:needs_virtual_time()
  local car = parked(t)
  local app = t:companion()

  until_state(car, "standby")
  car:wait_for("asleep")
  app:desire(car, { lights = { low_beam = true } }):await(30)
  t:wait(110)
  t:equal(car.link, "online")
  t:wait(30)
  t:equal(car.link, "asleep")
end)

scenario("its driver wakes it", function(t)
  t:needs_virtual_time()
  local car = parked(t)

  until_state(car, "deep_sleep")
  car:unlock()
  t:equal(car.state.tcu.state, "booting")
  car:wait_online(20)
  t:equal(car.state.tcu.wake_reason, "driver")
  until_state(car, "deep_sleep")
  car:drive(50)
  car:wait_online(20)
  t:equal(car.state.tcu.wake_reason, "ignition")
  t:wait(3600)
  t:equal(car.link, "online", "while it drives it does not sleep")
  car:stop()
  until_state(car, "standby")
end)

scenario("its alarm wakes it", function(t)
  t:needs_virtual_time()
  local car = parked(t)
  local app = t:companion()

  until_state(car, "deep_sleep")
  car:break_glass()
  t:eventually(30, function() return app:shadow(car).reported.alarm.state == "triggered" end)
  t:equal(car.state.tcu.wake_reason, "alarm")
end)

scenario("charging wakes it, and keeps it awake until the battery is charged", function(t)
  t:needs_virtual_time()
  local car = parked(t, { state = { ["battery.state_of_charge"] = 60 } })

  until_state(car, "standby")
  car:wait_for("asleep")
  car:plug_in()
  car:wait_online(20)
  t:equal(car.state.tcu.wake_reason, "charging")
  car:wait_until(function() return car.state.charging.state == "complete" end, 86400)
  t:equal(car.link, "online")
  until_state(car, "standby")
end)

scenario("charging that begins in cheap hours wakes it", function(t)
  t:needs_virtual_time()
  local car = parked(t, { state = { ["battery.state_of_charge"] = 60, ["clock.time"] = "18:00" } })

  car.state.charging.schedule = "cheap"
  car:plug_in()
  until_state(car, "standby")
  t:equal(car.state.charging.state, "waiting")
  car:wait_until(function() return car.state.charging.active end, 86400)
  car:wait_online(20)
  t:equal(car.state.tcu.wake_reason, "charging")
end)

scenario("a car that does not sleep by itself stays as it is", function(t)
  t:needs_virtual_time()
  local car = t:vehicle():wait_online()

  t:wait(86400)
  t:equal(car.link, "online")
  car:sleep()
  t:wait(86400)
  t:equal(car.link, "asleep")
  car:sms()
  car:wait_online(5)
  t:equal(car.state.tcu.state, "awake")
end)
