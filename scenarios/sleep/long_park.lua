-- Weeks at an airport: the car calls home once a day, its session is forgotten, and at last its 12 V battery is flat.

local day = 86400

scenario("parked for 30 days, its timer wakes it once a day", { timeout = 300 }, function(t)
  t:needs_virtual_time()
  local car = t:vehicle { sleep = true }:wait_online()
  local began = car:clock()
  local app = t:companion()
  local wakes = 0

  car:wait_until(function() return car.state.tcu.state == "standby" end, day)
  car:wait_for("asleep")
  for _ = 1, 30 do
    local version = app:shadow(car).version
    car:wait_online(day + 600)
    wakes = wakes + 1
    t:equal(car.state.tcu.wake_reason, "timer")
    car:wait_for("asleep", 600)
    t:equal(car.state.tcu.state, "deep_sleep", "it returns to where it was")
    t:is_true(app:shadow(car).version > version)
  end
  t:equal(wakes, 30)
  t:near((car:clock() - began) / day, 30, 1)
  t:is_true(car.state.low_voltage.charge > 50)
end)

scenario("an old 12 V battery does not last for 30 days; a jump start helps", { timeout = 300 }, function(t)
  t:needs_virtual_time()
  local car = t:vehicle { sleep = true, state = { ["low_voltage.charge"] = 30 } }:wait_online()
  local began = car:clock()
  local app = t:companion()

  car:wait_for("off", 40 * day)
  local days = (car:clock() - began) / day
  t:is_true(days > 15 and days < 30, days)
  t:equal(car.state.tcu.state, "off")
  t:equal(car:sms():await(2 * day), "expired", "there is nobody to take it")
  car:jump_start()
  car:wait_online(20)
  t:equal(car.state.tcu.state, "awake")
  t:is_true(car.state.low_voltage.charge >= 30)
  t:eventually(20, function() return app:shadow(car).reported.tcu.state == "awake" end)
end)

scenario("after 30 days its session is gone: what was desired is obeyed, what was requested is lost", { timeout = 300 },
  function(t)
    t:needs_virtual_time()
    local car = t:vehicle { sleep = true }:wait_online()
    if car.connection.version ~= "5" then
      t:skip("a session of MQTT 3.1.1 has no expiry")
    end
    local app = t:companion()

    car:wait_until(function() return car.state.tcu.state == "standby" end, day)
    car:wait_for("asleep")
    car.state.tcu.sleeps = false -- nothing wakes it but a text message
    t:wait(30 * day)
    t:equal(car.link, "asleep")
    local lost = app:request(car, { lights = { high_beam = true } }, { expiry = 3600, wake = false })
    app:desire(car, { locks = { all = "unlocked" } }, { wake = false })
    t:equal(car:sms():await(10), "delivered")
    car:wait_online(20)
    t:is_true(not car.connection.session_present, "the broker has forgotten it")
    t:eventually(20, function() return app:shadow(car).reported.locks.all == "unlocked" end)
    t:wait(60)
    t:is_true(not lost:done(), "a request is for those who are there, or have a session")
    t:is_true(not car.state.lights.high_beam)
    t:equal(app:request(car, { lights = { high_beam = true } }):await(10).status, "SUCCEEDED")
  end)

scenario("after a short sleep its session is still there, and a request waits in it", function(t)
  t:needs_virtual_time()
  local car = t:vehicle { sleep = true }:wait_online()
  local app = t:companion()

  car:wait_until(function() return car.state.tcu.state == "standby" end, day)
  car:wait_for("asleep")
  t:wait(1800)
  local command = app:request(car, { lights = { high_beam = true } }, { expiry = 3600, wake = false })
  car:sms()
  t:equal(command:await(30).status, "SUCCEEDED")
  t:is_true(car.connection.session_present)
end)
