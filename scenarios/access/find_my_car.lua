-- A car that its owner has lost sight of flashes and honks when the app asks, and nothing stays desired.

scenario("the car flashes twice and honks, and is dark and quiet afterwards", function(t)
  local car = t:vehicle():wait_online()
  local app = t:companion()

  local flash = app:request(car, { indicators = { flashes = 2 } })
  car:wait_until(function() return car.state.lights.hazard or car.state.indicators.left end, 5)
  t:equal(flash:await().status, "SUCCEEDED")
  t:equal(app:request(car, { horn = { active = true, seconds = 0.5 } }):await().status, "SUCCEEDED")
  t:equal(car.state.lights.hazard, false)
  t:equal(car.state.horn.active, false)
  t:equal(app:shadow(car).desired.horn, nil)
end)
