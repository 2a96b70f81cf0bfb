-- Cars, and many of them at once.

local core, api, prelude, tools = ...
local test = tools.test

-- ---- fleets -----------------------------------------------------------------------------------

local fleet = tools.seal({}, "a fleet")

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

-- ---- making cars -------------------------------------------------------------------------------

local car_options = { model = true, state = true, power = true, mqtt = true, radio = true,
  tags = true, sleep = true }
local fleet_options = { model = true, state = true, power = true, mqtt = true, radio = true,
  tags = true, sleep = true, count = true, rate = true, mix = true }

local function start_car(options)
  local car = core.car(options.model or "compact_ev")
  local paths = {}
  for path in pairs(options.state or {}) do
    paths[#paths + 1] = path
  end
  table.sort(paths) -- the same run, the same order
  for _, path in ipairs(paths) do
    car:set(path, options.state[path])
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
  if options.power ~= "off" then
    car:power_on()
  end
  return car
end

function test:vehicle(options)
  tools.check_options("t:vehicle", options or {}, car_options)
  self.cars = self.cars + 1
  return start_car(options or {})
end

-- How long cars are made before the loop looks after those that are there, in seconds.
local making = 0.005

-- options.count may be changed by --vehicles; options.rate limits how many start per second.
function test:fleet(options)
  options = options or {}
  tools.check_options("t:fleet", options, fleet_options)
  local made = setmetatable({}, fleet)
  local count = core.fleet_size(options.count)
  local began, pause = core.now(), core.queue()
  local went_on = began
  self.cars = self.cars + count
  for i = 1, count do
    made[i] = start_car(options.mix and options.mix[(i - 1) % #options.mix + 1] or options)
    local ahead = options.rate and i / options.rate - (core.now() - began) or 0
    if ahead > 0 or core.now() - went_on > making then
      pause:wait(math.max(ahead, 0))
      went_on = core.now()
    end
  end
  return made
end
