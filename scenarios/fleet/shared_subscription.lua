-- Two consumers in the cloud share the telemetry of a fleet: each message arrives at exactly one of them.

scenario("consumers of one group share the fleet's telemetry", function(t)
  local fleet = t:fleet { count = 4 }
  local workers = { t:companion { watch = "all" }, t:companion { watch = "all" } }
  local auditor = t:companion { watch = "all" }
  local trips, messages = "dt/fleetsim/+/trip", 10

  fleet:wait_online()
  for _, worker in ipairs(workers) do
    worker:subscribe(trips, { share = "trip-store" })
  end
  auditor:subscribe(trips)

  fleet:each(function(car)
    for i = 1, messages do
      t:is_true(car:telemetry("trip", string.format("%s %d", car.name, i), 0)) -- QoS 1 may come twice
    end
  end)

  local total = #fleet * messages
  t:eventually(10, function() return #auditor:messages(trips) >= total end, "what all of them sent")
  t:eventually(10, function() return #workers[1]:messages() + #workers[2]:messages() >= total end)

  local seen = {}
  for _, worker in ipairs(workers) do
    for _, message in ipairs(worker:messages()) do
      t:equal(seen[message.payload], nil, message.payload .. " came to both")
      seen[message.payload] = true
    end
  end
  for _, message in ipairs(auditor:messages()) do
    t:is_true(seen[message.payload], message.payload .. " came to neither")
  end
end)

scenario("another group gets its own copy", function(t)
  local car = t:vehicle()
  local store, billing = t:companion(), t:companion()

  car:wait_online()
  store:subscribe("dt/fleetsim/" .. car.name .. "/trip", { share = "trip-store" })
  billing:subscribe("dt/fleetsim/" .. car.name .. "/trip", { share = "billing" })
  car:telemetry("trip", "7.3 km", 0)

  t:equal(store:wait_message("dt/#").payload, "7.3 km")
  t:equal(billing:wait_message("dt/#").payload, "7.3 km")
end)
