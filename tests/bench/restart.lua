-- What tests/bench/restart.py runs and measures: a fleet that talks, a broker that restarts, and cars that were away
-- with commands waiting for them. The size of the fleet is --vehicles.

local DOWN, PERIOD, AWAY = 3, 5, 10 -- seconds without a broker; between messages of a car; every 10th car is away

scenario("a fleet returns", { timeout = 600, alone = true }, function(t)
  local fleet = t:fleet { count = 5000 }
  local app = t:companion { watch = "all" }
  local talking = true

  fleet:wait_online(200)
  fleet:each(function(car) car:wait_in_step(100) end)
  for _, car in ipairs(fleet) do
    t:spawn(function()
      local n = 0
      t:wait(t:random() * PERIOD)
      while talking do
        n = car:telemetry("trip", "T" .. n + 1, 1) and n + 1 or n
        t:wait(PERIOD)
      end
    end)
  end
  t:wait(PERIOD)
  fleet:each(function(car, i)
    if i % AWAY == 0 then
      car:sleep()
      app:request(car, { climate = { active = true } }, { wake = false })
      local taken = app:update(car, { state = { desired = { locks = { all = "unlocked" } } } }):await(60)
      t:equal(taken.status, "SUCCEEDED")
    end
  end)
  print("broker: ends " .. t:now())
  t:restart_cloud { down = DOWN }
  print("broker: runs " .. t:now())
  fleet:each(function(car, i)
    if i % AWAY == 0 then
      t:wait(t:random() * 10)
      car:wake()
      car:wait_until(function() return car.state.locks.all == "unlocked" and car.state.climate.active end, 300)
    end
    car:wait_online(300)
  end)
  t:wait(2 * PERIOD)
  talking = false
  fleet:each(function(car) car:wait_in_step(100) end)
  print(string.format("obeyed: %d of %d cars that were away", #fleet // AWAY, #fleet // AWAY))
end)
