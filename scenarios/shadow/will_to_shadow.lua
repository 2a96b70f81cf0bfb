-- The shadow service does not listen to wills; a rule that publishes them again tells the shadow that the car is gone.

scenario("a car that loses power is shown as lost by its own shadow", function(t)
  local topic = "dt/fleetsim/{thing}/lost"
  local car = t:vehicle { mqtt = { will = { topic = topic, payload = '{"by":"will"}', qos = 1 } } }
  local app = t:companion()

  t:rule {
    topic = "dt/fleetsim/" .. car.name .. "/lost",
    republish = "$aws/things/${topic(3)}/shadow/update",
    payload = { state = { reported = { lost = "${payload}" } } },
  }
  car:wait_online():wait_in_step()
  car:power_off()
  t:eventually(10, function() return app:shadow(car).reported.lost end)
  t:equal(app:shadow(car).reported.lost, { by = "will" })
end)

scenario("a will that is aimed at the shadow itself does nothing", function(t)
  local topic = "$aws/things/{thing}/shadow/update"
  local will = { topic = topic, payload = '{"state":{"reported":{"lost":true}}}', qos = 1 }
  local car = t:vehicle { mqtt = { will = will } }
  local app = t:companion()

  app:sees_online(car)
  car:wait_online():wait_in_step()
  car:power_off()
  t:eventually(10, function() return app:sees_online(car) == false end)
  t:equal(app:shadow(car).reported.lost, nil)
end)
