-- The half of the scripting API that needs no C. Gets the C functions, returns what C calls.

local core = ...
local prelude = {}
local api = {}

-- ---- sandbox ----------------------------------------------------------------------------------

local function copy(from, names)
  local to = {}
  for name in names:gmatch("%S+") do
    to[name] = from[name]
  end
  return to
end

local function shared_library(name, library)
  return setmetatable({}, {
    __index = library,
    __newindex = function()
      error("the library '" .. name .. "' cannot be changed", 2)
    end,
    __metatable = false,
  })
end

local safe_math = copy(math, "abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger modf pi rad sin sqrt tan tointeger type ult")
safe_math.random = core.random
local safe_table = copy(table, "concat insert move pack remove sort unpack")

for name in ("assert error ipairs next pairs pcall rawequal rawget rawlen select tonumber tostring type xpcall"):gmatch("%S+") do
  api[name] = _G[name]
end
api._VERSION = _VERSION
api.getmetatable = getmetatable

-- A finalizer would run at any time, in anybody's turn, and under no budget.
function api.setmetatable(object, meta)
  if type(meta) == "table" and rawget(meta, "__gc") ~= nil then
    error("__gc cannot be used in scripts", 2)
  end
  return setmetatable(object, meta)
end

-- What all scripts share is sealed with __metatable = false.
function api.rawset(object, key, value)
  if getmetatable(object) == false then
    error("this table cannot be changed", 2)
  end
  return rawset(object, key, value)
end

local safe_string = copy(string, "byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper")
api.string = shared_library("string", safe_string)
api.math = shared_library("math", safe_math)
api.table = shared_library("table", safe_table)
api.utf8 = shared_library("utf8", utf8)
api.os = shared_library("os", copy(os, "clock date difftime time"))
api.require = core.require
api.load = core.load
api.wait = core.wait
api.null = core.null

-- All scripts share the strings' metatable; nobody may change it for the others.
getmetatable("").__index = safe_string
getmetatable("").__metatable = false

function prelude.environment()
  local environment = {}
  environment._G = environment
  return setmetatable(environment, {
    __index = function(_, name)
      local value = api[name]
      if value == nil then
        error("undefined variable '" .. tostring(name) .. "'", 2)
      end
      return value
    end,
    __metatable = false,
  })
end

-- ---- showing values ---------------------------------------------------------------------------

local function show(value, depth)
  depth = depth or 0
  if type(value) == "string" then
    return string.format("%q", value)
  elseif value == core.null then
    return "null"
  elseif type(value) ~= "table" or depth > 4 then
    return tostring(value)
  end
  local parts, keys = {}, {}
  for i = 1, #value do
    parts[i] = show(value[i], depth + 1)
  end
  for key in pairs(value) do
    if math.type(key) ~= "integer" or key < 1 or key > #value then
      keys[#keys + 1] = key
    end
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(keys) do
    local name = type(key) == "string" and key:match("^[%a_][%w_]*$") or "[" .. show(key) .. "]"
    parts[#parts + 1] = name .. " = " .. show(value[key], depth + 1)
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end
api.show = show

local function equal(a, b)
  if a == b then
    return true
  elseif type(a) ~= "table" or type(b) ~= "table" then
    return false
  end
  for key, value in pairs(a) do
    if not equal(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

function api.print(...)
  local parts = table.pack(...)
  for i = 1, parts.n do
    parts[i] = tostring(parts[i])
  end
  core.say(table.concat(parts, "\t"))
end

-- ---- failing ----------------------------------------------------------------------------------

-- `car`: whose timeline explains it.
local function fail(text, car)
  error({ assertion = text, where = core.where(), car = car }, 0)
end

local function because(message)
  return message and tostring(message) .. ": " or ""
end

-- ---- models and parts -------------------------------------------------------------------------

-- part(name, builder): the builder gets the options that the model gives, and returns
-- { signals = {…}, desire = function(car, wishes), actions = {…}, start = function(car) }.
function api.part(name, builder)
  return function(options)
    local made = builder(options or {})
    made.name = name
    return made
  end
end

-- Reported by every car: why it last refused a desired state.
local refusal_signals = {
  { "refusal.reason", type = "string", initial = "" },
  { "refusal.description", type = "string", initial = "" },
}

function api.model(definition)
  local name = definition.name
  if type(name) ~= "string" then
    error("model{…} needs a name", 2)
  end
  local model = { name = name, title = definition.title or name, owner = {}, actions = {}, starts = {} }
  local signals = table.move(refusal_signals, 1, #refusal_signals, 1, {})
  for _, part in ipairs(definition.parts or {}) do
    for _, signal in ipairs(part.signals or {}) do
      if type(signal) ~= "table" or type(signal[1]) ~= "string" then
        error("model " .. name .. ": a signal is a table whose first element is its path", 2)
      end
      signals[#signals + 1] = signal
      model.owner[signal[1]] = part
    end
    for action, fn in pairs(part.actions or {}) do
      if model.actions[action] then
        error("model " .. name .. ": two parts have an action '" .. action .. "'", 2)
      end
      model.actions[action] = fn
    end
    if part.start then
      model.starts[#model.starts + 1] = part.start
    end
  end
  model.schema = core.schema(name, signals)
  return model
end

-- ---- acting out orders ------------------------------------------------------------------------

local refusal = { __metatable = false }
refusal.__index = refusal
refusal.__tostring = function(self)
  return "refused: " .. self.code .. ": " .. self.description
end

local function handler(raised)
  if type(raised) == "string" then
    return debug.traceback(raised, 2)
  end
  return raised
end

-- A part does one thing after another: a second wish waits until its motors have stopped.
local function exclusively(car, part, wishes)
  local busy = core.store(car)
  while busy[part] do
    busy[part]:wait(3600)
  end
  local queue = core.queue()
  busy[part] = queue
  local ok, raised = xpcall(part.desire, handler, car, wishes)
  busy[part] = nil
  queue:notify()
  return ok, raised
end

-- "SUCCEEDED" | "REJECTED", code, description; other errors are raised again.
local function outcome_of(ok, raised)
  if ok then
    return "SUCCEEDED"
  elseif debug.getmetatable(raised) == refusal then
    return "REJECTED", raised.code, raised.description
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

function prelude.act(car, order, changes)
  local parts, wishes = by_part(car, changes)
  local outcome, code, description = act_all(car, parts, wishes)
  if outcome == "REJECTED" and core.order_kind(order) == "desired" then
    car:set("refusal.reason", code)
    car:set("refusal.description", description)
  end
  core.order_done(order, outcome, code, description)
end

function prelude.power_came(car)
  for _, start in ipairs(core.model_of(car).starts) do
    core.spawn_for(car, start, car)
  end
end

function prelude.power_lost(car)
  core.stop_tasks(car)
  local store = core.store(car)
  for key in pairs(store) do
    store[key] = nil
  end
end

-- ---- the car ----------------------------------------------------------------------------------

local car_methods = core.car_methods

core.car_meta.__index = function(car, name)
  local method = car_methods[name] or core.model_of(car).actions[name]
  if method then
    return method
  end
  local value = core.property(car, name)
  if value == nil then
    error("a car has no '" .. tostring(name) .. "'", 2)
  end
  return value
end

core.car_meta.__newindex = function(_, name)
  error("a car's '" .. tostring(name) .. "' cannot be set (signals are in car.state)", 2)
end

-- Ends the wish that is being acted out: understood, but will not.
function car_methods.refuse(_, code, description)
  error(setmetatable({ code = code, description = description or code }, refusal), 0)
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
      fail(string.format("%s: expected %s within %g s, but it is %s", tostring(car), what, timeout, car.link),
        car)
    end
    car:wait_change(left)
  end
end

function car_methods.wait_for(car, state, timeout)
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
  while car.link == "online" and not car:in_step() and core.now() < deadline do
    car:wait_change(deadline - core.now())
  end
  car:disconnect()
end

-- Runs fn(…) beside whatever else the car does, until it returns or the car's power is lost.
function car_methods.spawn(car, fn, ...)
  core.spawn_for(car, fn, ...)
end

-- A table for what parts must remember besides signals; empty again after a loss of power.
function car_methods.memory(car)
  return core.store(car)
end

function car_methods.random(_, low, high)
  return core.random(low, high)
end

-- ---- companions -------------------------------------------------------------------------------

local command = { __metatable = false }
command.__index = command

-- The car's answer to a request, or { status = "SUCCEEDED" } once the car reports what was desired.
function command:await(timeout)
  timeout = timeout or 10
  local deadline = core.now() + timeout
  while not self.c:done() do
    local left = deadline - core.now()
    if left <= 0 then
      self.c:give_up()
      core.count_assertion()
      fail(string.format("%s to %s: expected an answer within %g s, saw none (the car is %s)", self.what,
        tostring(self.car), timeout, self.car.link), self.car)
    end
    -- A patch that was lost on its way to the companion is made good by reading the shadow again.
    if not self.c:wait(math.min(left, 2)) then
      self.c:refresh()
    end
  end
  return self:answer()
end

function command:done()
  return self.c:done()
end

function command:answer()
  local answer = self.c:answer()
  local reason = answer and answer.statusReason
  if type(reason) == "table" then
    answer.reason = reason.reasonCode
    answer.description = reason.reasonDescription
  end
  return answer
end

-- How many responses have come, repeated ones included.
function command:answers()
  return self.c:answers()
end

local app = { __metatable = false }
app.__index = app

local function app_wait(self, timeout, what, predicate)
  local deadline = core.now() + timeout
  while true do
    local done, trouble = predicate()
    if done then
      return
    end
    local left = deadline - core.now()
    if left <= 0 then
      core.count_assertion()
      fail(string.format("companion: expected %s within %g s%s", what, timeout,
        trouble and trouble ~= "" and " (" .. trouble .. ")" or ""))
    end
    self.a:wait_change(math.min(left, 0.5))
  end
end

local function watch(self, car)
  local deadline = core.now() + 10
  while not self.a:watch(car) do
    local left = deadline - core.now()
    if left <= 0 then
      local _, trouble = self.a:ready()
      fail("companion: could not watch " .. tostring(car) .. " within 10 s"
        .. (trouble ~= "" and " (" .. trouble .. ")" or ""))
    end
    self.a:wait_view(car, math.min(left, 0.5))
  end
end

-- Writes to the shadow's desired section.
function app:desire(car, state, options)
  watch(self, car)
  local wake = not (options and options.wake == false)
  return setmetatable({ c = self.a:desire(car, state, wake), car = car, what = "desired state" }, command)
end

-- Sends a request and returns at once; options: expiry, expires_in (may be negative), id, wake, bare.
function app:request(car, what, options)
  watch(self, car)
  options = options or {}
  local id = options.id
  if type(id) == "table" then
    id = id.c:token()
  end
  local sent = {
    expiry = options.expiry, expires_in = options.expires_in, id = id, bare = options.bare,
    wake = options.wake ~= false,
  }
  return setmetatable({ c = self.a:request(car, what, sent), car = car, what = "request" }, command)
end

-- The shadow as this companion knows it: { version, exists, desired, reported }.
function app:shadow(car)
  watch(self, car)
  local deadline = core.now() + 10
  local twin = self.a:twin(car)
  while not twin do
    if core.now() >= deadline then
      fail("companion: the shadow of " .. tostring(car) .. " could not be read within 10 s")
    end
    self.a:wait_view(car, 0.5)
    twin = self.a:twin(car)
  end
  return twin
end

-- Anything to the shadow's update topic, as an ill-behaved app would: text as it is, or a table, which
-- gets a clientToken. For a table returns a command that ends with the cloud's answer.
function app:update(car, document)
  watch(self, car)
  if type(document) == "string" then
    self.a:update_raw(car, document)
    return nil
  end
  local expected = self.a:expect(car)
  local sent = { clientToken = expected:token() }
  for key, value in pairs(document) do
    sent[key] = value
  end
  self.a:update_raw(car, core.to_json(sent))
  return setmetatable({ c = expected, car = car, what = "update" }, command)
end

function app:delete_shadow(car)
  watch(self, car)
  self.a:delete_shadow(car)
end

-- true, false, or nil when no presence event has been seen yet.
function app:sees_online(car)
  watch(self, car)
  return self.a:presence(car)
end

-- ---- fleets -----------------------------------------------------------------------------------

local fleet = { __metatable = false }
fleet.__index = fleet

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

function fleet:wait_online(timeout)
  local deadline = core.now() + (timeout or 30)
  for _, car in ipairs(self) do
    car:wait_online(math.max(deadline - core.now(), 0))
  end
  return self
end

-- ---- the test ---------------------------------------------------------------------------------

local test = { __metatable = false }
test.__index = test

local function start_car(options)
  local car = core.car(options.model or "compact_ev")
  for path, value in pairs(options.state or {}) do
    car:set(path, value)
  end
  if options.power ~= "off" then
    car:power_on()
  end
  return car
end

function test:vehicle(options)
  self.cars = self.cars + 1
  return start_car(options or {})
end

-- How many cars of a fleet connect at once: a broker's listen backlog drops what is beyond, and then
-- it is TCP's retries that one measures.
local connecting_at_once = 64

-- options.count may be changed by --vehicles; options.rate limits how many start per second.
function test:fleet(options)
  options = options or {}
  local made = setmetatable({}, fleet)
  local count = core.fleet_size(options.count)
  local began, pause = core.now(), core.queue()
  self.cars = self.cars + count
  for i = 1, count do
    made[i] = start_car(options)
    while core.connecting() >= connecting_at_once do
      pause:wait(0.002)
    end
    local ahead = options.rate and i / options.rate - (core.now() - began) or 0
    if ahead > 0 then
      pause:wait(ahead)
    end
  end
  return made
end

-- A connected companion. Make it after the cars, so that it knows how many it will watch.
function test:companion(options)
  options = options or {}
  -- One car takes 8 subscriptions of the 50 that AWS grants a connection.
  local watch_all = options.watch == "all" or self.cars > 5
  local made = setmetatable({ a = core.app(watch_all, self.cars) }, app)
  app_wait(made, options.timeout or 10, "a connection to the cloud", function() return made.a:ready() end)
  return made
end

function test:equal(seen, expected, message)
  core.count_assertion()
  if not equal(seen, expected) then
    fail(because(message) .. "expected " .. show(expected) .. ", saw " .. show(seen))
  end
end

function test:not_equal(seen, unexpected, message)
  core.count_assertion()
  if equal(seen, unexpected) then
    fail(because(message) .. "expected anything but " .. show(unexpected))
  end
end

function test:is_true(seen, message)
  core.count_assertion()
  if not seen then
    fail(because(message) .. "expected a true value, saw " .. show(seen))
  end
end

function test:near(seen, expected, tolerance, message)
  core.count_assertion()
  if type(seen) ~= "number" or math.abs(seen - expected) > tolerance then
    fail(string.format("%sexpected %g ± %g, saw %s", because(message), expected, tolerance, show(seen)))
  end
end

function test:match(text, pattern, message)
  core.count_assertion()
  if type(text) ~= "string" or not text:find(pattern) then
    fail(because(message) .. "expected text that matches " .. show(pattern) .. ", saw " .. show(text))
  end
end

-- Looks again and again, quickly at first, until fn() is true; returns what it returned.
function test:eventually(seconds, fn, message)
  local deadline = core.now() + seconds
  local pause = 0.002
  local nothing = core.queue()
  core.count_assertion()
  while true do
    local value = fn()
    if value then
      return value
    elseif core.now() >= deadline then
      fail(string.format("%sexpected the condition to hold within %g s, the last value was %s",
        because(message), seconds, show(value)))
    end
    nothing:wait(pause)
    pause = math.min(pause * 1.5, 0.05)
  end
end

-- fn() must stay false for all that time.
function test:never(seconds, fn, message)
  local deadline = core.now() + seconds
  local nothing = core.queue()
  core.count_assertion()
  while core.now() < deadline do
    local value = fn()
    if value then
      fail(because(message) .. "expected this never to become true, but it was " .. show(value))
    end
    nothing:wait(0.01)
  end
end

function test:fail(message)
  core.count_assertion()
  fail(message or "failed")
end

function test:skip(message)
  error({ skip = message or "skipped" }, 0)
end

function test:wait(seconds)
  core.wait(seconds)
end

function test:spawn(fn, ...)
  core.spawn(fn, ...)
end

-- Seconds of real time since the run began.
function test:now()
  return core.now()
end

function test:random(low, high)
  return core.random(low, high)
end

function prelude.run(fn)
  fn(setmetatable({ cars = 0 }, test))
end

-- ---- declaring scenarios ----------------------------------------------------------------------

local known_options = { timeout = true }

function api.scenario(name, options, fn)
  if fn == nil then
    options, fn = {}, options
  end
  if type(name) ~= "string" or type(fn) ~= "function" or type(options) ~= "table" then
    error("usage: scenario(name, [options,] function(t) … end)", 2)
  end
  for option in pairs(options) do
    if not known_options[option] then
      error("scenario " .. show(name) .. ": unknown option '" .. tostring(option) .. "'", 2)
    end
  end
  core.declare(name, fn, options.timeout, debug.getinfo(2, "l").currentline)
end

return prelude
