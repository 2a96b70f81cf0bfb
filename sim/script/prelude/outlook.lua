-- What a load is going to be, for those who check whether it can be, and what it costs.

local core, _, _, tools = ...

-- Where the signals of a model live: named shadows by path, and how many there are.
local function named_shadows(model)
  local home, seen, count = {}, {}, 0
  for _, part in ipairs(model.parts) do
    for _, signal in ipairs(part.signals or {}) do
      local shadow = signal.shadow
      home[signal[1]] = shadow
      if shadow and not seen[shadow] then
        seen[shadow], count = true, count + 1
      end
    end
  end
  return home, count
end

-- In the mean over the mix: named shadows of a car, and the share of the commands whose wish is in one. A kind goes to
-- the cars that have its signal.
local function shadows_of(plan)
  local shadows, cars, named, commands = 0, 0, 0, 0
  local able, apart = {}, {}
  for i, name in ipairs(plan.names) do
    local model, share = core.model(name), plan.shares[i]
    local home, count = named_shadows(model)
    shadows, cars = shadows + count * share, cars + share
    for k, kind in ipairs(plan.kinds) do
      local has = model.owner[kind.signal] and share or 0
      able[k] = (able[k] or 0) + has
      apart[k] = (apart[k] or 0) + (home[kind.signal] and has or 0)
    end
  end
  for k, kind in ipairs(plan.kinds) do
    if able[k] > 0 then
      named, commands = named + kind.share * apart[k] / able[k], commands + kind.share
    end
  end
  return cars > 0 and shadows / cars or 0, commands > 0 and named / commands or 0
end

-- A phase's share of a rate: a number, or { from, to }.
local function highest(share)
  return type(share) == "table" and math.max(share[1], share[2]) or share or 1
end

function tools.outlook(plan)
  local ramp, told = plan.ramp, { storm = 0, measured = 0 }
  told.vehicles, told.apps, told.warm_up = plan.count, plan.options.apps, plan.warm_up
  told.ramp = ramp.linear or ramp.spread or (ramp.steps - 1) * ramp.every
  told.connects = ramp.steps and plan.count / ramp.steps or plan.count / math.max(told.ramp, 1)
  local most, telemetry = 0, 0
  for _, phase in ipairs(plan.phases) do
    told.measured = told.measured + phase.duration
    told.storm = math.max(told.storm, phase.storm or 0, phase.outage or 0)
    most = math.max(most, highest(phase.commands))
    telemetry = math.max(telemetry, highest(phase.telemetry))
  end
  told.commands, told.telemetry = plan.rate * most, plan.telemetry * telemetry
  told.telemetry_size = plan.options.telemetry_size
  told.by_shadow = plan.options.way == "shadow" and 1 or 0
  told.named_shadows, told.named_commands = shadows_of(plan)
  return told
end
