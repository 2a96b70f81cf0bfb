-- Models made of parts, orders acted out by them, and the car that scripts hold.

local core, api, prelude, tools = ...

-- ---- models and parts -------------------------------------------------------------------------

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
local function refresh(car, model)
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
local function acted(car, model, what, ...)
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
        refresh(car, model)
        return acted(car, model, action, fn(car, ...))
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

-- ---- acting out orders ------------------------------------------------------------------------

local refusal = { __metatable = false }
refusal.__index = refusal
refusal.__tostring = function(self)
  return (self.failed and "failed: " or "refused: ") .. self.code .. ": " .. self.description
end

local function handler(raised)
  if type(raised) == "string" then
    return debug.traceback(raised, 2)
  end
  return raised
end

local function is_refusal(raised)
  return debug.getmetatable(raised) == refusal
end

tools.is_refusal = is_refusal
tools.traceback = handler

local function act_part(car, part, wishes)
  tools.outcomes.before(car, part, wishes)
  part.desire(car, wishes)
end

-- A part does one thing after another: a second wish waits until its motors have stopped.
local function exclusively(car, part, wishes)
  local busy = core.store(car)
  while busy[part] do
    busy[part]:wait(3600)
  end
  local queue = core.queue()
  busy[part] = queue
  local ok, raised = xpcall(act_part, handler, car, part, wishes)
  if not ok and is_refusal(raised) and raised.failed then
    tools.outcomes.after_fault(car, part, raised.code)
  end
  if busy[part] == queue then -- else the power was lost meanwhile
    busy[part] = nil
  end
  queue:notify()
  return ok, raised
end

-- "SUCCEEDED" | "REJECTED" | "FAILED", code, description; other errors are raised again.
local function outcome_of(ok, raised)
  if ok then
    return "SUCCEEDED"
  elseif is_refusal(raised) then
    return raised.failed and "FAILED" or "REJECTED", raised.code, raised.description
  end
  error(raised, 0)
end

local function by_part(car, changes)
  local model = core.model_of(car)
  local wishes, parts = {}, {}
  for i = 1, #changes, 2 do
    local path = changes[i]
    local part = model.owner[path]
    if part and part.desire then
      if not wishes[part] then
        wishes[part] = {}
        parts[#parts + 1] = part
      end
      wishes[part][path] = changes[i + 1]
    end
  end
  return parts, wishes
end

-- Parts move side by side; the first refusal decides the outcome.
local function act_all(car, parts, wishes)
  if #parts == 1 then
    return outcome_of(exclusively(car, parts[1], wishes[parts[1]]))
  end
  local left, results, all = #parts, {}, core.queue()
  for i, part in ipairs(parts) do
    core.spawn(function()
      results[i] = table.pack(exclusively(car, part, wishes[part]))
      left = left - 1
      all:notify()
    end)
  end
  while left > 0 do
    all:wait(3600)
  end
  local first = { "SUCCEEDED" }
  for i = 1, #parts do
    local outcome = table.pack(outcome_of(results[i][1], results[i][2]))
    if first[1] == "SUCCEEDED" then
      first = outcome
    end
  end
  return table.unpack(first)
end

-- Acts on it; a desired state has no answer, so why not is reported.
local function settle_order(car, parts, wishes, order)
  local outcome, code, description = act_all(car, parts, wishes)
  if outcome ~= "SUCCEEDED" and core.order_kind(order) == "desired" then
    car:set("refusal.reason", code)
    car:set("refusal.description", description)
    car:set("refusal.token", core.order_token(order))
  end
  return outcome, code, description
end

function prelude.act(car, order, changes)
  local parts, wishes = by_part(car, changes)
  refresh(car, core.model_of(car))
  tools.outcomes.before_order(car, parts, wishes)
  local twice, outcome, code, description = tools.outcomes.around(settle_order, car, parts, wishes, order)
  acted(car, core.model_of(car), "command")
  core.order_done(order, outcome, code, description, twice)
end

-- Somebody at the car presses its buttons: as a command, but what is refused is raised, and nobody is answered.
function tools.press(car, changes)
  local parts, wishes = by_part(car, changes)
  refresh(car, core.model_of(car))
  tools.outcomes.before_order(car, parts, wishes)
  local _, outcome, code, description = tools.outcomes.around(act_all, car, parts, wishes)
  acted(car, core.model_of(car), "command")
  if outcome ~= "SUCCEEDED" then
    error(setmetatable({ code = code, description = description, failed = outcome == "FAILED" }, refusal), 0)
  end
end

-- One after the other, but those behind one that waits do not wait for it.
function prelude.start_parts(car, first)
  local starts = core.model_of(car).starts
  for i = first, #starts do
    if core.hand_over(i < #starts and i + 1 or 0) then
      return
    end
    starts[i](car)
  end
end

function prelude.power_came(car)
  tools.outcomes.power_came(car)
  refresh(car, core.model_of(car))
  tools.serve_jobs(car)
  core.start_parts(car)
end

function prelude.power_lost(car)
  refresh(car, core.model_of(car)) -- what was with power is not to be taken for without
  core.stop_tasks(car)
  local store, queues = core.store(car), {}
  for _, part in ipairs(core.model_of(car).parts) do
    queues[#queues + 1] = store[part]
  end
  for key in pairs(store) do
    store[key] = nil
  end
  for _, queue in ipairs(queues) do -- who is no task of the car's still waits
    queue:notify()
  end
end

-- ---- the car ----------------------------------------------------------------------------------

local car_methods = core.car_methods

-- For suggestions; what each is, is said in C.
local car_properties = {
  connection = true, iccid = true, imei = true, index = true, last_close = true, link = true, model = true,
  msisdn = true, name = true, shadow_version = true, shadow_versions = true, state = true, vin = true,
}
tools.car_properties = car_properties

local versions = {
  __index = function(self, name)
    error("no signal of the car lives in a shadow '" .. tostring(name) .. "'" .. tools.did_you_mean(tostring(name), self), 2)
  end,
}

core.car_meta.__index = core.car_index(car_methods, function(car, name)
  local model = core.model_of(car)
  local action = model.actions[name]
  if action then
    return action
  elseif name == "state" then
    refresh(car, model)
  elseif name == "shadow_versions" then
    return setmetatable(core.shadow_versions(car), versions)
  end
  local value = core.property(car, name)
  if value == nil then
    error("a car has no '" .. tostring(name) .. "'"
      .. tools.did_you_mean(name, car_methods, model.actions, car_properties), 3)
  end
  return value
end)

core.car_meta.__newindex = function(_, name)
  error("a car's '" .. tostring(name) .. "' cannot be set (signals are in car.state)", 2)
end

-- Somebody presses buttons, by the paths of what they ask for: { ["locks.all"] = "unlocked" }.
function car_methods.press(car, wishes)
  local changes = {}
  for path, value in pairs(wishes) do
    changes[#changes + 1] = path
    changes[#changes + 1] = value
  end
  tools.press(car, changes)
end

-- Ends the wish that is being acted out: understood, but will not.
function car_methods.refuse(_, code, description)
  error(setmetatable({ code = code, description = description or code }, refusal), 0)
end

-- Likewise: tried, and could not.
function car_methods.fail(_, code, description)
  error(setmetatable({ code = code, description = description or code, failed = true }, refusal), 0)
end

-- Moves a number to its target at `per_second`, in steps a person could see.
function car_methods.glide(car, path, target, per_second, step)
  step = step or 0.25
  local value = car:get(path)
  while value ~= target do
    car:work(math.min(step, math.abs(target - value) / per_second))
    local change = math.min(per_second * step, math.abs(target - value))
    value = value + (target > value and change or -change)
    if math.abs(target - value) < 1e-6 then
      value = target
    end
    car:set(path, value)
  end
end

-- Waits until predicate() is true, looking again whenever something about the car changes.
local function car_wait(car, timeout, what, predicate)
  local deadline = core.now() + timeout
  while not predicate() do
    local left = deadline - core.now()
    if left <= 0 then
      core.count_assertion()
      tools.fail(string.format("%s: expected %s within %g s, but it is %s", tostring(car), what, timeout, car.link),
        car)
    end
    car:wait_change(left)
  end
end

local states = {
  off = true, asleep = true, connecting = true, syncing = true, online = true, ["backing off"] = true,
  provisioning = true,
}

function car_methods.wait_for(car, state, timeout)
  if not states[state] then
    error("car:wait_for: '" .. tostring(state) .. "' is not a state of a car", 2)
  end
  car_wait(car, timeout or 10, state, function() return car.link == state end)
  return car
end

function car_methods.wait_online(car, timeout)
  return car:wait_for("online", timeout)
end

-- Everything that changed was reported and accepted, and no order is open.
function car_methods.wait_in_step(car, timeout)
  car_wait(car, timeout or 10, "all reported and accepted", function() return car:in_step() end)
  return car
end

function car_methods.wait_until(car, predicate, timeout)
  car_wait(car, timeout or 10, "the condition to hold", predicate)
  return car
end

-- Finishes its reports, says DISCONNECT, closes the socket.
function car_methods.sleep(car)
  local deadline = core.now() + 2
  car:report()
  while car.link == "online" and not car:in_step() and core.now() < deadline do
    car:wait_change(math.max(0, deadline - core.now()))
  end
  car:disconnect()
end

-- ---- MQTT itself -------------------------------------------------------------------------------

-- Waits for the broker's answer: a list of reason codes, and its remark.
local function car_answer(car, id, what, timeout, lasts)
  local deadline = core.now() + timeout
  while true do
    local codes, remark = core.car_answer(car, id)
    if codes then
      return codes, remark
    end
    local left = deadline - core.now()
    if left <= 0 or (not lasts and not car.connection) then
      core.count_assertion()
      tools.fail(string.format("%s: %s: expected an answer within %g s, but the car is %s", tostring(car), what,
        timeout, car.link), car)
    end
    car:wait_change(left)
  end
end

-- What has gone over the car's connections since it was made.
function car_methods.traffic(car)
  return core.car_traffic(car)
end

local publish_options = {
  qos = true, retain = true, expiry = true, content_type = true, response_topic = true,
  correlation = true, user = true, wait = true, timeout = true,
}

-- Publishes text, or a table as JSON; with QoS 1 and 2 waits for the broker's word on it.
function car_methods.publish(car, topic, payload, options)
  options = options or {}
  tools.check_options("car:publish", options, publish_options)
  if type(payload) == "table" then
    payload = core.to_json(payload)
  end
  local wait = options.wait ~= false
  local id, why = core.car_publish(car, topic, payload, options, wait)
  if not id then
    error("car:publish " .. topic .. ": " .. why, 2)
  elseif id == 0 or not wait then
    return nil
  end
  local codes, remark = car_answer(car, id, "publish " .. topic, options.timeout or 10, true)
  return { reason_code = codes[1], reason = core.reason_name("puback", codes[1]), text = remark }
end

-- One answer for a filter, or a table of them by filter for a list.
local function by_filter(filters, one, kind, codes, remark)
  local answers = {}
  for i, filter in ipairs(filters) do
    local code = codes[i] or 0 -- MQTT 3.1.1: UNSUBACK has none
    answers[filter] = { reason_code = code, reason = core.reason_name(kind, code), text = remark }
  end
  return one and answers[filters[1]] or answers
end

local subscribe_options = {
  qos = true, no_local = true, retain_as_published = true, retain_handling = true, identifier = true,
  timeout = true,
}

function car_methods.subscribe(car, filter, options)
  options = options or {}
  tools.check_options("car:subscribe", options, subscribe_options)
  local one = type(filter) ~= "table"
  local filters = one and { filter } or filter
  local id, why = core.car_subscribe(car, filters, options)
  if not id then
    error("car:subscribe: " .. why, 2)
  end
  local codes, remark = car_answer(car, id, "subscribe", options.timeout or 10)
  return by_filter(filters, one, "suback", codes, remark)
end

function car_methods.unsubscribe(car, filter, options)
  options = options or {}
  tools.check_options("car:unsubscribe", options, { timeout = true })
  local one = type(filter) ~= "table"
  local filters = one and { filter } or filter
  local id, why = core.car_unsubscribe(car, filters)
  if not id then
    error("car:unsubscribe: " .. why, 2)
  end
  local codes, remark = car_answer(car, id, "unsubscribe", options.timeout or 10)
  return by_filter(filters, one, "unsuback", codes, remark)
end

-- What has come for its subscriptions and was not taken by wait_message.
function car_methods.messages(car, filter)
  return core.car_messages(car, filter)
end

-- Waits for a message that matches, takes it and returns it.
function car_methods.wait_message(car, filter, timeout)
  local message
  car_wait(car, timeout or 10, "a message on " .. filter, function()
    message = core.car_take(car, filter)
    return message
  end)
  return message
end

local disconnect_options = { reason = true, session_expiry = true, reason_string = true }

function car_methods.disconnect(car, options)
  options = options or {}
  tools.check_options("car:disconnect", options, disconnect_options)
  core.car_disconnect(car, options)
end

local mqtt_options = {
  clean_start = true, session_expiry = true, keep_alive = true, version = true, client_id = true, will = true,
}
local will_options = {
  topic = true, payload = true, qos = true, retain = true, delay = true, expiry = true, content_type = true,
  response_topic = true, correlation = true, user = true,
}

-- How a car connects: options.mqtt of t:vehicle and t:fleet.
function tools.configure_mqtt(car, options)
  tools.check_options("mqtt", options, mqtt_options)
  local will = options.will
  if will then
    tools.check_options("mqtt.will", will, will_options)
    if type(will.topic) ~= "string" then
      error("mqtt.will needs a topic", 3)
    end
    local topic = will.topic:gsub("{thing}", car.name)
    core.car_configure(car, options, topic, will.payload or "", will)
  else
    core.car_configure(car, options)
  end
end

-- Runs fn(…) beside whatever else the car does, until it returns or the car's power is lost.
function car_methods.spawn(car, fn, ...)
  core.spawn_for(car, fn, ...)
end

-- A table for what parts must remember besides signals; empty again after a loss of power.
function car_methods.memory(car)
  return core.store(car)
end

-- Seconds of simulated time since the run began.
function car_methods.clock(_)
  return core.simulated_now()
end

-- The parts of its model, in the model's order, as their builders made them.
function car_methods.parts(car)
  return core.model_of(car).parts
end


-- Reads the models and parts of the scenario's cars again, and changes them over; they share parts, so all do at
-- once. An error in a file leaves everything as it was.
function car_methods.reload(car)
  local cars, files, seen = core.own_cars(), {}, {}
  for _, own in ipairs(cars) do
    local file = core.model_of(own).file
    if not seen[file] then
      seen[file] = true
      files[#files + 1] = file
    end
  end
  local models = core.reload(files)
  for _, own in ipairs(cars) do
    local old = core.model_of(own)
    local model = models[old.file]
    prelude.power_lost(own)
    model.parts.before, old.parts.before = old.parts, nil
    core.adopt_model(own, model)
    if own.link ~= "off" then
      core.spawn(prelude.power_came, own)
    end
  end
  return car
end
