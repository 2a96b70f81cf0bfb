-- Faults are pending, then confirmed, then cleared, service falls due, and the health of the car sums it up.

local physics = require "parts.physics"

local function trip(car)
  car:drive(50)
  physics.skip(car, 60)
  car:stop()
  physics.skip(car, 60)
end

scenario("a fault is pending in the first trip and confirmed in the second", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:fault("P0D26")
  physics.skip(car, 600)
  t:equal(car.state.faults.pending, "", "nothing is diagnosed while parked")
  trip(car)
  t:equal(car.state.faults.pending, "P0D26")
  t:equal(car.state.faults.lamp, false)
  t:equal(car.state.faults.freeze_code, "P0D26")
  t:equal(car.state.faults.freeze_speed, 50)
  trip(car)
  t:equal(car.state.faults.codes, "P0D26")
  t:equal(car.state.faults.lamp, true)
  t:equal(car.state.health.status, "faulty")

  t:equal(app:request(car, { faults = { codes = "" } }):await().status, "SUCCEEDED")
  t:equal(car.state.faults.count, 0)
  t:equal(car.state.health.status, "good")
  trip(car)
  t:equal(car.state.faults.pending, "P0D26", "it has not been mended")
  car:repair("P0D26")
  trip(car)
  t:equal(car.state.faults.pending, "")
end)

scenario("a matter of safety is confirmed at once; nobody clears it while driving", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:drive(80)
  car:fault("P0A80")
  t:equal(car.state.faults.codes, "P0A80")
  t:equal(app:request(car, { faults = { codes = "" } }):await().reason, "VEHICLE_MOVING")
  car:stop()
  car:wait_in_step()
  t:equal(app:request(car, { faults = { codes = "P0300" } }):await().reason, "INVALID_VALUE")
  t:is_true(not pcall(car.fault, car, "oil"))
end)

scenario("service is due by kilometres or by days", function(t)
  local car = t:vehicle { power = "off", state = { ["service.distance"] = 20000 } }
  car:drive(100)
  physics.skip(car, 600)
  t:is_true(not car.state.service.is_due)
  physics.skip(car, 200)
  car:stop()
  t:is_true(car.state.service.is_due)
  t:equal(car.state.health.status, "attention")
  car:service()
  t:is_true(not car.state.service.is_due)
  physics.skip(car, 1)
  t:equal(car.state.service.distance, 30000000)

  local old = t:vehicle { power = "off", state = { ["service.days"] = 2 } }
  physics.skip(old, 3 * 86400)
  t:is_true(old.state.service.is_due)
end)

scenario("faults appear by themselves in many kilometres", function(t)
  local seen = 0
  for _ = 1, 10 do
    local car = t:vehicle { model = "combustion_van", power = "off" }
    physics.body(car).faults.rate = 1000
    car:drive(100)
    physics.skip(car, 3600)
    car:stop()
    seen = seen + (car.state.faults.pending ~= "" and 1 or 0)
  end
  t:is_true(seen > 5, seen)
end)
