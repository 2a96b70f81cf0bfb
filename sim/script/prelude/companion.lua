-- The app beside the cars, and the commands it sends.

local core, api, prelude, tools = ...

-- ---- companions -------------------------------------------------------------------------------

local command = tools.seal({}, "a command")

-- The car's answer to a request; for a desired state { status = "SUCCEEDED" } once the car reports it, or
-- "REJECTED" with a reason once it reports that it will not.
function command:await(timeout)
  timeout = timeout or 10
  local deadline = core.now() + timeout
  while not self.c:done() do
    local left = deadline - core.now()
    if left <= 0 then
      self.c:give_up()
      core.count_assertion()
      tools.fail(string.format("%s to %s: expected an answer within %g s, saw none (the car is %s)", self.what,
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

local stage_names = {}
for _, name in ipairs(core.stages) do
  stage_names[name] = true
end

-- Real seconds, counted from when it was to be sent, by the names of the stages that it has passed.
function command:stages()
  return self.c:stages()
end

-- Waits until it has passed a stage: "accepted", "received", "started", …; returns when that was.
function command:wait_stage(stage, timeout)
  if not stage_names[stage] then
    error(string.format("command:wait_stage: no stage '%s'%s (there are %s)", tostring(stage),
      tools.did_you_mean(stage, stage_names), table.concat(core.stages, ", ")), 2)
  elseif self.c:kind() == "update" then
    error("command:wait_stage: an update is no command to a car, and has no stages (await it)", 2)
  end
  timeout = timeout or 10
  local deadline = core.now() + timeout
  self.c:listen(true)
  local at = self.c:stages()[stage]
  while not at do
    local left = deadline - core.now()
    if left <= 0 then
      local answer, last = self:answer(), "none"
      for _, name in ipairs(core.stages) do
        last = self.c:stages()[name] and name or last
      end
      core.count_assertion()
      tools.fail(string.format("%s to %s: expected it to be %s within %g s, it was %s%s (the car is %s)", self.what,
        tostring(self.car), stage, timeout, last, answer and " and ended as " .. tostring(answer.status) or "",
        self.car.link), self.car)
    end
    self.c:wait(left)
    at = self.c:stages()[stage]
  end
  self.c:listen(false)
  return at
end

local app = tools.seal({}, "a companion")
tools.app = app

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
      tools.fail(string.format("companion: expected %s within %g s%s", what, timeout,
        trouble and trouble ~= "" and " (" .. trouble .. ")" or ""))
    end
    self.a:wait_change(math.min(left, 0.5))
  end
end

-- Of the car, or of its shadow of that name.
local function watch(self, car, name)
  local deadline = core.now() + 10
  while not self.a:watch(car, name) do
    local left = deadline - core.now()
    if left <= 0 then
      local _, trouble = self.a:ready()
      tools.fail("companion: could not watch " .. tostring(car) .. " within 10 s"
        .. (trouble ~= "" and " (" .. trouble .. ")" or ""))
    end
    self.a:wait_view(car, name, math.min(left, 0.5))
  end
end

tools.watch = watch

local named_shadows = {} -- names of those that this run has used, by car: no cloud lists them over MQTT

local function remember_shadow(car, name)
  if name and core.reset_things() then
    named_shadows[car.name] = named_shadows[car.name] or {}
    named_shadows[car.name][name] = true
  end
end

local function needs_shadows(what)
  if not core.shadows() then
    error({ skip = what .. ": this cloud has no device shadows (--no-shadows)" }, 0)
  end
end

-- options.name, which says which of the car's shadows is meant; watches it.
local function watch_shadow(self, car, options, what)
  tools.check_options(what, options or {}, { name = true })
  local name = options and options.name
  needs_shadows(what)
  watch(self, car, name)
  remember_shadow(car, name)
  return name
end

-- Writes to the desired section of the shadow that is named, or else of that in which the signals live.
function app:desire(car, state, options)
  options = options or {}
  tools.check_options("app:desire", options, { wake = true, name = true, late = true })
  needs_shadows("app:desire")
  local name = options.name
  if name == nil then
    name = core.shadow_of_wish(car, state)
  end
  watch(self, car, name)
  if name then
    watch(self, car) -- there the car says what it refuses
  end
  remember_shadow(car, name)
  local sent = self.a:desire(car, state, options.wake ~= false, name, options.late)
  local what = name and string.format("desired state in '%s'", name) or "desired state"
  return setmetatable({ c = sent, car = car, what = what }, command)
end

-- Sends a request and returns at once; options: expiry, expires_in (may be negative), id, wake, bare.
function app:request(car, what, options)
  options = options or {}
  tools.check_options("app:request", options,
    { expiry = true, expires_in = true, id = true, wake = true, bare = true, late = true })
  watch(self, car)
  local id = options.id
  if type(id) == "table" then
    id = id.c:token()
  end
  local sent = {
    expiry = options.expiry, expires_in = options.expires_in, id = id, bare = options.bare,
    wake = options.wake ~= false, late = options.late,
  }
  return setmetatable({ c = self.a:request(car, what, sent), car = car, what = "request" }, command)
end

-- Starts an execution of AWS IoT Commands and returns at once; options: timeout, id, wake.
function app:execute(car, what, options)
  options = options or {}
  tools.check_options("app:execute", options, { timeout = true, id = true, wake = true })
  if not core.cloud_is_local() then
    error({ skip = "AWS starts executions over HTTPS, for which only the local cloud has a stand-in" }, 0)
  end
  watch(self, car)
  app_wait(self, 10, "the events of executions", function()
    local _, trouble = self.a:ready()
    return self.a:watch_executions(), trouble
  end)
  local id = options.id
  if type(id) == "table" then
    id = id.c:token()
  end
  local sent = { timeout = options.timeout, id = id, wake = options.wake ~= false }
  return setmetatable({ c = self.a:execute(car, what, sent), car = car, what = "execution" }, command)
end

-- The shadow as this companion knows it: { version, exists, desired, reported }.
function app:shadow(car, options)
  local name = watch_shadow(self, car, options, "app:shadow")
  local deadline = core.now() + 10
  local twin = self.a:twin(car, name)
  while not twin do
    if core.now() >= deadline then
      tools.fail("companion: the shadow of " .. tostring(car) .. " could not be read within 10 s")
    end
    self.a:wait_view(car, name, 0.5)
    twin = self.a:twin(car, name)
  end
  return twin
end

-- Anything to the shadow's update topic, as an ill-behaved app would: text as it is, or a table, which
-- gets a clientToken. For a table returns a command that ends with the cloud's answer.
function app:update(car, document, options)
  local name = watch_shadow(self, car, options, "app:update")
  if type(document) == "string" then
    self.a:update_raw(car, document, name)
    return nil
  end
  local expected = self.a:expect(car, name)
  local sent = { clientToken = expected:token() }
  for key, value in pairs(document) do
    sent[key] = value
  end
  self.a:update_raw(car, core.to_json(sent), name)
  return setmetatable({ c = expected, car = car, what = "update" }, command)
end

function app:delete_shadow(car, options)
  local name = watch_shadow(self, car, options, "app:delete_shadow")
  self.a:delete_shadow(car, name)
end

-- true, false, or nil when no presence event has been seen yet.
function app:sees_online(car)
  if not core.shadows() then
    error({ skip = "app:sees_online: this cloud tells no presence (--no-shadows)" }, 0)
  end
  watch(self, car)
  return self.a:presence(car)
end

-- ---- messages of its own ---------------------------------------------------------------------

-- Waits for the broker's answer; raises if the connection ends first.
local function await_answer(self, number, publish, timeout, what)
  local deadline = core.now() + timeout
  while true do
    local answered, code, reason, text = self.a:outcome(number, publish)
    if answered then
      return { reason_code = code, reason = reason, text = text ~= "" and text or nil }
    elseif answered == false then
      error(what .. ": " .. code, 3)
    end
    local left = deadline - core.now()
    if left <= 0 then
      core.count_assertion()
      tools.fail(string.format("%s: expected an answer within %g s, saw none", what, timeout))
    end
    self.a:wait_change(math.min(left, 0.5))
  end
end

local subscribe_options = {
  qos = true, share = true, no_local = true, retain_as_published = true, retain_handling = true,
  identifier = true, timeout = true,
}

-- Subscribes to a filter, or each of a list, and waits for the answer.
function app:subscribe(filter, options)
  options = options or {}
  tools.check_options("app:subscribe", options, subscribe_options)
  if type(filter) == "table" then
    local granted = {}
    for _, one in ipairs(filter) do
      granted[one] = self:subscribe(one, options)
    end
    return granted
  end
  if options.share then
    filter = "$share/" .. options.share .. "/" .. filter
  end
  local number = self.a:subscribe(filter, options)
  return await_answer(self, number, false, options.timeout or 10, "app:subscribe " .. filter)
end

-- Filters with "$share/…" in full.
function app:unsubscribe(filter)
  local number = self.a:unsubscribe(filter)
  return await_answer(self, number, false, 10, "app:unsubscribe " .. filter)
end

local publish_options = {
  qos = true, retain = true, expiry = true, content_type = true, response_topic = true,
  correlation = true, user = true, timeout = true,
}

-- Publishes text, or a table as JSON, and waits for the broker's word on it.
function app:publish(topic, payload, options)
  options = options or {}
  tools.check_options("app:publish", options, publish_options)
  if type(payload) == "table" then
    payload = core.to_json(payload)
  end
  local number = self.a:publish(topic, payload, options)
  return await_answer(self, number, true, options.timeout or 10, "app:publish " .. topic)
end

-- What has come for its subscriptions and was not taken by wait_message.
function app:messages(filter)
  return self.a:messages(filter)
end

-- Waits for a message that matches, takes it and returns it.
function app:wait_message(filter, timeout)
  local message
  app_wait(self, timeout or 10, "a message on " .. filter, function()
    message = self.a:take(filter)
    local _, trouble = self.a:ready()
    return message, trouble
  end)
  return message
end

-- { connected, losses, reason_code, reason, client_id }: how its connection is, and why the last one ended.
function app:connection()
  local connected, losses, code, text, client_id = self.a:connection()
  return { connected = connected, losses = losses, reason_code = code, reason = text, client_id = client_id }
end

tools.app_class = app

local function exists_not(self, car, name)
  return function()
    local twin = self.a:twin(car, name)
    return twin and not twin.exists
  end
end

local function reset_one(janitor, car, options)
  if janitor:shadow(car, options).exists then
    janitor:delete_shadow(car, options)
    app_wait(janitor, 10, "the shadow of " .. tostring(car) .. " to be gone",
      exists_not(janitor, car, options and options.name))
  end
end

-- Before a car of another cloud is switched on: what scenarios have left of it there goes.
function tools.reset_shadow(test, car)
  if not core.reset_things() then
    return
  end
  local janitor = rawget(test, "janitor") or tools.new_companion(true, 1, 10)
  rawset(test, "janitor", janitor)
  janitor:publish(core.config_topic(car.name), "", { retain = true })
  if not core.shadows() then
    return
  end
  reset_one(janitor, car)
  for _, name in ipairs(core.car_shadows(car)) do
    remember_shadow(car, name)
  end
  for name in pairs(named_shadows[car.name] or {}) do
    reset_one(janitor, car, { name = name })
  end
end

-- A connected companion that watches the cars it deals with, or all.
function tools.new_companion(watch_all, cars, timeout, client_id)
  core.wait(0) -- in virtual time: when nothing else is on its way, so that it sees the same in every run
  local made = setmetatable({ a = core.app(watch_all, cars, client_id) }, app)
  app_wait(made, timeout, "a connection to the cloud", function() return made.a:ready() end)
  return made
end
