-- Each rule about shadows holds of a car's named shadows too: what goes wrong in one of them alone is seen.

local comfort = { name = "comfort" }

-- A car all of whose shadows are in step, with nothing kept back; what follows touches one of the named ones only.
local function car_in_step(t)
  local car = t:vehicle { model = "compact_ev_shadows" }

  car:wait_online(10):wait_until(function() return car.state.climate.cabin_temperature < 12 end)
  car:report()
  return car:wait_in_step()
end

local function change(car)
  car:set("charging.limit", 70)
end

local function wish(t, car)
  t:companion():desire(car, { climate = { target = 24 } }, { name = "comfort", wake = false })
end

local at_once = {
  { "version_back", "shadow.version-rises" },
  { "reports_wrong", "report.matches-signals", "twin.agrees" },
  { "echoes", "shadow.no-echo-loop" },
  { "stores_wrong", "twin.agrees" },
}

for _, case in ipairs(at_once) do
  scenario("the oracle sees in a named shadow: " .. case[1], function(t)
    local car = car_in_step(t)

    t:sabotage(case[1], car)
    for i = 2, #case do
      t:expect_violation(case[i])
    end
    change(car)
  end)
end

for _, case in ipairs { { "inexact_delta", "shadow.delta-exact" }, { "drops_desired", "desired.not-lost" } } do
  scenario("the oracle sees of a wish in a named shadow: " .. case[1], function(t)
    local car = car_in_step(t)

    t:sabotage(case[1], car)
    t:expect_violation(case[2])
    wish(t, car)
  end)
end

scenario("the oracle sees a wish in a named shadow that the car forgets over a reconnect", function(t)
  local car = car_in_step(t)

  car:sleep()
  t:sabotage("forgets_desired", car)
  t:expect_violation("desired.not-lost")
  wish(t, car)
  car:wake()
  car:wait_online(10)
end)

for _, case in ipairs { { "changes_document", "shadow.document-agrees" }, { "oversize", "shadow.within-limits" } } do
  scenario("the oracle sees in each document, named ones too: " .. case[1], function(t)
    local car = car_in_step(t)

    car:sleep()
    t:sabotage(case[1], car)
    t:expect_violation(case[2]) -- of each of three, and once more of each that is delivered twice
    car:wake()
    car:wait_online(10)
  end)
end

scenario("the oracle sees a car ask for any shadow before it has subscribed to that one", function(t)
  local car = t:vehicle { model = "compact_ev_shadows", power = "off" }

  t:sabotage("asks_too_soon", car)
  t:expect_violation("session.subscribed-before-request", 3)
  car:power_on()
  car:wait_online(10)
end)

scenario("a named shadow that a script keeps by itself is nobody's to judge", function(t)
  local car, app = car_in_step(t), t:companion()

  app:update(car, { state = { desired = { mood = "blue" } } }, { name = "lighting" }):await()
  car:publish("$aws/things/" .. car.name .. "/shadow/name/lighting/update", { state = { reported = { mood = "red" } } })
  t:eventually(5, function() return app:shadow(car, { name = "lighting" }).reported.mood == "red" end)
  t:equal(app:shadow(car, comfort).desired, {})
end)
