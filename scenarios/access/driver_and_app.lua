-- Driver and app at the same time: whoever comes second meets the car as the first has left it, and hears so.

scenario("the driver opens a door while the app locks: the car does not lock itself open", function(t)
  local car = t:vehicle():wait_online()
  local app = t:companion()

  car:unlock()
  car:wait_in_step()
  local lock = app:request(car, { locks = { all = "locked" } })
  car:open_door("front_left")
  local answer = lock:await()
  t:equal(answer.status, "REJECTED")
  t:equal(answer.reason, "DOOR_OPEN")
  t:equal(car.state.locks.front_left, "unlocked")
  t:eventually(5, function()
    local reported = app:shadow(car).reported
    return reported.doors.front_left == "open" and reported.locks.all ~= "locked"
  end)

  car:close_door("front_left")
  t:equal(app:request(car, { locks = { all = "locked" } }):await().status, "SUCCEEDED")
end)

scenario("key and app at the same moment: whoever wins, car, shadow and answer agree", function(t)
  local car = t:vehicle():wait_online():wait_in_step()
  local app = t:companion()

  local unlock = app:request(car, { locks = { all = "unlocked" } })
  t:wait(0.15)
  pcall(car.lock, car)
  unlock:await()
  car:wait_in_step()
  local locks = car.state.locks
  t:eventually(5, function() return app:shadow(car).reported.locks.all == locks.all end)
  for _, door in ipairs { "front_left", "front_right", "rear_left", "rear_right", "trunk" } do
    t:equal(app:shadow(car).reported.locks[door], locks[door])
  end
end)
