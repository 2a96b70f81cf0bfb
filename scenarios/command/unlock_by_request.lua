-- The app sends a request with a response topic; the car's answer says how it went.

scenario("the app unlocks a car by request", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local answer = app:request(car, { locks = { all = "unlocked" } }, { expiry = 20 }):await()

  t:equal(answer.status, "SUCCEEDED")
  t:equal(car.state.locks.all, "unlocked")
  t:eventually(5, function()
    return app:shadow(car).reported.locks.all == "unlocked"
  end)
end)

scenario("a request without MQTT 5 properties is answered as well", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local answer = app:request(car, { locks = { all = "unlocked" } }, { bare = true }):await()

  t:equal(answer.status, "SUCCEEDED")
  t:equal(car.state.locks.all, "unlocked")
end)

scenario("the horn sounds once by request, and leaves nothing desired", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local command = app:request(car, { horn = { active = true } })
  car:wait_until(function() return car.state.horn.active end, 5)
  t:equal(command:await().status, "SUCCEEDED")
  t:equal(car.state.horn.active, false)
  t:equal(app:shadow(car).desired.horn, nil)
end)

scenario("a request that makes no sense is refused with a reason", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local unknown = app:request(car, { wings = { angle = 5 } }):await()
  t:equal(unknown.status, "REJECTED")
  t:equal(unknown.reason, "INVALID_COMMAND")
  t:match(unknown.description, "wings")

  local wrong = app:request(car, { locks = { all = "ajar" } }):await()
  t:equal(wrong.reason, "INVALID_COMMAND")
  t:match(wrong.description, "ajar")

  local too_hot = app:request(car, { climate = { target = 45 } }):await()
  t:equal(too_hot.reason, "INVALID_COMMAND")

  local sensor = app:request(car, { doors = { front_left = "open" } }):await()
  t:equal(sensor.reason, "INVALID_COMMAND")
  t:equal(car.state.doors.front_left, "closed")
end)
