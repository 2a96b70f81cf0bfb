-- What each part of the energy household promises.

local physics = require "parts.physics"

-- ---- charging -----------------------------------------------------------------------------------

scenario("in cheap hours only", function(t)
  local car = t:vehicle { state = { ["clock.time"] = "20:30", ["battery.state_of_charge"] = 50 } }
  local app = t:companion()

  car:wait_online()
  local wish = { charging = { schedule = "cheap", cheap_hours = "22:00-23:00, 02:00-06:00" } }
  t:equal(app:request(car, wish):await().status, "SUCCEEDED")
  car:plug_in(11)
  t:equal(car.state.charging.state, "waiting")
  physics.skip(car, 89 * 60)
  t:equal(car.state.charging.state, "waiting")
  physics.skip(car, 120)
  t:equal(car.state.charging.state, "charging", "from 22:00")
  physics.skip(car, 3600)
  t:equal(car.state.charging.state, "waiting", "from 23:00")
  physics.skip(car, 3 * 3600)
  t:equal(car.state.charging.state, "charging", "from 02:00")
  physics.skip(car, 4 * 3600)
  t:equal(car.state.battery.state_of_charge, 80)
  t:equal(car.state.charging.state, "complete")
end)

scenario("charged when it departs, and not long before", function(t)
  local car = t:vehicle { power = "off", state = {
    ["clock.time"] = "19:00", ["battery.state_of_charge"] = 50,
    ["charging.schedule"] = "departure", ["charging.departure"] = "07:00",
  } }

  car:plug_in(11)
  t:equal(car.state.charging.state, "waiting")
  physics.skip(car, 10 * 3600) -- 05:00
  t:is_true(car.state.battery.state_of_charge < 65)
  physics.skip(car, 2 * 3600)
  t:equal(car.state.battery.state_of_charge, 80)
end)

scenario("a wish for charging now overrules the hours", function(t)
  local car = t:vehicle { state = { ["clock.time"] = "12:00", ["charging.schedule"] = "cheap" } }
  local app = t:companion()

  car:wait_online()
  car:plug_in(11)
  t:equal(car.state.charging.state, "waiting")
  t:equal(app:request(car, { charging = { active = true } }):await().status, "SUCCEEDED")
  t:equal(car.state.charging.state, "charging")
end)

scenario("a time that is none is refused", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  for _, wish in ipairs {
    { charging = { departure = "25:00" } }, { charging = { cheap_hours = "at night" } },
    { climate = { departure = "soon" } },
  } do
    t:equal(app:request(car, wish):await().reason, "INVALID_VALUE", show(wish))
  end
end)

scenario("a jammed lock holds the cable", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:plug_in(11)
  t:is_true(car.state.charging.cable_locked)
  car:jam_cable()
  t:equal(app:request(car, { charging = { cable_locked = false } }):await().reason, "CABLE_STUCK")
  local unplugged, why = pcall(car.unplug, car)
  t:equal(unplugged, false)
  t:equal(why.code, "CABLE_STUCK")
  t:equal(car.state.charging.state, "charging")

  car:jam_cable(false)
  t:equal(app:request(car, { charging = { cable_locked = false } }):await().status, "SUCCEEDED")
  t:equal(car.state.charging.active, false)
  t:equal(app:request(car, { charging = { flap = "closed" } }):await().reason, "PLUGGED_IN")
  car:unplug()
  t:equal(car.state.charging.state, "unplugged")
end)

scenario("a cold pack charges slowly unless it is prepared", function(t)
  local function watts_after_a_minute(prepared)
    local car = t:vehicle { state = { ["battery.state_of_charge"] = 30, ["climate.outside_temperature"] = -10 } }
    local app = t:companion()
    car:wait_online()
    if prepared then
      t:equal(app:request(car, { battery = { conditioning = "fast_charging" } }):await().status, "SUCCEEDED")
      physics.skip(car, 3600)
      t:equal(car.state.battery.conditioning, "off")
    end
    car:plug_in(150)
    physics.skip(car, 60)
    return car.state.battery.power
  end
  t:is_true(watts_after_a_minute(true) > 2 * watts_after_a_minute(false))
end)

-- ---- climate ------------------------------------------------------------------------------------

scenario("warm at departure", function(t)
  local car = t:vehicle { state = { ["clock.time"] = "05:00", ["climate.outside_temperature"] = -5 } }
  local app = t:companion()

  car:wait_online()
  t:equal(app:request(car, { climate = { departure = "07:00" } }):await().status, "SUCCEEDED")
  physics.skip(car, 3600)
  t:equal(car.state.climate.active, false)
  t:is_true(car.state.climate.cabin_temperature < 0)
  physics.skip(car, 3600)
  t:near(car.state.climate.cabin_temperature, car.state.climate.target, 1)
end)

scenario("nobody comes, and the climate control switches itself off", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  app:request(car, { climate = { active = true } }):await()
  physics.skip(car, 29 * 60)
  t:is_true(car.state.climate.active)
  physics.skip(car, 2 * 60)
  t:equal(car.state.climate.active, false)
end)

scenario("a cabin in the sun gets hot, and cool again", function(t)
  local car = t:vehicle { state = { ["clock.time"] = "11:00", ["climate.outside_temperature"] = 28 } }
  local app = t:companion()

  car:wait_online()
  physics.skip(car, 3 * 3600)
  t:is_true(car.state.climate.cabin_temperature > car.state.climate.outside_temperature + 3)
  app:request(car, { climate = { active = true, target = 20 } }):await()
  physics.skip(car, 1500)
  t:near(car.state.climate.cabin_temperature, 20, 1.5)
end)

-- ---- 12 V ---------------------------------------------------------------------------------------

scenario("a car that never sleeps is flat after some days, until somebody helps", function(t)
  local car = t:vehicle()

  car:wait_online()
  physics.skip(car, 86400)
  t:equal(car.link, "online")
  physics.skip(car, 5 * 86400)
  t:equal(car.link, "off")
  t:is_true(car.state.low_voltage.voltage < 11.5)

  car:power_on()
  car:wait_for("off")
  car:jump_start()
  car:wait_online()
  car:drive(100)
  physics.skip(car, 1800)
  t:equal(car.state.low_voltage.voltage, 14.2)
  t:is_true(car.state.low_voltage.charge > 45)
end)

scenario("a car asleep lasts for weeks", function(t)
  local car = t:vehicle()

  car:wait_online()
  car:sleep()
  physics.skip(car, 30 * 86400)
  t:equal(car.link, "asleep")
  t:is_true(car.state.low_voltage.charge > 50)
  car:wake()
  car:wait_online()
end)

-- ---- tyres, battery -----------------------------------------------------------------------------

scenario("tyres follow the weather, and warm up on the road", function(t)
  local car = t:vehicle { power = "off", state = { ["climate.outside_temperature"] = 20 } }
  physics.settle(car)
  car.state.climate.outside_temperature = 0
  physics.skip(car, 7200)
  t:near(car.state.tyres.front_left, 217, 5)
  local cold = car.state.tyres.front_left
  car:drive(120)
  physics.skip(car, 1800)
  t:is_true(car.state.tyres.front_left > cold + 15)
end)

scenario("a slow puncture ends in a warning", function(t)
  local car = t:vehicle { power = "off" }

  car:puncture("rear_right", 0.01)
  physics.skip(car, 3600)
  t:is_true(car.state.tyres.warning == false)
  physics.skip(car, 3600)
  t:is_true(car.state.tyres.warning)
  t:is_true(car.state.tyres.rear_right_low)
  car:pump_up("rear_right")
  t:equal(car.state.tyres.warning, false)
end)

scenario("the range follows the driver", function(t)
  local car = t:vehicle { power = "off", state = { ["battery.state_of_charge"] = 100 } }

  car:drive(150)
  physics.skip(car, 1800)
  local fast = car.state.battery.range / car.state.battery.state_of_charge
  car:drive(50)
  physics.skip(car, 7200)
  local slow = car.state.battery.range / car.state.battery.state_of_charge
  t:is_true(fast < 3000 and slow > 4000, string.format("%g m and %g m for a percent", fast, slow))
end)

scenario("the shadow of a car stays small", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:wait_in_step()
  local length = #show(app:shadow(car).reported)
  t:is_true(length < 4000, "the reported section has " .. length .. " characters")
end)
