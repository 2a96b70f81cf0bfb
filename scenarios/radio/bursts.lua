-- Losses come in bursts: nothing is lost that TCP carries, but it is late, and what follows it waits.

scenario("in bursts of loss commands are late, but none is lost", { timeout = 120 }, function(t)
  t:needs_radio()
  t:needs_virtual_time()
  local car = t:vehicle {
    radio = { profile = "lte_edge", burst_every = 2, burst_length = 1, burst_loss = 0.6 },
  }
  local app = t:companion()
  local longest = 0

  car:wait_online(60)
  for i = 1, 16 do
    local began = t:now()
    local answer = app:request(car, { lights = { hazard = i % 2 == 1 } }, { expiry = 120 }):await(100)
    t:equal(answer.status, "SUCCEEDED")
    longest = math.max(longest, t:now() - began)
  end
  t:is_true(longest > 0.3, "a round trip of 0.12 s and a time-out at least: " .. longest)
end)

scenario("a slow network takes its time", function(t)
  t:needs_radio()
  t:needs_virtual_time()
  local slow = t:vehicle { radio = { profile = "2g", loss = 0, burst_loss = 0 } }
  local topic = "dt/fleetsim/" .. slow.name .. "/bulk"

  slow:wait_online(60)
  slow:wait_in_step(30)
  local began = t:now()
  slow:publish(topic, ("x"):rep(59000), { qos = 1, timeout = 60 })
  t:is_true(t:now() - began > 4, "59,000 bytes at 118 kbit/s")
end)
