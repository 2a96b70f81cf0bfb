-- A wish that is lost: the car forgets it over a reconnect, or the cloud does not pass it on.

scenario("the oracle sees a wish that the car forgets over a reconnect", function(t)
  local car = t:vehicle { model = "compact_ev" }
  local app = t:companion()

  car:wait_online(10)
  t:eventually(5, function() return car:in_step() end)
  car:sleep()
  t:sabotage("forgets_desired", car)
  t:expect_violation("desired.not-lost")
  app:desire(car, { locks = { all = "unlocked" } })
  car:wake()
  car:wait_online(10)
end)

scenario("the oracle sees a wish that the cloud does not pass on", function(t)
  local car = t:vehicle { model = "compact_ev" }
  local app = t:companion()

  car:wait_online(10)
  t:sabotage("drops_desired", car)
  t:expect_violation("desired.not-lost")
  app:desire(car, { locks = { all = "unlocked" } })
end)
