-- Charging follows plug, limit and app, and tells the app as it goes.

scenario("charging stops at the limit", { timeout = 60 }, function(t)
  local car = t:vehicle { state = { ["battery.state_of_charge"] = 79.85 } }
  local app = t:companion()

  car:wait_online():wait_in_step()
  car:plug_in(150)
  t:eventually(5, function()
    local charging = app:shadow(car).reported.charging
    return charging.active and charging.power > 25
  end)
  t:eventually(24, function()
    return app:shadow(car).reported.battery.state_of_charge == 80
  end)
  t:eventually(5, function()
    local charging = app:shadow(car).reported.charging
    return not charging.active and charging.power == 0 and charging.plugged
  end)
  t:equal(car.state.battery.range, 280000)
end)

scenario("the app stops charging, raises the limit and starts again", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:plug_in(11)
  t:equal(app:request(car, { charging = { active = false } }):await().status, "SUCCEEDED")
  t:equal(car.state.charging.power, 0)

  local wish = { charging = { limit = 90, active = true } }
  t:equal(app:request(car, wish):await().status, "SUCCEEDED")
  t:is_true(car.state.charging.active)
  t:equal(car.state.charging.limit, 90)
  t:near(car.state.charging.time_left, 20 * 0.52 / (0.92 * 11) * 3600, 120, "20 % of 52 kWh at 11 kW, less losses")

  car:unplug()
  t:equal(car.state.charging.active, false)
end)

scenario("a charged car says that its limit is reached", function(t)
  local car = t:vehicle { state = { ["battery.state_of_charge"] = 85 } }
  local app = t:companion()

  car:wait_online()
  car:plug_in(11)
  t:equal(car.state.charging.active, false)
  t:equal(app:request(car, { charging = { active = true } }):await().reason, "LIMIT_REACHED")
end)
