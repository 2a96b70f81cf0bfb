-- A car that reports what is not so, or without end; and a cloud that keeps something else than it was told.

scenario("the oracle sees a report that is not what the signals are", function(t)
  local car = t:vehicle { model = "compact_ev" }

  car:wait_online(10)
  t:sabotage("reports_wrong", car)
  t:expect_violation("report.matches-signals", function()
    car:set("doors.front_left", "open")
  end)
  t:expect_violation("twin.agrees") -- and so the shadow is wrong, once things are quiet
end)

scenario("the oracle sees a car that answers its own echo", function(t)
  local car = t:vehicle { model = "compact_ev" }

  car:wait_online(10):wait_in_step(10)
  t:sabotage("echoes", car)
  -- No other signal follows it, which an echo would report as it was before.
  t:expect_violation("shadow.no-echo-loop", function()
    car:set("charging.limit", 75)
  end)
end)

scenario("the oracle sees a shadow that is not what the car reported", function(t)
  local car = t:vehicle { model = "compact_ev" }

  car:wait_online(10)
  t:sabotage("stores_wrong", car)
  t:expect_violation("twin.agrees")
  car:set("doors.front_left", "open")
end)
