-- The cable is locked while the car charges: the app lets it go, a thief does not.

scenario("the app unlocks the cable, and charging ends", function(t)
  local car = t:vehicle():wait_online():wait_in_step()
  local app = t:companion()

  car:plug_in(11)
  t:eventually(5, function()
    local charging = app:shadow(car).reported.charging
    return charging and charging.cable_locked and charging.active
  end)
  t:equal(app:request(car, { charging = { flap = "closed" } }):await().reason, "PLUGGED_IN")
  t:equal(app:request(car, { charging = { cable_locked = false } }):await().status, "SUCCEEDED")
  t:equal(car.state.charging.active, false)
  car:unplug()
  t:eventually(5, function()
    local charging = app:shadow(car).reported.charging
    return charging.state == "unplugged" and charging.flap == "closed"
  end)
end)

scenario("a lock that is stuck holds the cable, and the app hears why", function(t)
  local car = t:vehicle():wait_online()
  local app = t:companion()

  car:plug_in(11)
  car:jam_cable()
  t:equal(app:request(car, { charging = { cable_locked = false } }):await().reason, "CABLE_STUCK")
  local pulled, why = pcall(car.unplug, car)
  t:equal(pulled, false)
  t:equal(why.code, "CABLE_STUCK")
  t:is_true(car.state.charging.active)
  car:jam_cable(false)
  t:equal(app:request(car, { charging = { cable_locked = false } }):await().status, "SUCCEEDED")
end)
