-- Steps give the parts of a scenario names, for the report and for what failed, and limits of time of their own.

scenario("a journey in steps", { tags = { "language" } }, function(t)
  local car, app = t:vehicle(), t:companion()

  t:step("come online", { timeout = 20 }, function()
    car:wait_online(20)
  end)
  local answer = t:step("get in", function()
    local unlocked = t:step("unlock", { timeout = 15 }, function()
      return app:request(car, { locks = { all = "unlocked" } }):await()
    end)
    t:step("open the door", function()
      car:open_door("front_left")
    end)
    return unlocked
  end)
  t:equal(answer.status, "SUCCEEDED")
  t:equal(t:within(10, function() return car:wait_in_step().link end), "online")
end)

scenario("soft expectations look at everything before they fail", { tags = { "language" } }, function(t)
  local car = t:vehicle { power = "off" }

  for _, door in ipairs { "front_left", "front_right", "rear_left", "rear_right" } do
    t:step(door, function()
      t.soft:equal(car.state.doors[door], "closed")
      t.soft:equal(car.state.locks[door], "locked")
    end)
  end
end)
