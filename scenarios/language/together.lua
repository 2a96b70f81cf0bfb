-- Cars meet at a barrier, and orders arrive by a rate, whatever becomes of those before them.

scenario("nobody goes before all are there", { tags = { "language" }, timeout_per_car = 0.5 }, function(t)
  local fleet, there = t:fleet { count = 4 }, 0
  local ready = t:barrier(fleet)

  fleet:each(function(car)
    car:wait_online(20)
    there = there + 1
    ready:wait(20)
    t:equal(there, #fleet)
  end)
end)

scenario("orders arrive at random, twenty in a second", { tags = { "language" } }, function(t)
  local fleet = t:fleet { count = 3 }
  local app, done = t:companion(), 0

  fleet:wait_online(20)
  local sent = t:arrivals({ rate = 20, process = "poisson", count = 6 }, function(i, late)
    local car = fleet[(i - 1) % #fleet + 1]
    local answer = app:request(car, { climate = { target = 16 + i } }, { late = late }):await()
    t.soft:equal(answer.status, "SUCCEEDED")
    done = done + 1
  end)
  t:equal({ sent, done }, { 6, 6 })
end)
