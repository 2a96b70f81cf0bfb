-- Models made of parts: their signals, their actions, what parts do of themselves.

local core, api, _, tools = ...

local function without_shadow(options)
  local others = {}
  for key, value in pairs(options) do
    if key ~= "shadow" then
      others[key] = value
    end
  end
  return others
end

-- The part's signals live in that named shadow, but for those that say where they live.
local function move_signals(made, shadow)
  for i, signal in ipairs(made.signals or {}) do
    if type(signal) == "table" and signal.shadow == nil then
      local moved = { shadow = shadow }
      for key, value in pairs(signal) do
        moved[key] = value
      end
      made.signals[i] = moved
    end
  end
end

-- part(name, builder): the builder gets the options that the model gives, but for `shadow`, and returns
-- { signals = {…}, desire = function(car, wishes), actions = {…}, start = function(car),
-- refresh = function(car), jobs = {…} }; jobs: see car_jobs.lua.
function api.part(name, builder)
  return function(options)
    options = options or {}
    local shadow = options.shadow
    if shadow ~= nil then
      options = without_shadow(options)
    end
    tools.check_part_options(name, builder, options)
    local made = builder(options)
    made.name = name
    if shadow ~= nil then
      move_signals(made, shadow)
    end
    return made
  end
end

-- Reported by every car: why it last refused a desired state.
local refusal_signals = {
  { "refusal.reason", type = "string", initial = "" },
  { "refusal.description", type = "string", initial = "" },
  { "refusal.token", type = "string", initial = "" }, -- the clientToken of the wish
}

-- What time has done to the car meanwhile: whoever looks at it or acts on it calls this first.
function tools.refresh(car, model)
  for _, bring_up_to_date in ipairs(model.refreshes) do
    bring_up_to_date(car)
  end
end

local function add_refresh(model, fn)
  for _, known in ipairs(model.refreshes) do
    if known == fn then
      return
    end
  end
  model.refreshes[#model.refreshes + 1] = fn
end

-- Something has been done at the car, or a "command": parts that want to know of it are told.
function tools.acted(car, model, what, ...)
  for _, after_action in ipairs(model.after_actions) do
    after_action(car, what)
  end
  return ...
end

local signal_fields = {
  deadband = true, desired = true, initial = true, max = true, min = true, report_every = true, reported = true,
  shadow = true, type = true, unit = true, values = true, vss = true,
}

local function check_fields(model, signal)
  for field in pairs(signal) do
    if field ~= 1 and not signal_fields[field] then
      error(string.format("model %s: signal %s has no field '%s'%s", model, signal[1], tostring(field),
        tools.did_you_mean(tostring(field), signal_fields)), 3)
    end
  end
end

function api.model(definition)
  tools.check_options("model{…}", definition, { name = true, title = true, parts = true, picture = true })
  local name = definition.name
  if type(name) ~= "string" then
    error("model{…} needs a name", 2)
  end
  local model = { name = name, title = definition.title or name, picture = tools.check_picture(name, definition.picture),
    owner = {}, actions = {}, starts = {}, refreshes = {}, after_actions = {}, jobs = {},
    parts = definition.parts or {} }
  local signals = table.move(refusal_signals, 1, #refusal_signals, 1, {})
  for _, part in ipairs(model.parts) do
    for _, signal in ipairs(part.signals or {}) do
      if type(signal) ~= "table" or type(signal[1]) ~= "string" then
        error("model " .. name .. ": a signal is a table whose first element is its path", 2)
      end
      check_fields(name, signal)
      signals[#signals + 1] = signal
      model.owner[signal[1]] = part
    end
    for action, fn in pairs(part.actions or {}) do
      if model.actions[action] then
        error("model " .. name .. ": two parts have an action '" .. action .. "'", 2)
      end
      model.actions[action] = function(car, ...)
        tools.outcomes.before_action(car, action)
        tools.refresh(car, model)
        return tools.acted(car, model, action, fn(car, ...))
      end
    end
    for operation, job in pairs(part.jobs or {}) do
      if model.jobs[operation] then
        error("model " .. name .. ": two parts know jobs of the operation '" .. operation .. "'", 2)
      end
      model.jobs[operation] = job
    end
    if part.after_action then
      model.after_actions[#model.after_actions + 1] = part.after_action
    end
    if part.start then
      model.starts[#model.starts + 1] = part.start
    end
    if part.refresh then
      add_refresh(model, part.refresh)
    end
  end
  local ok, schema = pcall(core.schema, name, signals)
  if not ok then
    error("model " .. name .. ": " .. schema, 2)
  end
  model.schema = schema
  return model
end
