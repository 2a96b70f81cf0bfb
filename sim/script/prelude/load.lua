-- Load profiles: a fleet that comes, phases of stated rates, what happens to the fleet meanwhile.

local core, api, _, tools = ...
local show = tools.show

-- ---- what a profile may say -------------------------------------------------------------------

local profile_options = {
  vehicles = true, mix = true, state = true, radio = true, sleep = true, ramp = true, warm_up = true, duration = true,
  commands = true, telemetry = true, probes = true, apps = true, in_flight = true, phases = true, tags = true,
}
local command_options = { rate = true, per_car = true, arrivals = true, kinds = true, by = true, patience = true }
local telemetry_options = { rate = true, per_car = true, arrivals = true, size = true }
local probe_options = { cars = true, rate = true }
local phase_options = {
  name = true, duration = true, commands = true, telemetry = true, vehicles = true, storm = true, outage = true,
  before = true, after = true,
}
local ramp_options = { linear = true, spread = true, steps = true, every = true }

-- What apps ask for, in turn; a car can do it if it has the signal.
local known_kinds = {
  locks = { signal = "locks.all", { locks = { all = "unlocked" } }, { locks = { all = "locked" } } },
  lights = { signal = "lights.low_beam", { lights = { low_beam = true } }, { lights = { low_beam = false } } },
  climate = { signal = "climate.active", { climate = { active = true } }, { climate = { active = false } } },
  charging = { signal = "charging.limit", { charging = { limit = 90 } }, { charging = { limit = 80 } } },
}

local function number(call, what, value, low, high)
  if type(value) ~= "number" or not (value >= low and value <= (high or 1e9)) then
    error(string.format("%s: %s is a number from %g%s, not %s", call, what, low,
      high and " to " .. high or "", show(value)), 0)
  end
  return value
end

-- A share from 0 to 1, above which is meant the number itself; or { from, to }.
local function pair(call, what, value, default)
  if value == nil then
    value = default
  end
  if type(value) ~= "table" then
    return { number(call, what, value, 0), value }
  end
  return { number(call, what .. "[1]", value[1], 0), number(call, what .. "[2]", value[2], 0) }
end

local function check_table(call, what, value, options)
  if type(value) ~= "table" then
    error(string.format("%s: %s is a table, not %s", call, what, show(value)), 0)
  end
  tools.check_options(call .. ": " .. what, value, options)
  return value
end

-- A fleet of the mix, each model spread evenly over it.
local function mix_of(call, mix)
  local names, shares = {}, {}
  for name in pairs(mix) do
    if type(name) ~= "string" then
      error(call .. ": mix gives models their shares, as { compact_ev = 3, electric_bus = 1 }", 0)
    end
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    shares[i] = number(call, "the share of " .. name, mix[name], 0)
  end
  if #names == 0 then
    error(call .. ": mix names no model", 0)
  end
  return names, shares
end

local function kind_of(call, name, value)
  if type(value) == "table" then
    if type(value[1]) ~= "table" or type(value.signal) ~= "string" then
      error(string.format("%s: kind %s: { { … what it asks for … }, signal = \"path\", share = 1 }", call, name), 0)
    end
    return { name = name, signal = value.signal, share = value.share or 1, value[1], value[2] }
  end
  local known = known_kinds[name]
  if not known then
    error(string.format("%s: no kind of command '%s'%s (there are charging, climate, lights and locks, and those that "
      .. "a profile describes)", call, tostring(name), tools.did_you_mean(name, known_kinds)), 0)
  end
  return { name = name, signal = known.signal, share = number(call, name, value, 0), known[1], known[2] }
end

-- The kinds, by name so that each run has the same order. What the command line names may be described by the profile.
local function kinds_of(call, own, chosen)
  local names, kinds = {}, {}
  own = own or { locks = 1 }
  for name in pairs(chosen or own) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    local value = own[name]
    if chosen and type(value) ~= "table" then
      value = chosen[name]
    end
    kinds[i] = kind_of(call, name, value)
    kinds[i].share = chosen and chosen[name] or kinds[i].share
  end
  return kinds
end

local function ramp_of(call, ramp, count)
  if ramp == nil then
    -- A handshake takes its time on both sides.
    return { linear = count / (150 * core.processors()) }
  elseif type(ramp) == "number" then
    return { linear = number(call, "ramp", ramp, 0) }
  end
  check_table(call, "ramp", ramp, ramp_options)
  if ramp.steps then
    number(call, "ramp.steps", ramp.steps, 1)
    number(call, "ramp.every", ramp.every, 0)
  elseif not (ramp.linear or ramp.spread) then
    error(call .. ": ramp is seconds, { linear = s }, { spread = s } or { steps = n, every = s }", 0)
  end
  return ramp
end

-- What an event of the command line makes of the phases: before it, it, after it.
local function with_event(phases, event, rate, alone)
  if not event then
    return phases
  end
  local total = 0
  for _, phase in ipairs(phases) do
    total = total + phase.duration
  end
  if event.time >= total then
    error(string.format("a burst, storm or outage of %g s does not fit into %g s (--duration)", event.time, total), 0)
  end
  local rest = (total - event.time) / 2
  local middle = { duration = event.time }
  if event.burst then
    middle.name, middle.commands = "burst", alone and 1 or rate > 0 and event.burst / rate or 0
  elseif event.storm then
    middle.name, middle.storm = "storm", event.storm
  else
    middle.name, middle.outage = "outage", event.outage
  end
  local others = alone and 0 or 1
  return { { name = "steady", duration = rest, commands = others }, middle,
    { name = "recovery", duration = rest, commands = others } }
end

-- Together as long as the command line wants.
local function stretched(phases, duration)
  local total, made = 0, {}
  for _, phase in ipairs(phases) do
    total = total + phase.duration
  end
  for i, phase in ipairs(phases) do
    made[i] = {}
    for key, value in pairs(phase) do
      made[i][key] = value
    end
    made[i].duration = phase.duration * duration / total
  end
  return made, duration
end

local function check_phases(call, phases)
  for i, phase in ipairs(phases) do
    local what = "phase " .. i
    check_table(call, what, phase, phase_options)
    number(call, what .. ": duration", phase.duration, 0.001)
    pair(call, what .. ": commands", phase.commands, 1)
    pair(call, what .. ": telemetry", phase.telemetry, 1)
    number(call, what .. ": vehicles", phase.vehicles or 1, 0, 1)
    number(call, what .. ": storm", phase.storm or 0, 0, 1)
    number(call, what .. ": outage", phase.outage or 0, 0, 1)
  end
  if #phases == 0 then
    error(call .. ": phases is a list of at least one", 0)
  end
  return phases
end

-- A smoke test of the profile, when it is run as a scenario.
local small = { duration = 3, warm_up = 0.5, rate_per_car = 0.5, vehicles = 20 }

-- Rate of a stream: the command line's, or the profile's, which is for its own fleet and grows with it.
local function rate_of(call, what, own, flag, count, vehicles)
  own = own or {}
  if flag then
    return flag
  elseif own.per_car then
    return number(call, what .. ": per_car", own.per_car, 0) * count
  end
  return number(call, what .. ": rate", own.rate or 0, 0) * count / vehicles
end

local function plan_of(call, profile, count, flags)
  local p = { count = count, radio = profile.radio, state = profile.state, sleep = profile.sleep }
  local commands = check_table(call, "commands", profile.commands or { per_car = 0.05 }, command_options)
  local telemetry = check_table(call, "telemetry", profile.telemetry or {}, telemetry_options)
  local probes = check_table(call, "probes", profile.probes or {}, probe_options)
  local vehicles = profile.vehicles or 1000
  p.names, p.shares = mix_of(call, flags.models or profile.mix or { compact_ev = 1 })
  p.ramp = ramp_of(call, flags.ramp or profile.ramp, count)
  local warm_up = number(call, "warm_up", profile.warm_up or 10, 0)
  -- Each step of a search for cars connects its own, and settles.
  local by_cars = flags.search and flags.search.what == "vehicles"
  p.warm_up = by_cars and 0 or flags.warm_up or warm_up
  p.kinds = kinds_of(call, commands.kinds, flags.kinds)
  p.rate = rate_of(call, "commands", commands, flags.commands, count, vehicles)
  -- A burst in a load without commands is all that there are.
  local alone = p.rate == 0 and flags.event and flags.event.burst
  p.rate = alone or p.rate
  if not flags.is_load then
    p.ramp = { linear = small.warm_up }
    p.rate = math.min(p.rate, 1) * small.rate_per_car * count
  end
  p.process = flags.process or commands.arrivals or "poisson"
  p.telemetry = rate_of(call, "telemetry", telemetry, flags.telemetry
    or flags.telemetry_per_car and flags.telemetry_per_car * count, count, vehicles)
  p.telemetry_process = flags.process or telemetry.arrivals or "constant"
  p.probes = math.min(flags.probes or probes.cars or math.min(5, math.ceil(count / 100)), count - 1)
  p.probe_rate = flags.probe_rate or probes.rate or 1
  p.options = {
    way = flags.way or commands.by or "request", patience = flags.patience or commands.patience or 30,
    telemetry_size = flags.telemetry_size or telemetry.size or 200,
    in_flight = flags.in_flight or profile.in_flight or 100,
    apps = flags.apps or profile.apps or math.min(math.max(1, math.ceil(p.rate / 250)), 16), probes = p.probes > 0,
  }
  local phases = check_phases(call, profile.phases or { { name = "steady", duration = profile.duration or 60 } })
  local duration = flags.duration
  if profile.duration and not duration then
    duration = profile.duration
  end
  p.phases = duration and stretched(phases, duration) or phases
  p.phases = with_event(p.phases, flags.event, p.rate, alone)
  p.search, p.rate_per_car = flags.search, p.rate / count
  return p
end

-- ---- the fleet --------------------------------------------------------------------------------

-- When each of n cars is switched on, in seconds from the ramp's beginning, in order.
local function moments(ramp, n)
  local at = {}
  for i = 1, n do
    if ramp.steps then
      at[i] = (i - 1) * ramp.steps // n * ramp.every
    elseif ramp.spread then
      at[i] = core.random() * ramp.spread
    else
      at[i] = (i - 1) / n * ramp.linear
    end
  end
  table.sort(at)
  return at
end

-- How long cars are made before the loop looks after those that are there, in seconds.
local making = 0.005

-- Cars from the first that there is not yet to the n-th.
local function grow(run, n, ramp)
  local plan, pause = run.plan, core.queue()
  local first = #run.fleet
  local at = moments(ramp, n - first)
  local began = core.now()
  local went_on = began
  for i = first + 1, n do
    local ahead = began + at[i - first] - core.now()
    if ahead > 0 or core.now() - went_on > making then
      pause:wait(math.max(ahead, 0))
      went_on = core.now()
    end
    local car = tools.start_car(run.t, { model = plan.names[run.order[i]], state = plan.state, radio = plan.radio,
      sleep = plan.sleep })
    local probe = run.is_probe[i]
    run.fleet[i] = car
    run.load:add(car, probe)
  end
end

-- Spread evenly over those that are there from the beginning.
local function choose_probes(count, probes)
  local chosen = {}
  for k = 1, probes do
    chosen[math.ceil(k * count / probes)] = true
  end
  return chosen
end

local function await_online(run, seconds)
  local pause, deadline = core.queue(), core.now() + seconds
  while run.load:online() < #run.fleet and core.now() < deadline do
    pause:wait(0.2)
  end
  local online = run.load:online()
  if online * 2 < #run.fleet then
    tools.fail(string.format("expected the fleet online within %.0f s of its ramp, saw %d of %d cars", seconds, online,
      #run.fleet))
  end
end

-- ---- phases -----------------------------------------------------------------------------------

-- So many of those that are online, spread evenly over the fleet.
local function share_of(run, share)
  local chosen, due = {}, 0
  for _, car in ipairs(run.fleet) do
    due = due + share
    if due >= 1 - 1e-9 then
      due = due - 1
      if car.link == "online" then
        chosen[#chosen + 1] = car
      end
    end
  end
  return chosen
end

local function begin_event(run, phase)
  if phase.storm then
    for _, car in ipairs(share_of(run, phase.storm)) do
      run.load:cut(car)
    end
  end
  run.away = {}
  if phase.outage then
    run.t:needs_radio()
    run.away = share_of(run, phase.outage)
    for _, car in ipairs(run.away) do
      car:radio("tunnel")
      run.load:cut(car)
    end
  end
end

local function end_event(run)
  for _, car in ipairs(run.away) do
    car:radio(run.plan.radio or core.radio_name())
  end
  run.away = {}
end

local function run_phase(run, phase, ends)
  local plan, load, pause = run.plan, run.load, core.queue()
  local commands = pair("", "commands", phase.commands, 1)
  local telemetry = pair("", "telemetry", phase.telemetry, 1)
  load:phase(phase.name or "steady")
  load:stream("commands", plan.rate * commands[1], plan.rate * commands[2], phase.duration)
  load:stream("telemetry", plan.telemetry * telemetry[1], plan.telemetry * telemetry[2], phase.duration)
  if plan.probes > 0 then
    load:stream("probes", plan.probe_rate, plan.probe_rate, phase.duration)
  end
  if phase.before then
    phase.before(run.fleet, run.t)
  end
  begin_event(run, phase)
  local n = math.max(#run.fleet, math.floor((phase.vehicles or 1) * plan.count + 0.5))
  if n > #run.fleet then
    grow(run, n, { linear = phase.duration / 2 })
  end
  local left = ends - core.now()
  if left > 0 then
    pause:wait(left)
  end
  end_event(run)
  if phase.after then
    phase.after(run.fleet, run.t)
  end
end

local function begin_load(run)
  local plan, pause = run.plan, core.queue()
  local load = core.new_load(plan.options)
  local deadline = core.now() + 30
  run.load = load
  for _, kind in ipairs(plan.kinds) do
    load:kind(kind.name, kind.signal, kind.share, kind[1], kind[2])
  end
  load:process("commands", plan.process)
  load:process("telemetry", plan.telemetry_process)
  load:process("probes", "constant")
  load:phase("start")
  local ready, trouble = load:ready()
  while not ready do
    if core.now() >= deadline then
      tools.fail("the load's apps: expected a connection to the cloud within 30 s"
        .. (trouble ~= "" and " (" .. trouble .. ")" or ""))
    end
    pause:wait(0.05)
    ready, trouble = load:ready()
  end
end

-- When nothing of the telemetry under way has arrived for so long, in seconds, and everybody is connected, the rest is
-- lost: nobody will send it again.
local lost_after = 5

local function drain(run, name)
  local load, pause, began = run.load, core.queue(), core.now()
  load:phase(name)
  load:stop()
  local unseen, since = load:unseen(), began
  while core.now() < began + run.plan.options.patience + 1 do
    local left = load:unseen()
    if left ~= unseen then
      unseen, since = left, core.now()
    end
    local lost = core.now() - since > lost_after and load:ready() and load:online() == #run.fleet
    if load:open() == 0 and (left == 0 or lost) then
      break
    end
    pause:wait(0.05)
  end
end

-- Of several processes that are one load, this one's part: its cars, with their models as the whole fleet has them, and
-- its share of the probes and rates.
local function take_shard(run, shard)
  local plan, order, probes = run.plan, {}, 0
  local is_probe = choose_probes(plan.count, plan.probes)
  for i = 1, shard.size do
    local k = math.tointeger(shard.first) + i
    order[i] = run.order[k]
    probes = probes + (is_probe[k] and 1 or 0)
  end
  probes = math.min(probes, math.tointeger(shard.size) - 1)
  local share = shard.size / plan.count
  run.order = order
  plan.count = math.tointeger(shard.size)
  plan.rate, plan.telemetry = plan.rate * share, plan.telemetry * share
  plan.probe_rate = probes > 0 and plan.probe_rate * probes / plan.probes or 0
  plan.probes = probes
  plan.options.probes = probes > 0
  plan.options.apps = math.max(1, math.ceil(plan.options.apps * share))
end

local function run_profile(t, plan, shard)
  local run = { t = t, plan = plan, fleet = setmetatable({}, tools.fleet), away = {} }
  run.order = tools.spread(plan.count, tools.apportion(plan.count, plan.shares))
  local whole = shard and tools.outlook(plan)
  if shard then
    take_shard(run, shard)
  end
  if whole then -- each has an app at least
    whole.apps = math.max(whole.apps, math.floor(shard.total / shard.size + 0.5) * plan.options.apps)
  end
  core.load_planned(tools.outlook(plan), whole)
  local first = math.max(1, math.floor((plan.phases[1].vehicles or 1) * plan.count + 0.5))
  if plan.search then
    first = tools.first_fleet(plan)
  end
  run.is_probe = choose_probes(first, plan.probes)
  begin_load(run)
  run.load:phase("ramp")
  grow(run, first, plan.ramp)
  await_online(run, 60 + 0.01 * plan.count)
  if plan.warm_up > 0 then
    local phase = plan.phases[1]
    run_phase(run, { name = "warm-up", duration = plan.warm_up, vehicles = phase.vehicles,
      commands = pair("", "commands", phase.commands, 1)[1], telemetry = pair("", "telemetry", phase.telemetry, 1)[1] },
      core.now() + plan.warm_up)
  end
  if plan.search then
    tools.run_search(run)
    return
  end
  run.load:measure()
  local ends = core.now()
  for _, phase in ipairs(plan.phases) do
    ends = ends + phase.duration
    run_phase(run, phase, ends)
  end
  run.load:finish()
  drain(run, "drain")
end

tools.load = { grow = grow, await_online = await_online, drain = drain }

-- ---- declaring --------------------------------------------------------------------------------

-- Declares a load; only at the top of a scenario file. `fleetsim load` runs it as it says; as one scenario among others
-- it is a smoke test of itself, with few cars and short.
function api.load_profile(name, profile)
  if type(name) ~= "string" or type(profile) ~= "table" then
    error("usage: load_profile(name, { vehicles = …, commands = { rate = … }, … })", 2)
  end
  local call = "load_profile " .. show(name)
  tools.check_options(call, profile, profile_options)
  local flags = core.load_flags()
  local is_load = flags ~= nil
  flags = flags or { duration = small.duration, warm_up = small.warm_up }
  flags.is_load = is_load
  -- What is wrong with it shows now, and not when its turn comes.
  local ok, why = pcall(plan_of, call, profile, profile.vehicles or 1000, flags)
  if not ok then
    error(why, 2)
  end
  local options = { timeout = 1e6, alone = is_load, tags = profile.tags or { "load" } }
  tools.declare_for_caller(call, name, options, function(t)
    if core.is_virtual() then
      t:skip("a load is measured in real time")
    end
    local count = core.fleet_size(is_load and profile.vehicles or small.vehicles)
    local shard = core.load_shard()
    run_profile(t, plan_of(call, profile, shard and math.tointeger(shard.total) or count, flags), shard)
  end)
end
