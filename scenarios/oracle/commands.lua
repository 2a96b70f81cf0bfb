-- A car that executes what it must not: the same request twice, one that has expired, one that nobody sent; and one
-- that answers twice.

local function unlock(app, car, options)
  return app:request(car, { locks = { all = "unlocked" } }, options)
end

scenario("the oracle sees a request executed twice", function(t)
  local car = t:vehicle { model = "compact_ev" }
  local app = t:companion()

  car:wait_online(10)
  t:sabotage("repeats_commands", car)
  t:expect_violation("command.once")
  unlock(app, car, { id = "unlock-once" }):await(5)
  unlock(app, car, { id = "unlock-once" }):await(5)
end)

scenario("the oracle sees a request executed after its expiry", function(t)
  local car = t:vehicle { model = "compact_ev" }
  local app = t:companion()

  car:wait_online(10)
  t:sabotage("ignores_expiry", car)
  t:expect_violation("command.not-after-expiry", 1)
  unlock(app, car, { expires_in = -5 }):await(5)
end)

scenario("the oracle sees a request executed that nobody sent", function(t)
  local car = t:vehicle { model = "compact_ev" }
  local app = t:companion()

  car:wait_online(10)
  t:sabotage("invents_commands", car)
  t:expect_violation("command.asked-for", function()
    unlock(app, car):await(5)
  end)
end)

scenario("the oracle sees a request answered twice", function(t)
  local car = t:vehicle { model = "compact_ev" }
  local app = t:companion()

  car:wait_online(10)
  t:sabotage("answers_twice", car)
  t:expect_violation("response.one-per-request", function()
    -- A request of QoS 1 may come twice, and may then be answered twice.
    app:publish("cmd/fleetsim/" .. car.name .. "/request", {
      requestId = "unlock-once",
      responseTopic = "cmd/fleetsim/" .. car.name .. "/response/nobody",
      command = { locks = { all = "unlocked" } },
    }, { qos = 0 })
  end)
end)
