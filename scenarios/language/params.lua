-- Parameters let the command line change a scenario: --param doors=1 --param model=combustion_van.

local model = param("model", "compact_ev", { choices = { "compact_ev", "combustion_van" } })
local doors = param("doors", 2)

scenario("as many doors as the command line says", { tags = { "language" } }, function(t)
  local car = t:vehicle { model = model, power = "off" }
  local names = { "front_left", "front_right" }

  car:unlock()
  for i = 1, doors do
    car:open_door(names[i])
  end
  t:equal(car.state.doors.front_left, doors > 0 and "open" or "closed")
  t:equal(t.param.doors, doors)
end)

scenario("a parameter of one scenario", { tags = { "language" }, params = { target = 21.5 } }, function(t)
  local car = t:vehicle { model = model, power = "off" }

  car.state.climate.target = t.param.target
  t:near(car.state.climate.target, t.param.target, 0.01)
end)
