-- A trouble code lights the lamp, the app reads it with what the car was doing, and clears it when the car stands.

scenario("a matter of safety is in the shadow at once, with its freeze frame", function(t)
  local car = t:vehicle():wait_online():wait_in_step()
  local app = t:companion()

  app:shadow(car)
  car:drive(80)
  car:fault("P0A80")
  local reported = t:eventually(10, function()
    local now = app:shadow(car).reported
    return now.faults and now.faults.codes == "P0A80" and now.health.status == "faulty" and now
  end)
  t:equal(reported.faults.count, 1)
  t:equal(reported.faults.lamp, true)
  t:equal(reported.faults.freeze_code, "P0A80")
  t:equal(reported.faults.freeze_speed, 80)

  t:equal(app:request(car, { faults = { codes = "" } }):await().reason, "VEHICLE_MOVING")
  car:stop()
  car:wait_in_step()
  t:equal(app:request(car, { faults = { codes = "" } }):await().status, "SUCCEEDED")
  t:eventually(5, function()
    local now = app:shadow(car).reported
    return now.faults.count == 0 and now.health.status == "good"
  end)
end)
