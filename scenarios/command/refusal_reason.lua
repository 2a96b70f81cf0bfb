-- A car that understands but will not says why: in the answer to a request, and in its shadow.

scenario("locking with a door open is refused, and the answer says why", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:unlock()
  car:open_door("rear_left")
  local answer = app:request(car, { locks = { all = "locked" } }):await()

  t:equal(answer.status, "REJECTED")
  t:equal(answer.reason, "DOOR_OPEN")
  t:match(answer.description, "rear_left")
  t:equal(car.state.locks.all, "unlocked")
end)

scenario("a refused desired state shows its reason in the shadow, and may be wished again", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:unlock()
  car:open_door("front_left")
  -- Before the cloud knows that it is unlocked, the wish to lock it differs from nothing.
  car:wait_in_step()
  local refused = app:desire(car, { locks = { all = "locked" } }):await()
  t:equal(refused.status, "REJECTED")
  t:equal(refused.reason, "DOOR_OPEN")
  t:equal(app:shadow(car).reported.refusal.reason, "DOOR_OPEN")
  t:equal(car.state.locks.all, "unlocked")

  car:close_door("front_left")
  local answer = app:desire(car, { locks = { all = "locked" } }):await()
  t:equal(answer.status, "SUCCEEDED")
  t:equal(car.state.locks.all, "locked")
end)

scenario("a moving car does not unlock", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:drive(50)
  local refused = app:request(car, { locks = { all = "unlocked" } }):await()
  t:equal(refused.reason, "VEHICLE_MOVING")

  car:stop()
  local done = app:request(car, { locks = { all = "unlocked" } }):await()
  t:equal(done.status, "SUCCEEDED")
end)

scenario("without a cable there is no charging, without charge no climate", function(t)
  local car = t:vehicle { state = { ["battery.state_of_charge"] = 8 } }
  local app = t:companion()

  car:wait_online()
  t:equal(app:request(car, { charging = { active = true } }):await().reason, "NOT_PLUGGED")
  local climate = app:request(car, { climate = { active = true } }):await()
  t:equal(climate.reason, "LOW_BATTERY")
  t:equal(climate.description, "the battery is at 8.0 %, 10 % are needed")
end)
