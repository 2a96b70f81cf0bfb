-- Cars, and many of them at once.

local core, api, prelude, tools = ...
local test = tools.test

-- ---- fleets -----------------------------------------------------------------------------------

local fleet = tools.seal({}, "a fleet")

tools.fleet = fleet

local cohort_of = setmetatable({}, { __mode = "k" }) -- name by car
local names_of = setmetatable({}, { __mode = "k" })  -- of its cohorts, by fleet

-- Some of a fleet's cars, which know their cohorts as before.
local function part_of(whole, cars)
  names_of[cars] = names_of[whole]
  return setmetatable(cars, fleet)
end

-- Runs fn(car, i) for every car at once and waits until all have returned.
function fleet:each(fn)
  local left, all = #self, core.queue()
  for i, car in ipairs(self) do
    core.spawn(function()
      fn(car, i)
      left = left - 1
      if left == 0 then
        all:notify()
      end
    end)
  end
  while left > 0 do
    all:wait(86400)
  end
  return self
end

-- All cars are on that network from now on; what car:radio takes.
function fleet:radio(what)
  for _, car in ipairs(self) do
    car:radio(what)
  end
  return self
end

function fleet:wait_online(timeout)
  local deadline = core.now() + (timeout or 30 + 0.01 * #self)
  for _, car in ipairs(self) do
    car:wait_online(math.max(deadline - core.now(), 0))
  end
  return self
end

-- What filter() compares of a car: a property, its cohort, a signal.
local function has(car, what, value)
  if what == "cohort" then
    return cohort_of[car] == value
  elseif tools.car_properties[what] then
    return car[what] == value
  end
  if not car:has(what) then
    return false
  end
  prelude.look(car)
  return car:get(what) == value
end

-- Those for which fn(car, i) is true, or which are as a table says: { model = …, ["locks.all"] = … }.
function fleet:filter(which)
  local chosen = {}
  if type(which) ~= "function" and type(which) ~= "table" then
    error("usage: fleet:filter(function(car, i) … end) or fleet:filter { model = … }", 2)
  end
  for i, car in ipairs(self) do
    local fits = true
    if type(which) == "function" then
      fits = which(car, i)
    else
      for what, value in pairs(which) do
        fits = fits and has(car, what, value)
      end
    end
    if fits then
      chosen[#chosen + 1] = car
    end
  end
  return part_of(self, chosen)
end

-- n of them at random, in their order; without n one car.
function fleet:pick(n)
  local wanted = n or 1
  if math.type(wanted) ~= "integer" or wanted < 0 or wanted > #self then
    error(string.format("fleet:pick: a number of cars up to %d, not %s", #self, tools.show(n or 1)), 2)
  end
  local places = {}
  for i = 1, #self do
    places[i] = i
  end
  for i = 1, wanted do
    local k = core.random(i, #places)
    places[i], places[k] = places[k], places[i]
  end
  local picked = table.move(places, 1, wanted, 1, {})
  table.sort(picked)
  for i, place in ipairs(picked) do
    picked[i] = self[place]
  end
  if n == nil then
    return picked[1]
  end
  return part_of(self, picked)
end

-- The cars of one of the cohorts that it was made of.
function fleet:cohort(name)
  local names = names_of[self] or {}
  if not names[name] then
    error("a fleet has no cohort '" .. tostring(name) .. "'" .. tools.did_you_mean(name, names), 2)
  end
  return self:filter { cohort = name }
end

-- ---- making cars -------------------------------------------------------------------------------

local car_options = { model = true, state = true, power = true, mqtt = true, radio = true,
  tags = true, sleep = true, clock = true, provision = true }
local fleet_options = { model = true, state = true, power = true, mqtt = true, radio = true,
  tags = true, sleep = true, clock = true, provision = true, count = true, rate = true, mix = true, cohorts = true }
local cohort_options = { model = true, state = true, power = true, mqtt = true, radio = true,
  tags = true, sleep = true, clock = true, provision = true, name = true, share = true }

local function start_car(t, options)
  if options.model ~= nil and type(options.model) ~= "string" then
    error("t:vehicle: model is the name of a model's file, such as \"compact_ev\", not a " .. type(options.model), 3)
  end
  local car = core.car(options.model or "compact_ev", tools.contact_of(options))
  tools.reset_shadow(t, car)
  local paths = {}
  for path in pairs(options.state or {}) do
    paths[#paths + 1] = path
  end
  table.sort(paths) -- the same run, the same order
  for _, path in ipairs(paths) do
    local value = options.state[path]
    if type(value) == "function" then
      value = value(car)
    end
    car:set(path, value)
  end
  tools.outcomes.adopt(car, options.tags)
  if options.sleep then
    if not car:has("tcu.sleeps") then
      error("sleep: model " .. car.model .. " has no part telematics", 3)
    end
    car:set("tcu.sleeps", true)
  end
  if options.mqtt then
    tools.configure_mqtt(car, options.mqtt)
  end
  if options.radio then
    car:radio(options.radio)
  end
  tools.set_clock_of(car, options)
  if options.power ~= "off" then
    car:power_on()
  end
  return car
end

function test:vehicle(options)
  tools.check_options("t:vehicle", options or {}, car_options)
  self.cars = self.cars + 1
  return start_car(self, options or {})
end

-- How long cars are made before the loop looks after those that are there, in seconds.
local making = 0.005

-- ---- cohorts ----------------------------------------------------------------------------------

local function check_cohort(cohort, i, names)
  if type(cohort) ~= "table" then
    error("t:fleet: cohort " .. i .. " is no table", 3)
  end
  tools.check_options("t:fleet: cohort " .. i, cohort, cohort_options)
  local name, share = cohort.name, cohort.share or 1
  if type(name) ~= "string" or names[name] then
    error(string.format("t:fleet: cohort %d needs a name of its own, not %s", i, tools.show(name)), 3)
  elseif type(share) ~= "number" or not (share > 0 and share < math.huge) then
    error(string.format("t:fleet: cohort %q: its share is a number above 0, not %s", name, tools.show(share)), 3)
  end
  names[name] = true
  return share
end

-- How many cars each gets: its quota rounded down, and the rest to the largest remainders, the first of
-- equals first.
local function apportion(count, shares)
  local total, given, counts, rest = 0, 0, {}, {}
  for _, share in ipairs(shares) do
    total = total + share
  end
  for i, share in ipairs(shares) do
    local quota = count * share / total
    counts[i] = math.floor(quota + 1e-9)
    given = given + counts[i]
    rest[i] = { i = i, remainder = quota - counts[i] }
  end
  table.sort(rest, function(a, b)
    if math.abs(a.remainder - b.remainder) > 1e-9 then
      return a.remainder > b.remainder
    end
    return a.i < b.i
  end)
  for k = 1, count - given do
    local i = rest[k].i
    counts[i] = counts[i] + 1
  end
  return counts
end

-- Which cohort each car is of: spread evenly, so that any stretch of the fleet has its mix.
local function spread(count, counts)
  local order, used = {}, {}
  for i = 1, count do
    local best, most
    for k, n in ipairs(counts) do
      local behind = n * i / count - (used[k] or 0)
      if (used[k] or 0) < n and (not most or behind > most + 1e-9) then
        best, most = k, behind
      end
    end
    used[best] = (used[best] or 0) + 1
    order[i] = best
  end
  return order
end

-- What each car is made of, and the name of its cohort.
local function plan_of_cohorts(options, count, made)
  local names, shares, plans = {}, {}, {}
  if type(options.cohorts) ~= "table" or #options.cohorts == 0 or options.mix then
    error("t:fleet: cohorts is a list of tables, and takes the place of mix", 3)
  end
  for i, cohort in ipairs(options.cohorts) do
    shares[i] = check_cohort(cohort, i, names)
    plans[i] = {}
    for option in pairs(car_options) do
      plans[i][option] = cohort[option] == nil and options[option] or cohort[option]
    end
  end
  names_of[made] = names
  local order = spread(count, apportion(count, shares))
  return function(i)
    return plans[order[i]], options.cohorts[order[i]].name
  end
end

tools.start_car, tools.apportion, tools.spread = start_car, apportion, spread

-- options.count may be changed by --vehicles; options.rate limits how many start per second.
function test:fleet(options)
  options = options or {}
  tools.check_options("t:fleet", options, fleet_options)
  local made = setmetatable({}, fleet)
  local count = core.fleet_size(options.count)
  local began, pause = core.now(), core.queue()
  local went_on = began
  local plan = options.cohorts and plan_of_cohorts(options, count, made)
  self.cars = self.cars + count
  for i = 1, count do
    if plan then
      local car, cohort = plan(i)
      made[i] = start_car(self, car)
      cohort_of[made[i]] = cohort
    else
      made[i] = start_car(self, options.mix and options.mix[(i - 1) % #options.mix + 1] or options)
    end
    local ahead = options.rate and i / options.rate - (core.now() - began) or 0
    if ahead > 0 or core.now() - went_on > making then
      pause:wait(math.max(ahead, 0))
      went_on = core.now()
    end
  end
  return made
end
