-- Cars with a tank drive and heat on fuel until it runs dry, and a hybrid on electricity first.

local physics = require "parts.physics"

scenario("a van drives on fuel, runs dry and is filled up", function(t)
  local car = t:vehicle { model = "combustion_van", power = "off", state = { ["fuel.litres"] = 10 } }
  local start = car.state.driving.odometer

  car:drive(90)
  physics.skip(car, 1800)
  t:near(10 - physics.exact(car, "fuel.litres"), 0.45 * 9, 1.5, "litres for 45 km")
  physics.skip(car, 7200)
  t:equal(car.state.driving.speed, 0)
  t:equal(car.state.fuel.level, 0)
  t:near(car.state.driving.odometer - start, 110000, 25000)

  local drove, why = pcall(car.drive, car, 50)
  t:equal(drove, false)
  t:equal(why.code, "LOW_FUEL")
  car:refuel(40)
  t:equal(car.state.fuel.level, 50)
  car:drive(50)
end)

scenario("its heater warms the cabin and burns fuel", function(t)
  local car = t:vehicle { model = "combustion_van", state = { ["climate.outside_temperature"] = -5 } }
  local app = t:companion()

  car:wait_online()
  local before = physics.exact(car, "fuel.litres")
  t:equal(app:request(car, { climate = { active = true, target = 20 } }):await().status, "SUCCEEDED")
  physics.skip(car, 1500)
  t:is_true(car.state.climate.cabin_temperature > 10)
  t:near(before - physics.exact(car, "fuel.litres"), 0.25, 0.1)
end)

scenario("a hybrid drives on electricity first, then on fuel", function(t)
  local car = t:vehicle { model = "plug_in_hybrid_suv", power = "off" }
  local litres = physics.exact(car, "fuel.litres")

  car:drive(60)
  physics.skip(car, 600)
  t:equal(physics.exact(car, "fuel.litres"), litres)
  t:is_true(car.state.battery.state_of_charge < 80)
  physics.skip(car, 5400)
  t:is_true(physics.exact(car, "fuel.litres") < litres - 0.5)
  t:near(car.state.battery.state_of_charge, 17.5, 3.5)
  t:equal(car.state.driving.speed, 60)

  car:stop()
  car:plug_in(11)
  physics.skip(car, 60)
  t:near(car.state.charging.power, 3.7, 0.1)
  physics.skip(car, 5 * 3600)
  t:equal(car.state.battery.state_of_charge, 100)
end)
