-- A workshop far away reads a car's faults and data, clears them and runs routines, as far as that is safe.

local function connected(t)
  local car = t:vehicle { model = "serviced_car" }
  local app = t:companion()
  car:wait_online()
  return car, app
end

local function refused(t, answer, reason)
  t:equal(answer.status, "REJECTED")
  t:equal(answer.reason, reason)
end

scenario("faults are read by control unit, with what was frozen when the first was found", function(t)
  local car, app = connected(t)

  t:equal(app:diagnose(car, "read_faults").components, {})
  car:drive(40)
  car:fault("P0A80")
  car:fault("C0035")
  local faults = app:diagnose(car, "read_faults").components
  t:equal(faults.powertrain.faults[1].code, "P0A80")
  t:equal(faults.powertrain.faults[1].status, "confirmed")
  t:equal(faults.powertrain.faults[1].occurrence_count, 1)
  t:equal(faults.chassis.faults[1].status, "pending")
  t:equal(faults.powertrain.faults[1].freeze_frame, nil)

  local frame = app:diagnose(car, "read_freeze_frame").components.powertrain.faults[1].freeze_frame
  t:equal(frame["driving.speed"].unit, "km/h")
  t:is_true(frame["driving.speed"].value > 0)
end)

scenario("faults are not cleared while the car moves; what is broken comes back", function(t)
  local car, app = connected(t)

  car:drive(40)
  car:fault("P0A80")
  refused(t, app:diagnose(car, "clear_faults"), "VEHICLE_MOVING")
  car:stop()
  local answer = app:diagnose(car, "clear_faults")
  t:equal(answer.status, "SUCCEEDED")
  t:equal(answer.components, {})
  t:is_true(answer.latency_ms >= 1500)
  t:equal(car.state.faults.codes, "")
  car:drive(40)
  car:fault("P0A80")
  t:equal(car.state.faults.codes, "P0A80")
end)

scenario("data and identity are read", function(t)
  local car, app = connected(t)

  local answer = app:diagnose(car, "read_data", {
    parameters = { signals = { "battery.state_of_charge", "locks.all" } },
  })
  t:equal(answer.data["locks.all"].value, "locked")
  t:near(answer.data["battery.state_of_charge"].value, car.state.battery.state_of_charge, 0.1)
  t:equal(app:diagnose(car, "read_identity").data.vin, car.vin)
  refused(t, app:diagnose(car, "read_data", { parameters = { signals = { "warp.factor" } } }), "UNKNOWN_DATA")
  refused(t, app:diagnose(car, "read_data"), "INVALID_REQUEST")
end)

scenario("routines run where they are safe", function(t)
  local car, app = connected(t)
  local function routine(name)
    return app:diagnose(car, "run_routine", { parameters = { routine = name } })
  end

  t:equal(routine("self_test").result.result, "PASSED")
  t:equal(routine("seat_check").result.seats, 4)
  refused(t, routine("reset_service"), "SERVICE_ONLY")
  car:enter_workshop()
  t:equal(routine("reset_service").status, "SUCCEEDED")
  car:leave_workshop()
  car:drive(30)
  refused(t, routine("lamp_test"), "VEHICLE_MOVING")
  t:equal(routine("self_test").status, "SUCCEEDED")
  refused(t, routine("make_coffee"), "UNKNOWN_ROUTINE")
  refused(t, app:diagnose(car, "read_mind"), "UNKNOWN_COMMAND")
end)

scenario("a routine of the maker that goes wrong fails, and the car goes on", function(t)
  local car, app = connected(t)

  local answer = app:diagnose(car, "run_routine", { parameters = { routine = "broken" } })
  t:equal(answer.status, "FAILED")
  t:match(answer.description, "the maker has forgotten something")
  t:equal(app:diagnose(car, "read_identity").status, "SUCCEEDED")
end)

scenario("a request that comes twice is done once, and answered twice", function(t)
  local car, app = connected(t)

  car:drive(40)
  car:fault("P0A80")
  car:stop()
  local first = app:diagnose(car, "read_faults", { id = "twice" })
  car:repair()
  local second = app:diagnose(car, "read_faults", { id = "twice" })
  t:equal(second, first)
  t:equal(app:diagnose(car, "read_faults").components, {})
end)

scenario("a request waits while the car sleeps", function(t)
  local car, app = connected(t)

  app:diagnose(car, "read_identity")
  car:sleep()
  local woken
  t:spawn(function()
    wait(2)
    woken = true
    car:wake()
  end)
  t:equal(app:diagnose(car, "read_identity").data.vin, car.vin)
  t:is_true(woken)
end)
