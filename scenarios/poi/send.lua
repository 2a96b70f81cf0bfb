-- An app sends a place to the car: it is there when the driver gets in, who goes there or does not.

local museum = { navigator = { poi_name = "Museum", poi_latitude = 48.1750, poi_longitude = 11.5560 } }

scenario("a place that was sent to a parked car becomes the destination when the driver says so", function(t)
  local car = t:vehicle():wait_online():wait_in_step()
  local app = t:companion()

  t:equal(app:desire(car, museum):await().status, "SUCCEEDED")
  t:eventually(5, function()
    local navigator = app:shadow(car).reported.navigator
    return navigator and navigator.offer == "shown" and navigator.poi_name == "Museum"
  end)
  car:accept_place()
  t:equal(car.state.navigator.destination, "Museum")
  t:near(car.state.navigator.distance, 4500, 500)
  t:eventually(5, function() return app:shadow(car).reported.navigator.destination == "Museum" end)
end)

scenario("a place waits for a car asleep, and does not wake it if the app says so", function(t)
  local car = t:vehicle():wait_online()
  local app = t:companion()

  car:sleep()
  local sent = app:desire(car, museum, { wake = false })
  t:wait(0.5)
  t:equal(car.link, "asleep")
  car:wake() -- the driver has come
  t:equal(sent:await().status, "SUCCEEDED")
  t:equal(car.state.navigator.offer, "shown")
end)

scenario("a driver on the road may decline, and the app hears it", function(t)
  local car = t:vehicle():wait_online()
  local app = t:companion()

  car:drive(50)
  car:decide_on_places(false)
  local refused = app:request(car, museum):await()
  t:equal(refused.status, "REJECTED")
  t:equal(refused.reason, "DRIVER_DECLINED")
  t:equal(car.state.navigator.destination, "")
  car:decide_on_places(true)
  t:equal(app:request(car, museum):await().status, "SUCCEEDED")
  t:equal(car.state.navigator.destination, "Museum")
  t:equal(app:request(car, { navigator = { poi_latitude = 1.0 } }):await().reason, "INVALID_VALUE")
  car:stop()
end)
