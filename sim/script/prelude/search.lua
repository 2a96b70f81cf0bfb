-- The search for what a cloud carries: a load in steps.

local core, _, _, tools = ...

-- How close the result comes to what does not hold.
local PRECISION = 0.1
-- Between two looks at whether a step has to end, in seconds.
local LOOK = 0.25

-- The first to try, and the most. Probes are there besides the cars that are counted.
local function range(plan)
  local search = plan.search
  if search.what == "vehicles" then
    local most = math.max(1, math.min(search.most or plan.count, plan.count - plan.probes))
    return math.floor(math.max(1, math.min(search.from or math.ceil(most / 8), most))), math.floor(most)
  end
  local most = search.most or 100000
  return math.min(search.from or math.max(plan.rate, 1), most), most
end

-- How many cars there are before the first step. Where cars are counted each step connects all of them anew.
function tools.first_fleet(plan)
  return plan.search.what == "vehicles" and math.max(plan.probes, 1) or plan.count
end

-- Those that there are, and should be: all probes, and n others.
local function chosen(run, n)
  local cars, others = {}, 0
  for i, car in ipairs(run.fleet) do
    others = others + (run.is_probe[i] and 0 or 1)
    if run.is_probe[i] or others <= n then
      cars[#cars + 1] = car
    end
  end
  return cars
end

-- The whole fleet goes, and n cars come, as fast as a ramp is. Returns why not, if they do not.
local function connect_anew(run, n)
  local plan, load, pause = run.plan, run.load, core.queue()
  local rate = 150 * core.processors()
  for _, car in ipairs(run.fleet) do
    car:power_off()
  end
  pause:wait(1)
  local began = core.now()
  for i, car in ipairs(chosen(run, n)) do
    car:power_on()
    local ahead = began + i / rate - core.now()
    if ahead > 0 then
      pause:wait(ahead)
    end
  end
  local all = math.min(n + plan.probes, plan.count)
  tools.load.grow(run, all, { linear = math.max(0, all - #run.fleet) / rate })
  load:use(n)
  local deadline = core.now() + 60 + 0.01 * all
  while load:online() < all and core.now() < deadline do
    pause:wait(LOOK)
  end
  if load:online() < 0.99 * all then
    return string.format("%d of %d cars came online", load:online(), all)
  end
end

-- Waits so long, or until much fails: then why.
local function watch(load, seconds)
  local pause, ends = core.queue(), core.now() + seconds
  while true do
    local left, why = ends - core.now(), load:trip()
    if why or left <= 0 then
      return why
    end
    pause:wait(math.min(left, LOOK))
  end
end

local function step(run, value, again)
  local plan, load = run.plan, run.load
  local vehicles = plan.search.what == "vehicles"
  local settle, measure = plan.search.settle or 5, plan.search.step or 20
  local label = string.format(vehicles and "%.0f cars" or "%.4g/s", value)
  load:phase("settle " .. label)
  local why = vehicles and connect_anew(run, math.floor(value)) or nil
  local rate = vehicles and plan.rate_per_car * value or value
  local telemetry = plan.telemetry * (vehicles and value / plan.count or 1)
  load:stream("commands", rate, rate, settle + measure + 1)
  load:stream("telemetry", telemetry, telemetry, settle + measure + 1)
  if plan.probes > 0 then
    load:stream("probes", plan.probe_rate, plan.probe_rate, settle + measure + 1)
  end
  why = why or watch(load, settle)
  load:measure_step()
  if not why then
    load:phase(label .. (again and " again" or ""))
    why = watch(load, measure)
  end
  -- What is under way belongs to what was measured; and a target in trouble is left alone.
  tools.load.drain(run, "drain " .. label)
  local outcome = load:judge_step(why ~= nil)
  print(string.format("  %-12s %s%s%s", label, outcome, again and " (again)" or "", why and ": " .. why or ""))
end

function tools.run_search(run)
  local from, most = range(run.plan)
  run.load:search(from, most, PRECISION)
  while true do
    local value, again = run.load:next_step()
    if not value then
      break
    end
    step(run, value, again)
  end
  run.load:finish()
end
