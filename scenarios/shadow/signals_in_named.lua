-- A car keeps its comfort and charging in named shadows of their own, and each in step as if it were alone.

local comfort, charging = { name = "comfort" }, { name = "charging" }

local function new_car(t, more)
  local options = { model = "compact_ev_shadows" }
  for key, value in pairs(more or {}) do
    options[key] = value
  end
  return t:vehicle(options)
end

scenario("each shadow holds its own signals", function(t)
  local car, app = new_car(t), t:companion()

  car:wait_online():wait_in_step()
  local classic = app:shadow(car).reported
  t:equal(classic.locks.all, "locked")
  t:equal(classic.charging, nil)
  t:is_true(classic.climate.outside_temperature ~= nil, "which is the weather's")
  t:equal(app:shadow(car, comfort).reported.climate.target, 21)
  t:equal(app:shadow(car, comfort).reported.locks, nil)
  t:equal(app:shadow(car, charging).reported.charging.limit, 80)
end)

scenario("two shadows converge, and neither counts for the other", function(t)
  local car, app = new_car(t), t:companion()

  car:wait_online():wait_in_step()
  local before = { classic = car.shadow_version, comfort = car.shadow_versions.comfort,
    charging = car.shadow_versions.charging }

  -- The wish goes where its signal lives.
  local warm = app:desire(car, { climate = { target = 24 } })
  local full = app:desire(car, { charging = { limit = 90 } })
  t:equal(warm:await().status, "SUCCEEDED")
  t:equal(full:await().status, "SUCCEEDED")
  t:equal(app:shadow(car, comfort).desired, { climate = { target = 24 } })
  t:equal(app:shadow(car, charging).desired, { charging = { limit = 90 } })
  t:equal(app:shadow(car).desired, {})
  t:equal(car.state.climate.target, 24)
  t:equal(car.state.charging.limit, 90)

  car:wait_in_step()
  t:equal(car.shadow_versions.comfort, before.comfort + 2, "one wish, one report")
  t:equal(car.shadow_versions.charging, before.charging + 2)
  t:equal(car.shadow_version, before.classic)
end)

scenario("one request touches all of them, and each is told its own", function(t)
  local car, app = new_car(t), t:companion()

  car:wait_online():wait_in_step()
  local all = { locks = { all = "unlocked" }, climate = { target = 25 }, charging = { limit = 70 } }
  t:equal(app:request(car, all):await().status, "SUCCEEDED")
  t:eventually(5, function() return app:shadow(car).reported.locks.all == "unlocked" end)
  t:eventually(5, function() return app:shadow(car, comfort).reported.climate.target == 25 end)
  t:eventually(5, function() return app:shadow(car, charging).reported.charging.limit == 70 end)
end)

scenario("what is wished of comfort while the car sleeps is done when it wakes", function(t)
  local car, app = new_car(t), t:companion()

  car:wait_online():wait_in_step()
  car:sleep()
  local wish = app:desire(car, { climate = { target = 19 } }, { wake = false })
  t:never(2, function() return wish:done() end)
  car:wake()
  t:equal(wish:await().status, "SUCCEEDED")
  t:equal(car.state.climate.target, 19)
end)

scenario("a wish that was taken back meanwhile is not done, although its delta waited", function(t)
  local car, app = new_car(t), t:companion()

  car:wait_online():wait_in_step()
  car:sleep() -- the broker keeps the session, and the deltas in it
  app:desire(car, { climate = { target = 29 } }, { wake = false })
  app:desire(car, { charging = { limit = 60 } }, { wake = false })
  local back = app:update(car, { state = { desired = { climate = { target = null } } } }, comfort):await()
  t:equal(back.status, "SUCCEEDED")
  car:wake()
  car:wait_online():wait_in_step()
  t:equal(car.state.climate.target, 21, "taken back")
  t:equal(car.state.charging.limit, 60, "the other shadow's wish stands")
  t:equal(app:shadow(car, comfort).reported.climate.target, 21)
end)

scenario("a shadow that is deleted is made anew by the car, alone", function(t)
  local car, app = new_car(t), t:companion()

  car:wait_online():wait_in_step()
  app:desire(car, { climate = { target = 23 } }):await()
  car:wait_in_step()
  local others = { car.shadow_version, car.shadow_versions.charging }
  app:delete_shadow(car, comfort)
  t:eventually(5, function() -- what was wished went with it
    local shadow = app:shadow(car, comfort)
    return shadow.exists and next(shadow.desired) == nil and shadow.reported.climate.target == 23
  end)
  t:equal({ car.shadow_version, car.shadow_versions.charging }, others)
  t:equal(app:desire(car, { climate = { target = 22 } }):await().status, "SUCCEEDED")
end)

scenario("a version that is not the present one is a conflict in its own shadow", function(t)
  local car, app = new_car(t), t:companion()

  car:wait_online():wait_in_step()
  local version = app:shadow(car, comfort).version
  local wish = { state = { desired = { climate = { target = 26 } } }, version = version }
  t:equal(app:update(car, wish, comfort):await().status, "SUCCEEDED")
  local stale = app:update(car, wish, comfort):await()
  t:equal(stale.code, 409)
  t:equal(stale.message, "Version conflict")
  t:eventually(5, function() return app:shadow(car, comfort).reported.climate.target == 26 end)
end)

scenario("what the car refuses of comfort, its classic shadow says", function(t)
  local car, app = new_car(t, { state = { ["battery.state_of_charge"] = 4 } }), t:companion()

  car:wait_online():wait_in_step()
  local answer = app:desire(car, { climate = { active = true } }):await()
  t:equal(answer.status, "REJECTED")
  t:equal(answer.reason, "LOW_BATTERY")
  t:equal(app:shadow(car).reported.refusal.reason, "LOW_BATTERY")
  t:equal(app:shadow(car, comfort).reported.climate.active, false)
end)

scenario("a wish in the wrong shadow is nobody's", function(t)
  local car, app = new_car(t), t:companion()

  car:wait_online():wait_in_step()
  app:update(car, { state = { desired = { climate = { target = 28 } } } }):await()
  app:update(car, { state = { desired = { locks = { all = "unlocked" } } } }, comfort):await()
  t:never(1, function() return car.state.climate.target == 28 or car.state.locks.all == "unlocked" end)
end)

scenario("one wish for two shadows is an error that says which signals", function(t)
  local car, app = new_car(t, { power = "off" }), t:companion()

  local ok, why = pcall(app.desire, app, car, { climate = { target = 24 }, locks = { all = "unlocked" } })
  t:is_true(not ok)
  t:match(why, 'locks.all lives in the classic shadow, climate.target in the shadow "comfort"')
end)
