-- A critical message is retained for every car: those on the road have it now, those asleep when they come back.

scenario("a recall reaches the cars that were online and those that slept", function(t)
  local fleet = t:fleet { count = 6, cohorts = { { name = "road", share = 0.5 }, { name = "garage", share = 0.5 } } }
  local operator = t:companion()
  local function config(car)
    return "cmd/fleetsim/" .. car.name .. "/config"
  end

  fleet:each(function(car)
    car:wait_online(20)
    car:wait_in_step()
  end)
  fleet:cohort("garage"):each(function(car) car:sleep() end)
  fleet:cohort("road"):each(function(car) car:subscribe(config(car)) end)
  for _, car in ipairs(fleet) do
    operator:publish(config(car), { recall = "brakes", severity = "critical" }, { retain = true })
  end

  fleet:cohort("road"):each(function(car)
    t:equal(decode_json(car:wait_message(config(car)).payload).recall, "brakes")
  end)
  fleet:cohort("garage"):each(function(car)
    t:equal(car.link, "asleep")
    car:wake()
    car:wait_online(20)
    car:subscribe(config(car))
    local message = car:wait_message(config(car))
    t:equal(decode_json(message.payload).severity, "critical")
    t:is_true(message.retain, "it was kept for this car")
  end)
  for _, car in ipairs(fleet) do
    operator:publish(config(car), "", { retain = true })
  end
end)
