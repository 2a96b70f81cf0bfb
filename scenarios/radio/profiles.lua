-- Every profile that has a network carries a command; each is what docs/radio.md says.

for _, profile in ipairs { "perfect", "lte_good", "lte_edge", "3g", "2g", "roaming", "city" } do
  scenario("a command over " .. profile, { timeout = 120 }, function(t)
    t:needs_radio()
    if profile == "2g" or profile == "roaming" then
      t:needs_virtual_time()
    end
    local car = t:vehicle { radio = profile }
    local app = t:companion()

    car:wait_online(90)
    t:equal(car:radio().profile, profile)
    t:is_true(car:radio().attached)
    t:equal(app:request(car, { lights = { hazard = true } }, { expiry = 60 }):await(60).status, "SUCCEEDED")
  end)
end

scenario("what is no profile is named", function(t)
  t:needs_radio()
  local car = t:vehicle { power = "off" }

  local ok, why = pcall(car.radio, car, "lte_goood")
  t:is_true(not ok)
  t:match(why, "no profile 'lte_goood' %(there are perfect, lte_good")
  ok, why = pcall(car.radio, car, { rrt = 1 })
  t:is_true(not ok)
  t:match(why, "no option 'rrt'")
  ok, why = pcall(car.radio, car, { loss = 2 })
  t:is_true(not ok)
  t:match(why, "loss must be from 0")
  t:equal(car:radio().profile, "perfect")
end)
