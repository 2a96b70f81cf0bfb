-- A table of cases makes one scenario of each row: the same story of different cars.

scenario("a {model} opens its {door}", {
  tags = { "language", "smoke" },
  cases = {
    { model = "compact_ev", door = "front_left" },
    { model = "compact_ev", door = "rear_right" },
    { model = "combustion_van", door = "front_left" },
  },
}, function(t, case)
  local car = t:vehicle { model = case.model, power = "off" }

  car:unlock()
  car:open_door(case.door)
  t:equal(car.state.doors[case.door], "open")
  t:equal(t.name, "a " .. case.model .. " opens its " .. case.door)
end)

-- Without names in braces the values follow the scenario's.
scenario("the same with all values in its name", { cases = { { soc = 8 }, { soc = 80 } } }, function(t, case)
  local car = t:vehicle { state = { ["battery.state_of_charge"] = case.soc }, power = "off" }

  t:equal(car.state.battery.state_of_charge, case.soc)
  t:match(t.name, "%[soc = " .. case.soc .. "%]$")
end)
