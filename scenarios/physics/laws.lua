-- Laws of nature hold on days made of random deeds, which are skipped so that a week takes a second.

local physics = require "parts.physics"
local sky = require "parts.sky"

local function stored(car)
  return physics.exact(car, "battery.state_of_charge") / 100 * car.state.battery.capacity
end

local function ledger(car)
  local pack = physics.body(car).pack
  return pack.energy_in - pack.energy_out
end

local deeds = {}

function deeds.drive(t, car)
  if not car.state.charging.plugged then
    pcall(car.drive, car, t:random(20, 160), t:random(0, 359)) -- refused when empty
  end
end

function deeds.stop(_, car)
  car:stop()
end

function deeds.plug_in(t, car)
  if car.state.driving.speed == 0 then
    car:plug_in(({ 2.3, 3.7, 11, 50, 150 })[t:random(5)])
  end
end

function deeds.unplug(_, car)
  car:unplug()
end

function deeds.climate(t, car, app)
  local wish = { active = t:random(2) == 1, target = t:random(16, 30), seat_front_left = t:random(0, 100) }
  app:request(car, { climate = wish }):await()
end

function deeds.charge(t, car, app)
  local wish = { limit = t:random(50, 100), active = t:random(2) == 1 }
  app:request(car, { charging = wish }):await()
end

function deeds.condition(_, car, app)
  app:request(car, { battery = { conditioning = "fast_charging" } }):await()
end

local names = { "drive", "drive", "stop", "plug_in", "plug_in", "unplug", "climate", "charge", "condition" }

-- What holds at every moment, and between two of them. `reached`: the charge when the deed was done, until when it may
-- have risen by an older limit.
local function check(t, car, before, seconds, reached)
  local s = car.state
  local battery, percent = s.battery, physics.exact(car, "battery.state_of_charge")
  t:near(ledger(car) - before.ledger, stored(car) - before.stored, 1e-6, "energy in - out = change of charge")
  t:near(battery.energy_in - battery.energy_out, ledger(car), 0.011, "the signals show the ledger")
  t:equal(battery.power, battery.voltage * battery.current, "power = voltage * current")
  t:is_true(percent >= 0 and percent <= 100, "the charge stays within the battery")
  t:near(percent, before.percent, 100 * 120 * (seconds + 1) / 3600 / battery.capacity + 0.01, "the charge never jumps")
  local metres = s.driving.odometer - before.odometer
  t:is_true(metres >= 0 and metres <= 160 / 3.6 * (seconds + 1) + 1, "the odometer never jumps")
  t:is_true(reached <= math.max(before.percent, before.limit, s.charging.limit) + 1e-6, "the limit held")
  t:is_true(percent <= math.max(reached, s.charging.limit) + 1e-6, "the limit holds")
  t:is_true(s.climate.cabin_temperature > -30 and s.climate.cabin_temperature < 75, "the cabin is no oven")
  t:is_true(not s.charging.active or s.charging.plugged, "no charging without a cable")
end

local function measure(car)
  return {
    ledger = ledger(car), stored = stored(car), percent = physics.exact(car, "battery.state_of_charge"),
    odometer = car.state.driving.odometer, limit = car.state.charging.limit,
  }
end

for day = 1, 5 do
  scenario("the laws hold on random day " .. day, { timeout = 60 }, function(t)
    local car = t:vehicle { state = {
      ["battery.state_of_charge"] = t:random(5, 95),
      ["climate.outside_temperature"] = t:random(-20, 35),
    } }
    local app = t:companion()

    car:wait_online()
    for _ = 1, 40 do
      local before = measure(car)
      deeds[names[t:random(#names)]](t, car, app)
      local reached = physics.exact(car, "battery.state_of_charge")
      local seconds = t:random(1, 1800)
      local began = car:clock()
      physics.skip(car, seconds)
      check(t, car, before, seconds + car:clock() - began + 5, reached)
    end
    car:wait_in_step()
  end)
end

-- ---- time ---------------------------------------------------------------------------------------

-- A drive, a pause and a charge, with steps of so many seconds.
local function lived(t, seconds)
  local car = t:vehicle { power = "off", state = {
    ["battery.state_of_charge"] = 60, ["climate.outside_temperature"] = -3, ["climate.cabin_temperature"] = 15,
  } }
  local body = physics.body(car)
  body.weather.seed = 1
  body.weather.offset = -3 - sky.temperature(body)
  local function skip(total)
    for _ = 1, total // seconds do
      physics.skip(car, seconds)
    end
  end
  car:drive(90)
  skip(1800)
  car:stop()
  skip(3600)
  car:plug_in(50)
  skip(900)
  return car
end

scenario("physics do not depend on how time is cut", { timeout = 60 }, function(t)
  local fine = lived(t, 2)
  for _, seconds in ipairs { 10, 900 } do
    local coarse = lived(t, seconds)
    t:near(physics.exact(coarse, "battery.state_of_charge"), physics.exact(fine, "battery.state_of_charge"), 0.1)
    t:near(coarse.state.climate.cabin_temperature, fine.state.climate.cabin_temperature, 0.2)
    t:near(coarse.state.driving.odometer, fine.state.driving.odometer, 60)
    t:near(coarse.state.battery.temperature, fine.state.battery.temperature, 1)
    t:near(coarse.state.tyres.front_left, fine.state.tyres.front_left, 1)
  end
end)

-- ---- charging -----------------------------------------------------------------------------------

for _, case in ipairs {
  { kilowatts = 11, from = 10, limit = 80, outside = 15 },
  { kilowatts = 3.7, from = 40, limit = 100, outside = 25 },
  { kilowatts = 50, from = 5, limit = 90, outside = 20 },
  { kilowatts = 150, from = 10, limit = 80, outside = 20 },
  { kilowatts = 150, from = 20, limit = 100, outside = -10 },
} do
  local name = string.format("time_left is true at %g kW from %d to %d %% at %d degrees", case.kilowatts, case.from,
    case.limit, case.outside)

  scenario(name, function(t)
    local car = t:vehicle { power = "off", state = {
      ["battery.state_of_charge"] = case.from, ["charging.limit"] = case.limit,
      ["climate.outside_temperature"] = case.outside,
    } }
    car:plug_in(case.kilowatts)
    local expected, seen = car.state.charging.time_left, 0
    while car.state.charging.active do
      physics.skip(car, 30)
      seen = seen + 30
    end
    t:near(seen, expected, 90 + 0.05 * expected)
    t:near(physics.exact(car, "battery.state_of_charge"), case.limit, 1e-6)
    t:equal(car.state.charging.state, "complete")
  end)
end

scenario("power fades as the battery fills", function(t)
  local car = t:vehicle { power = "off", state = {
    ["battery.state_of_charge"] = 15, ["charging.limit"] = 100, ["climate.outside_temperature"] = 25,
  } }
  car:plug_in(150)
  local before = 1000
  while car.state.charging.active do
    physics.skip(car, 60)
    local power = car.state.battery.power / 1000
    t:is_true(power <= before + 2.5, "the power rises by no more than what the pumps take")
    before = math.min(before, power)
  end
  t:is_true(before < 10)
end)

scenario("what is plugged in and full feeds the climate from the cable", function(t)
  local car = t:vehicle { state = { ["battery.state_of_charge"] = 80, ["climate.outside_temperature"] = -5 } }
  local app = t:companion()

  car:wait_online()
  car:plug_in(11)
  t:equal(car.state.charging.state, "complete")
  app:request(car, { climate = { active = true, target = 22 } }):await()
  physics.skip(car, 1200)
  t:near(car.state.climate.cabin_temperature, 22, 0.5)
  t:near(physics.exact(car, "battery.state_of_charge"), 80, 0.01)
end)

scenario("a reload changes nothing that physics know exactly", function(t)
  local exact = { "battery.state_of_charge", "climate.cabin_temperature", "driving.odometer", "low_voltage.charge",
    "tyres.front_left" }
  local car = t:vehicle { power = "off" }

  car:drive(90)
  physics.skip(car, 1237)
  car:stop()
  physics.skip(car, 61)
  local before, body = {}, physics.body(car)
  for _, path in ipairs(exact) do
    before[path] = physics.exact(car, path)
  end
  local pack, weather, interior = body.pack, body.weather, body.cabin.interior
  car:reload()
  local fresh = require "parts.physics"
  t:not_equal(tostring(fresh), tostring(physics))
  for _, path in ipairs(exact) do
    t:near(fresh.exact(car, path), before[path], 1e-3, path)
  end
  t:not_equal(fresh.exact(car, exact[1]), car:get(exact[1]))
  body = fresh.body(car)
  t:near(body.pack.energy_in, pack.energy_in, 1e-9)
  t:near(body.pack.energy_out, pack.energy_out, 1e-3)
  t:near(body.pack.celsius, pack.celsius, 1e-2)
  t:near(body.cabin.interior, interior, 1e-2)
  t:equal(body.weather.seed, weather.seed)
end)
