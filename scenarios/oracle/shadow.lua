-- A cloud whose shadow service is wrong: versions go back, deltas are inexact, documents change by themselves or grow
-- past their limits.

scenario("the oracle sees versions go back", function(t)
  local car = t:vehicle { model = "compact_ev" }

  car:wait_online(10)
  t:eventually(5, function() return car:in_step() end)
  t:sabotage("version_back", car)
  t:expect_violation("shadow.version-rises", function()
    car:set("doors.front_left", "open")
  end)
end)

scenario("the oracle sees a delta that is not desired minus reported", function(t)
  local car = t:vehicle { model = "compact_ev" }
  local app = t:companion()

  car:wait_online(10)
  t:sabotage("inexact_delta", car)
  t:expect_violation("shadow.delta-exact", function()
    app:desire(car, { locks = { all = "unlocked" } }):await(5)
  end)
end)

scenario("the oracle sees a document that nobody has written so", function(t)
  local car = t:vehicle { model = "compact_ev" }

  car:wait_online(10)
  t:eventually(5, function() return car:in_step() end)
  car:sleep()
  t:sabotage("changes_document", car)
  t:expect_violation("shadow.document-agrees")
  car:wake()
  car:wait_online(10)
end)

scenario("the oracle sees a document that is too large", function(t)
  local car = t:vehicle { model = "compact_ev", power = "off" }
  local app = t:companion()

  app:desire(car, { locks = { all = "unlocked" } })
  t:sabotage("oversize", car)
  t:expect_violation("shadow.within-limits")
  car:power_on()
  car:wait_online(10)
end)
