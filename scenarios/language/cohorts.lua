-- A fleet is mixed from cohorts by share, and its cars are chosen by cohort, by state, or at random.

scenario("a mixed fleet", { tags = { "language" }, timeout_per_car = 0.1 }, function(t)
  local fleet = t:fleet { count = 10, power = "off", cohorts = {
    { name = "city", share = 0.6, model = "compact_ev", state = { ["battery.state_of_charge"] = 20 } },
    { name = "trade", share = 0.3, model = "combustion_van" },
    { name = "any", share = 0.1, state = {
      ["battery.state_of_charge"] = function(car) return car:random(30, 90) end } },
  } }

  for _, car in ipairs(fleet:cohort("city")) do
    t:equal(car.state.battery.state_of_charge, 20)
  end
  t:equal(#fleet:filter { model = "combustion_van" }, #fleet:cohort("trade"))
  t:equal(#fleet:cohort("city") + #fleet:cohort("trade") + #fleet:cohort("any"), #fleet)
  fleet:pick(3):each(function(car) car:unlock() end)
  t:equal(#fleet:filter { ["locks.all"] = "unlocked" }, 3)
end)
