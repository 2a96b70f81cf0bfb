-- Many at once: arrivals by a rate, whatever becomes of those before; and barriers, where all wait for all.

local core, api, prelude, tools = ...
local test = tools.test
local show = tools.show

-- ---- arrivals ---------------------------------------------------------------------------------

local arrival_options = { rate = true, process = true, count = true, duration = true, clock = true, join = true }

local function positive(what, value)
  if type(value) ~= "number" or not (value > 0 and value < 1e9) then
    error(string.format("t:arrivals: %s is a number above 0, not %s", what, show(value)), 0)
  end
  return value
end

local function one_of(what, value, default, choices)
  value = value or default
  if not choices[value] then
    error(string.format("t:arrivals: %s is not %s%s", what, show(value), tools.did_you_mean(value, choices)), 0)
  end
  return value
end

-- A rate, or { from, to }: it rises or falls evenly over the duration.
local function rates(options)
  local rate = options.rate
  if type(rate) ~= "table" then
    return positive("rate", rate), positive("rate", rate)
  elseif #rate ~= 2 or not options.duration then
    error("t:arrivals: a rate that changes is { from, to }, over a duration", 0)
  end
  local from, to = rate[1], rate[2]
  if type(from) ~= "number" or type(to) ~= "number" or from < 0 or to < 0 or from + to <= 0 or from + to > 1e9 then
    error("t:arrivals: rate is { from, to }, numbers from 0, not " .. show(rate), 0)
  end
  return from, to
end

-- When so many have arrived, in seconds from the beginning: the rate's integral, the other way round.
local function inverse(from, to, duration)
  local slope = duration and (to - from) / duration or 0
  return function(arrived)
    if slope == 0 then
      return arrived / from
    end
    local root = from * from + 2 * slope * arrived
    return root >= 0 and (math.sqrt(root) - from) / slope or math.huge
  end
end

local processes = {
  constant = function()
    local n = -1
    return function()
      n = n + 1
      return n
    end
  end,
  -- Exponential gaps: as many people who know nothing of each other.
  poisson = function()
    local sum = 0
    return function()
      sum = sum - math.log(1 - core.random())
      return sum
    end
  end,
}

local clocks = {
  real = {
    now = core.now,
    wait = function(seconds) core.queue():wait(seconds) end,
  },
  simulated = { now = core.simulated_now, wait = core.wait },
}

local function schedule_of(options)
  local from, to = rates(options)
  local count, duration = options.count, options.duration
  if not count and not duration then
    error("t:arrivals: say how many (count) or for how long (duration)", 0)
  elseif count and (math.type(count) ~= "integer" or count < 0) then
    error("t:arrivals: count is a whole number, not " .. show(count), 0)
  end
  duration = duration and positive("duration", duration)
  local process = processes[one_of("process", options.process, "constant", processes)]()
  local clock = clocks[one_of("clock", options.clock, "real", clocks)]
  return { at = inverse(from, to, duration), process = process, clock = clock, count = count or math.huge,
    duration = duration or math.huge }
end

-- Returns a function that waits for the next one: its number, and how late it is; nil after the last.
local function arrivals(schedule)
  local clock, n = schedule.clock, 0
  local began = clock.now()
  return function()
    local due = n < schedule.count and schedule.at(schedule.process())
    if not due or due >= schedule.duration then
      return nil
    end
    n = n + 1
    local ahead = began + due - clock.now()
    if ahead > 0 then
      clock.wait(ahead)
    end
    return n, math.max(clock.now() - began - due, 0)
  end
end

-- With fn: starts fn(i, late) for each arrival, and waits for those that still run when all have been started
-- (unless join = false); returns how many there were. Without: to iterate over.
function test:arrivals(options, fn)
  if type(options) ~= "table" or (fn ~= nil and type(fn) ~= "function") then
    error("usage: t:arrivals({ rate = …, count = … }, [function(i, late) … end])", 2)
  end
  tools.check_options("t:arrivals", options, arrival_options)
  local ok, schedule = pcall(schedule_of, options)
  if not ok then
    error(schedule, 2)
  end
  local each = arrivals(schedule)
  if not fn then
    return each
  end
  local started, running, all = 0, 0, core.queue()
  for i, late in each do
    started, running = i, running + 1
    core.spawn(function()
      fn(i, late)
      running = running - 1
      all:notify()
    end)
  end
  while options.join ~= false and running > 0 do
    all:wait(86400)
  end
  return started
end

-- ---- barriers ---------------------------------------------------------------------------------

local barrier = tools.seal({}, "a barrier")

-- For so many, or for the cars of a fleet. It can be used again when all have passed.
function test:barrier(n)
  if type(n) == "table" then
    n = #n
  end
  if math.type(n) ~= "integer" or n < 1 then
    error("t:barrier: a number of those who meet, or a fleet, not " .. show(n), 2)
  end
  return setmetatable({ n = n, turn = { there = 0, open = core.queue() } }, barrier)
end

-- Waits until all are there; returns the place in which this one came.
function barrier:wait(timeout)
  local turn = self.turn
  local deadline = core.now() + (timeout or 10)
  turn.there = turn.there + 1
  local place = turn.there
  if place == self.n then
    self.turn = { there = 0, open = core.queue() }
    turn.passed = true
    turn.open:notify()
    return place
  end
  while not turn.passed do
    local left = deadline - core.now()
    if left <= 0 then
      core.count_assertion()
      local there = turn.there
      turn.there = there - 1
      tools.fail(string.format("barrier: expected %d to meet within %g s, saw %d", self.n, timeout or 10, there))
    end
    turn.open:wait(left)
  end
  return place
end
