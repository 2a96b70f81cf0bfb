-- What a car collects can be said in its model, for all cars of that model.

scenario("a model says what its cars collect", function(t)
  local car = t:vehicle { model = "reporting_car" }
  local app = t:companion()
  app:subscribe("dt/fleetsim/" .. car.name .. "/telemetry")
  car:wait_online()

  local function wait_sample(signal, value)
    local sample
    repeat
      local report, why = decode_telemetry(app:wait_message("dt/fleetsim/+/telemetry", 10))
      t:is_true(report, why)
      sample = report.samples[1]
    until sample.signal == signal and sample.value == value
  end

  t:equal(app:request(car, { locks = { all = "unlocked" } }):await().status, "SUCCEEDED")
  wait_sample("locks.all", "unlocked")
  car:reload() -- and go on after it
  car:wait_in_step()
  car:lock()
  wait_sample("locks.all", "locked")
end)
