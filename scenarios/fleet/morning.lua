-- A morning's rush at the command service: people come as they like, and a mixed fleet sleeps, drives and answers.

scenario("each command of a rush ends, whatever its car was doing", { timeout = 90, timeout_per_car = 0.1 }, function(t)
  local fleet = t:fleet {
    count = 12,
    cohorts = {
      { name = "awake", share = 0.5 },
      { name = "asleep", share = 0.25 },
      { name = "driving", share = 0.25 },
    },
  }
  local service = t:command_service { confirm_offline = 0.5 }

  fleet:each(function(car)
    car:wait_online(30)
    car:wait_in_step()
  end)
  fleet:cohort("asleep"):each(function(car)
    car:sleep()
    t:eventually(10, function() return service:presence(car) == "offline" end)
  end)
  fleet:cohort("driving"):each(function(car) car:drive(50) end)

  local ended = {}
  t:arrivals({ rate = 8, count = #fleet, process = "poisson" }, function(i)
    local channel = i % 3 == 0 and "web" or "app"
    ended[fleet[i]] = service:command(fleet[i], { locks = { all = "unlocked" } }, { channel = channel }):await(40)
  end)
  for _, car in ipairs(fleet:cohort("driving")) do
    t:equal(ended[car].reason, "VEHICLE_MOVING")
    car:stop()
  end
  for _, name in ipairs { "awake", "asleep" } do
    for _, car in ipairs(fleet:cohort(name)) do
      t:equal(ended[car].status, "SUCCEEDED")
    end
  end
end)
