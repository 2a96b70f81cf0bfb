-- The cloud's broker restarts under the cars: sessions, queued messages and shadows are kept, as a cloud keeps them,
-- and every car comes back by itself.

scenario("a broker restart loses no acknowledged command", { timeout = 60, alone = true }, function(t)
  local fleet = t:fleet { count = 100 }
  local app = t:companion()
  fleet:wait_online()

  -- Every other car is away, and the cloud holds two commands for it: a message and a wish.
  fleet:each(function(car, i)
    car:wait_in_step()
    if i % 2 == 0 then
      return
    end
    car:sleep()
    app:request(car, { climate = { active = true } }, { wake = false })
    -- The answer says that both have arrived: they went over one connection, in this order.
    local taken = app:update(car, { state = { desired = { locks = { all = "unlocked" } } } }):await()
    t:equal(taken.status, "SUCCEEDED")
  end)

  t:restart_cloud { down = 0.5 }

  fleet:each(function(car, i)
    if i % 2 == 0 then
      car:wait_online(30)
      return
    end
    car:wake()
    car:wait_until(function()
      return car.state.locks.all == "unlocked" and car.state.climate.active
    end, 30)
  end)
  -- They obey new commands as before.
  fleet:each(function(car)
    t:equal(app:desire(car, { charging = { limit = 90 } }):await(20).status, "SUCCEEDED")
  end)
end)
