-- What people do at the car shows in the app.

scenario("the app sees the driver open and close a door", function(t)
  local car = t:vehicle()
  local app = t:companion()
  local function door()
    local reported = app:shadow(car).reported
    return reported.doors and reported.doors.front_left
  end

  car:wait_online()
  car:unlock()
  car:open_door("front_left")
  t:eventually(5, function() return door() == "open" end)

  car:close_door("front_left")
  t:eventually(5, function() return door() == "closed" end)
end)

scenario("a locked door does not open", function(t)
  local car = t:vehicle { power = "off" }

  local opened, why = pcall(car.open_door, car, "front_left")
  t:equal(opened, false)
  t:equal(why.code, "DOOR_LOCKED")
  t:equal(car.state.doors.front_left, "closed")

  car:open_door("hood") -- the bonnet has no remote lock
  t:equal(car.state.doors.hood, "open")
end)

scenario("the driver may undo what was desired: the car does not fight", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  app:desire(car, { locks = { all = "unlocked" } }):await()
  car:lock()
  t:eventually(5, function() return app:shadow(car).reported.locks.all == "locked" end)

  t:never(0.6, function() return car.state.locks.all ~= "locked" end,
    "the same wish is not a new one, although the cloud repeats the difference")
end)
