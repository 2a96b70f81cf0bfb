-- A car that speaks when it must not: asleep, or before it can hear the answer; and a cloud that does not acknowledge.

scenario("the oracle sees a car talk in its sleep", function(t)
  local car = t:vehicle { model = "compact_ev" }

  car:wait_online(10)
  t:sabotage("talks_asleep", car)
  t:expect_violation("asleep.sends-nothing", 1)
  car:sleep()
end)

scenario("the oracle sees a car ask before it has subscribed", function(t)
  local car = t:vehicle { model = "compact_ev", power = "off" }

  t:sabotage("asks_too_soon", car)
  t:expect_violation("session.subscribed-before-request", 1)
  car:power_on()
  car:wait_online(10)
end)

scenario("the oracle sees a publish that is never acknowledged", { timeout = 300 }, function(t)
  t:needs_virtual_time()
  local car = t:vehicle { model = "compact_ev" }

  car:wait_online(10)
  t:eventually(5, function() return car:in_step() end)
  t:sabotage("swallows_puback", car)
  t:expect_violation("qos.puback-for-every-publish")
  car:set("doors.front_left", "open")
  t:wait(120) -- one and a half times keep-alive: by then a dead connection would have been found
end)
