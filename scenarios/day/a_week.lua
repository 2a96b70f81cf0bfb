-- A week in the life of each model, with somebody who lives with it: physics second by second, and the laws all week
-- long. In real time it would take a week.

local physics = require "parts.physics"

local day = 86400

-- Per week: kilometres (from a week of nothing but work to one with all outings that may be),
-- kWh or litres for 100 km, how often it is plugged in.
local lives = {
  { model = "compact_ev", rhythm = "commuter", kilometres = { 160, 495 }, electricity = { 11, 22 }, plugs = { 2, 12 } },
  { model = "long_range_saloon", rhythm = "commuter", kilometres = { 700, 1040 }, electricity = { 14, 26 },
    plugs = { 2, 12 } },
  { model = "plug_in_hybrid_suv", rhythm = "commuter", kilometres = { 425, 765 }, electricity = { 8, 25 },
    fuel = { 0, 6 }, plugs = { 2, 12 } },
  { model = "combustion_van", rhythm = "delivery", kilometres = { 150, 260 }, fuel = { 7, 16 } },
  { model = "electric_bus", rhythm = "bus", kilometres = { 600, 1100 }, electricity = { 80, 190 }, plugs = { 4, 13 },
    reports = 16000 },
}

local recorded = { "battery.state_of_charge", "fuel.level", "climate.cabin_temperature", "climate.outside_temperature",
  "driving.speed" }

local function charge(car)
  return physics.exact(car, "battery.state_of_charge")
end

local function measure(car, body)
  local s = car.state -- brings it up to date
  local seen = { clock = car:clock(), odometer = s.driving.odometer, version = car.shadow_version, link = car.link }
  if body.pack then
    seen.percent = charge(car)
    seen.stored = seen.percent / 100 * body.pack.capacity
    seen.ledger = body.pack.energy_in - body.pack.energy_out
    seen.plugged = s.charging.plugged
  end
  if body.tank then
    seen.litres = physics.exact(car, "fuel.litres")
  end
  return seen
end

local function check_electricity(t, car, body, before, now)
  local battery, seconds = car.state.battery, now.clock - before.clock + 2
  t:near(now.ledger - before.ledger, now.stored - before.stored, 1e-6, "energy in - out = change of charge")
  t:equal(battery.power, battery.voltage * battery.current, "power = voltage * current")
  t:is_true(now.percent >= 0 and now.percent <= 100, "the charge stays within the battery")
  t:near(now.percent, before.percent, 100 * 350 * seconds / 3600 / body.pack.capacity, "the charge never jumps")
  t:is_true(not car.state.charging.active or car.state.charging.plugged, "no charging without a cable")
end

local function check(t, car, body, before, now)
  local s = car.state
  local seconds = now.clock - before.clock + 2
  local metres = now.odometer - before.odometer
  t:is_true(metres >= 0 and metres <= 145 / 3.6 * seconds, "the odometer never jumps")
  t:is_true(s.driving.ignition == "on" or s.driving.speed == 0, "who moves has switched on")
  t:is_true(s.climate.cabin_temperature > -25 and s.climate.cabin_temperature < 65, "the cabin is no oven")
  if body.pack then
    check_electricity(t, car, body, before, now)
  end
  if body.tank then
    t:is_true(now.litres >= 0 and now.litres <= body.tank.size, "the fuel stays within the tank")
    t:is_true(now.litres > before.litres - 30 * seconds / 3600 - 0.2, "the fuel does not leak")
  end
  if before.link == "asleep" and now.link == "asleep" and seconds < 120 then
    t:equal(now.version, before.version, "a car asleep says nothing")
  end
  if car:has("locks.front_left") and s.locks.front_left == "locked" then
    local opened, why = pcall(car.open_door, car, "front_left")
    local shut = not opened and (why.code == "DOOR_LOCKED" or why.code == "VEHICLE_MOVING")
    t:is_true(shut or s.doors.front_left ~= "closed", "a locked door does not open")
  end
end

-- Looks every few minutes, and oftener while the car drives.
local function watch(t, car, body, totals)
  local before = measure(car, body)
  while true do
    local driving = car:get("driving.ignition") == "on"
    wait(driving and t:random(20, 120) or t:random(60, 900))
    local now = measure(car, body)
    check(t, car, body, before, now)
    if now.plugged and not before.plugged then
      totals.plugs = totals.plugs + 1
    end
    if before.litres then
      totals.litres = totals.litres + math.max(0, before.litres - now.litres)
    end
    before = now
  end
end

local function within(t, value, range, what)
  local message = string.format("%s: %.1f, expected %g to %g", what, value, range[1], range[2])
  t:is_true(value >= range[1] and value <= range[2], message)
end

for _, life in ipairs(lives) do
  scenario("a week with " .. life.model, { timeout = 300 }, function(t)
    t:needs_virtual_time()
    local car = t:vehicle {
      model = life.model, state = { ["clock.time"] = "00:00", ["driver.rhythm"] = life.rhythm },
    }
    local body = physics.body(car)
    local signals = { "link" }
    for _, path in ipairs(recorded) do
      if car:has(path) then
        signals[#signals + 1] = path
      end
    end
    t:record(car, signals, { every = 120, name = life.model })

    local before = measure(car, body)
    local totals = { plugs = 0, litres = 0 }
    t:spawn(watch, t, car, body, totals)
    t:wait(7 * day)

    local kilometres = (car.state.driving.odometer - before.odometer) / 1000
    within(t, kilometres, life.kilometres, "km in the week")
    if life.electricity then
      local used = 0
      for _, what in ipairs { "driving", "electronics", "climate", "12 V", "heaters" } do
        used = used + (body.pack.used[what] or 0)
      end
      within(t, used / kilometres * 100, life.electricity, "kWh/100 km")
      within(t, totals.plugs, life.plugs, "times plugged in")
    end
    if life.fuel then
      within(t, totals.litres / kilometres * 100, life.fuel, "l/100 km")
    end
    local reports = car.shadow_version
    t:is_true(reports < (life.reports or 8000), "reports in the week: " .. reports)
    print(life.model, string.format("%.0f km, %d reports, plugged in %d times", kilometres, reports, totals.plugs))
  end)
end
