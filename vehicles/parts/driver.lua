-- The driver: comes, unlocks, drives a route, parks, plugs in at home, locks, and goes; day by day in a rhythm that is
-- the same for a seed and different for each car. Nobody drives unless the signal driver.rhythm says so: by a
-- scenario's `state`, or car:live("commuter").

local physics = require "parts.physics"
local route = require "parts.route"

local rhythm, weekday, present = "driver.rhythm", "driver.weekday", "driver.present"
local days = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" }
local day = 86400

-- What they do. `on`: the chance for each day, Monday first. at: hours. stay: hours until the way back (none: the route
-- is a round). spread: minutes by which it may differ. way: see option `routes`.
local rhythms = {
  commuter = {
    { way = "work", on = { 1, 1, 1, 1, 1, 0, 0 }, at = 7.3, stay = 9, spread = 25 },
    { way = "errand", on = { 0.2, 0.2, 0.2, 0.2, 0.4, 0.8, 0.1 }, at = 18.6, spread = 30 },
    { way = "trip", on = { 0, 0, 0, 0, 0, 0.1, 0.4 }, at = 11, stay = 4, spread = 60 },
  },
  delivery = {
    { way = "round", on = { 1, 1, 1, 1, 1, 1, 0 }, at = 7.5, spread = 15 },
    { way = "round", on = { 1, 1, 1, 1, 1, 0.3, 0 }, at = 10.5, spread = 20 },
    { way = "round", on = { 1, 1, 1, 1, 1, 0, 0 }, at = 14, spread = 20 },
  },
  bus = {},
  retired = {
    { way = "errand", on = { 0.6, 0.4, 0.6, 0.4, 0.8, 0.5, 0 }, at = 10, spread = 60 },
    { way = "errand", on = { 0.2, 0.2, 0.3, 0.2, 0.2, 0.2, 0.5 }, at = 15, spread = 60 },
    { way = "trip", on = { 0, 0, 0.1, 0, 0, 0, 0.2 }, at = 9.5, stay = 5, spread = 60 },
  },
}
for i = 0, 12 do
  rhythms.bus[i + 1] = { way = "line", on = { 1, 1, 1, 1, 1, 0.7, 0.5 }, at = 5.5 + i, spread = 3 }
end
local ways = { work = "munich_commute", errand = "munich_errand", trip = "motorway", round = "city_delivery",
  line = "bus_line" }

-- Seconds since the midnight before the car's first day, asleep or awake.
local function now(car, body)
  return (body.born or 8 * 3600) + body.now + car:clock() - body.clock
end

-- ---- what they do at the car ----------------------------------------------------------------------

-- People shrug when a car refuses.
local function try(car, action, ...)
  local done, why = pcall(car[action], car, ...)
  if done then
    return true
  elseif type(why) ~= "table" or not why.code then
    error(why, 0)
  end
  car:log("driver: " .. action .. ": " .. why.code)
  return false
end

local function through_the_door(car)
  if car:has("doors.front_left") and try(car, "open_door", "front_left") then
    wait(4)
    try(car, "close_door", "front_left")
  end
end

local function switch_climate(car, on)
  if car:has("climate.active") then
    try(car, "switch_climate", on)
  end
end

-- Enough for there and back.
local function fill(car, metres)
  if car:has("fuel.range") and car:get("fuel.range") < 60000 + 2 * metres then
    try(car, "refuel")
  elseif not car:has("fuel.range") and car:get("battery.range") < 15000 + 1.3 * metres then
    try(car, "plug_in", 100)
    repeat
      wait(300)
    until not car:get("charging.active")
    try(car, "unplug")
  end
end

local function get_in(car)
  if car.link == "asleep" then
    car:wake()
  end
  if car:has("charging.plugged") and car.state.charging.plugged then
    try(car, "unplug")
  end
  if car:has("locks.all") then
    try(car, "unlock")
  end
  through_the_door(car)
  car:set(present, true)
  if car:has("seats.driver_occupied") then
    car:take_seat("driver")
    car:fasten_belt("driver")
  end
end

-- Not for a short stop.
local function plug_in(car, body)
  local habits, soon = body.driver.habits, body.driver.legs[1]
  if not car:has("charging.plugged") or soon and soon.at - now(car, body) < 5400 then
    return
  elseif car:get("battery.state_of_charge") < 40 or car:random() < habits.plug_in then
    try(car, "plug_in", habits.home_kilowatts)
  end
end

local function get_out(car, body, home)
  switch_climate(car, false)
  car:set(present, false)
  if car:has("seats.driver_occupied") then
    car:leave_seat("driver")
  end
  through_the_door(car)
  if home then
    plug_in(car, body)
  end
  if car:has("locks.all") then
    try(car, "lock")
  end
end

local function await_arrival(car, body)
  while car:get("driving.ignition") == "on" do
    local trip = body.trip
    local _, seconds = 0, 10
    if trip.route then
      _, seconds = route.left(trip)
    end
    wait(math.max(5, seconds / 2))
  end
end

local function drive(car, body, leg)
  local way = route.named(leg.name, leg.back)
  get_in(car)
  fill(car, way.metres)
  wait(car:random(8, 40))
  switch_climate(car, true)
  if try(car, "drive_route", leg.name, { back = leg.back, style = body.driver.habits.style }) then
    await_arrival(car, body)
    wait(car:random(5, 30))
  end
  get_out(car, body, leg.home)
end

-- ---- the day --------------------------------------------------------------------------------------

-- Draws the same numbers on every day, whatever it brings.
local function plan_day(car, body)
  local driver = body.driver
  local number = now(car, body) // day
  driver.day, driver.legs = number, {}
  for i, name in ipairs(days) do
    driver.today = name == car:get(weekday) and i or driver.today
  end
  for _, outing in ipairs(rhythms[car:get(rhythm)]) do
    local luck, early, late = car:random(), 2 * car:random() - 1, 2 * car:random() - 1
    if luck < outing.on[driver.today] then
      local name, spread = driver.habits.routes[outing.way], outing.spread * 60
      local at = number * day + outing.at * 3600 + early * spread
      driver.legs[#driver.legs + 1] = { name = name, at = at, home = not outing.stay }
      if outing.stay then
        driver.legs[#driver.legs + 1] =
          { name = name, back = true, at = at + outing.stay * 3600 + late * spread, home = true }
      end
    end
  end
  table.sort(driver.legs, function(a, b) return a.at < b.at end)
end

-- It is no use to begin a day's outings after they were due; but who is away comes home.
local function next_leg(car, body)
  local driver = body.driver
  while driver.legs[1] do
    local leg = driver.legs[1]
    if leg.at > now(car, body) or leg.back and driver.away then
      return leg
    end
    table.remove(driver.legs, 1)
    if not leg.home and driver.legs[1] and driver.legs[1].back then
      table.remove(driver.legs, 1)
    end
  end
end

-- Returns the seconds until there is something to do again.
local function go_on(car, body)
  local driver = body.driver
  if car:get("driving.ignition") == "on" and body.trip.route then -- power was lost on the way
    await_arrival(car, body)
    get_out(car, body, not driver.away)
  end
  if not driver.legs then
    plan_day(car, body)
  end
  local leg = driver.leg or next_leg(car, body)
  driver.leg = leg -- waited for: it is not too late when its time has come
  local left = (leg and leg.at or (driver.day + 1) * day) - now(car, body)
  if left > 0 then
    return left
  elseif leg then
    table.remove(driver.legs, 1)
    driver.leg, driver.away = nil, not leg.home
    drive(car, body, leg)
  else
    car:set(weekday, days[driver.today % 7 + 1])
    driver.legs = nil
  end
  return 0
end

-- Whoever waits for hours does so without a task.
local function live_on(car)
  local body, memory = physics.body(car), car:memory()
  local mine = memory.driver
  while memory.driver == mine and car:get(rhythm) ~= "none" do
    local left = go_on(car, body)
    if left > 0 then
      if memory.driver == mine then
        car:after(math.max(2e-6, left), live_on) -- the clock has microseconds: it must move on
      end
      return
    end
  end
end

-- One lives the days; another rhythm begins another one.
local function live(car)
  if car:has("tcu.sleeps") then
    car:set("tcu.sleeps", true) -- as in life
  end
  physics.body(car).driver.leg = nil
  car:memory().driver = {}
  live_on(car)
end

-- ---- the part -------------------------------------------------------------------------------------

return part("driver", function(options)
  local routes = {}
  for way, name in pairs(ways) do -- in any order
    routes[way] = options.routes and options.routes[way] or name
  end
  local habits = {
    routes = routes, plug_in = options.plug_in or 0.7, home_kilowatts = options.home_kilowatts or 11,
    style = options.style,
  }
  local actions = {}

  -- From now on somebody lives with the car: "commuter", "delivery", "bus", "retired"; "none" ends it.
  function actions.live(car, name)
    car:set(rhythm, name)
    physics.body(car).driver.legs = nil
    car:spawn(live, car)
  end

  return {
    signals = {
      { rhythm, type = "enum", values = { "none", "commuter", "delivery", "bus", "retired" }, reported = false,
        initial = options.rhythm },
      { weekday, type = "enum", values = days, reported = false },
      { present, type = "boolean", reported = false },
    },
    actions = actions,
    refresh = physics.settle,
    embody = function(_, body)
      body.driver = { habits = habits }
    end,
    start = function(car)
      if car:get(rhythm) ~= "none" then
        live(car)
      end
    end,
  }
end)
