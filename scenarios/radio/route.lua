-- Coverage along the way: the car drives through a tunnel, and the signals show it.

scenario("a car drives through a tunnel and is on the network before and after it", { timeout = 120 }, function(t)
  t:needs_radio()
  local car = t:vehicle { radio = "lte_good", state = { ["driving.speed"] = 0 } }

  car:wait_online(30)
  t:is_true(car.state.connectivity.available)
  -- 100 metres of tunnel, 100 metres to the north of where it stands.
  local north = car.state.position.latitude + 150 / 111320
  car:coverage({ { latitude = north, longitude = car.state.position.longitude, radius = 50, profile = "tunnel" } },
    "lte_good")
  car:drive(120, 0)
  car:wait_until(function() return not car.state.connectivity.available end, 20)
  t:equal(car:radio().profile, "tunnel")
  t:equal(car.state.connectivity.signal_strength, -140)
  t:equal(car.state.connectivity.technology, "none")
  car:wait_until(function() return car.state.connectivity.available end, 20)
  t:equal(car:radio().profile, "lte_good")
  t:equal(car.state.connectivity.technology, "LTE")
  car:stop()
  car:wait_in_step(30)
end)
