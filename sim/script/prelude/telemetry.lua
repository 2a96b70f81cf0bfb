-- Telemetry: what cars collect, and what arrived of it.

local core, api, _, tools = ...

local plan_options = {
  format = true, topic = true, kind = true, qos = true, compress = true, encrypt = true, key = true, batch = true,
  offline = true, campaigns = true, rules = true, signals = true, every = true, on_change = true, when = true,
  before = true, after = true,
}
tools.car_options.collect = plan_options
local rule_options = {
  signals = true, every = true, on_change = true, when = true, before = true, after = true,
}
local batch_options = { count = true, seconds = true }
local offline_options = { samples = true, persist = true }

local function rule_document(rule, what)
  tools.check_options(what, rule, rule_options)
  return {
    signals = rule.signals, every = rule.every, onChange = rule.on_change, when = rule.when, before = rule.before,
    after = rule.after,
  }
end

-- The document that sim/telemetry/plan.h reads. The options themselves may be a first rule.
local function plan_document(options)
  local own = {}
  for name in pairs(rule_options) do
    own[name] = options[name]
  end
  local rules = {}
  if next(own) then
    rules[1] = rule_document(own, "telemetry")
  end
  for i, rule in ipairs(options.rules or {}) do
    rules[#rules + 1] = rule_document(rule, "telemetry: rule " .. i)
  end
  tools.check_options("telemetry.batch", options.batch or {}, batch_options)
  tools.check_options("telemetry.offline", options.offline or {}, offline_options)
  return {
    format = options.format, topic = options.topic, kind = options.kind, qos = options.qos,
    compress = options.compress, encrypt = options.encrypt, batch = options.batch, offline = options.offline,
    campaigns = options.campaigns, rules = #rules > 0 and rules or nil,
  }
end

-- Cars of one model share the plan that one table of options makes.
local plans = setmetatable({}, { __mode = "k" })

local function plan_of(car, options)
  local by_model = plans[options]
  if not by_model then
    by_model = setmetatable({}, { __mode = "k" })
    plans[options] = by_model
  end
  local model = core.model_of(car)
  local plan = by_model[model]
  if not plan then
    tools.check_options("car:collect", options, plan_options)
    plan = core.telemetry_plan(car, core.to_json(plan_document(options)), options.key)
    by_model[model] = plan
  end
  return plan
end

-- From now on the car collects as the options say; nil ends it.
function core.car_methods.collect(car, options)
  core.car_collect(car, options and plan_of(car, options))
end

-- Sends what waits; returns how many samples still do.
function core.car_methods.flush_telemetry(car)
  return core.car_flush(car)
end

-- What a telemetry message says: a table, or nil and why not.
function api.decode_telemetry(message, key)
  return core.decode_telemetry(type(message) == "table" and message.payload or message, key)
end
