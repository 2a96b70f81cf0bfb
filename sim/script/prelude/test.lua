-- The test t: assertions, and what a scenario can do besides making cars.

local core, api, prelude, tools = ...
local show, equal, because = tools.show, tools.equal, tools.because

-- ---- the test ---------------------------------------------------------------------------------

local test = tools.seal({}, "a test")
tools.test = test

-- What a scenario keeps in its t must not hide what t can do.
function test.__newindex(t, name, value)
  if rawget(test, name) ~= nil then
    error("t." .. tostring(name) .. " cannot be changed: it is the test's own", 2)
  end
  rawset(t, name, value)
end

-- A connected companion. Make it after the cars, so that it knows how many it will watch.
function test:companion(options)
  options = options or {}
  tools.check_options("t:companion", options, { watch = true, timeout = true, client_id = true })
  -- One car takes 8 subscriptions of the 50 that AWS grants a connection.
  local watch_all = options.watch == "all" or self.cars > 5
  return tools.new_companion(watch_all, self.cars, options.timeout or 10, options.client_id)
end

function test:equal(seen, expected, message)
  core.count_assertion()
  if not equal(seen, expected) then
    tools.fail(because(message) .. "expected " .. show(expected) .. ", saw " .. show(seen))
  end
end

function test:not_equal(seen, unexpected, message)
  core.count_assertion()
  if equal(seen, unexpected) then
    tools.fail(because(message) .. "expected anything but " .. show(unexpected))
  end
end

function test:is_true(seen, message)
  core.count_assertion()
  if not seen then
    tools.fail(because(message) .. "expected a true value, saw " .. show(seen))
  end
end

function test:near(seen, expected, tolerance, message)
  core.count_assertion()
  if type(seen) ~= "number" or math.abs(seen - expected) > tolerance then
    tools.fail(string.format("%sexpected %g ± %g, saw %s", because(message), expected, tolerance, show(seen)))
  end
end

function test:match(text, pattern, message)
  core.count_assertion()
  if type(text) ~= "string" or not text:find(pattern) then
    tools.fail(because(message) .. "expected text that matches " .. show(pattern) .. ", saw " .. show(text))
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
      tools.fail(string.format("%sexpected the condition to hold within %g s, the last value was %s",
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
  -- In virtual time each look costs a round trip of all that are connected.
  local pause = core.is_virtual() and 0.05 or 0.01
  core.count_assertion()
  while core.now() < deadline do
    local value = fn()
    if value then
      tools.fail(because(message) .. "expected this never to become true, but it was " .. show(value))
    end
    nothing:wait(pause)
  end
end

test.command_service = tools.command_service
test.sms = tools.send_sms
test.expect_violation = tools.expect_violation
test.sabotage = tools.sabotage
test.sms_gateway = tools.sms_gateway

function test:fail(message)
  core.count_assertion()
  tools.fail(message or "failed")
end

function test:skip(message)
  error({ skip = message or "skipped" }, 0)
end

-- For what takes hours.
function test:needs_virtual_time()
  if not core.virtual_time() then
    self:skip("it takes hours: run it with --time virtual")
  end
end

-- For what only fleetsim's own cloud does: its rules, its policy.
function test:needs_local_cloud()
  if not core.own_cloud() then
    self:skip("only the local cloud does this (run it without --endpoint)")
  end
end

function test:needs_radio()
  if not core.radio_possible() then
    self:skip("cars on Paho have no radio")
  end
end

function test:wait(seconds)
  core.wait(seconds)
end

-- What is worth a curve of every car, if it has it.
local curves = {
  "battery.state_of_charge", "fuel.level", "climate.cabin_temperature", "climate.outside_temperature", "driving.speed",
  "link", "tcu.state",
}

-- Records signals, and the connection as "link", for the report. Options: every, in simulated seconds; name.
function test:record(car, signals, options)
  options = options or {}
  tools.check_options("t:record", options, { every = true, name = true })
  if not signals then
    signals = {}
    for _, path in ipairs(curves) do
      if path == "link" or car:has(path) then
        signals[#signals + 1] = path
      end
    end
  end
  prelude.look(car)
  core.record(car, signals, options.every or 60, options.name or core.model_of(car).title)
end

-- Whoever looks at a car sees the present.
function prelude.look(car)
  return car.state
end

function test:spawn(fn, ...)
  core.spawn(fn, ...)
end

-- The run's own cloud ends and starts again; it keeps sessions, queued messages and shadows. Options:
-- down, the real seconds in between.
function test:restart_cloud(options)
  options = options or {}
  tools.check_options("t:restart_cloud", options, { down = true })
  if not core.pause_cloud() then
    self:skip("only a cloud of the run's own can be restarted")
  end
  local pause = core.queue()
  pause:wait(options.down or 0)
  while not core.resume_cloud() do
    pause:wait(0.01)
  end
end

local rules = 0

-- A rule for the run's own cloud, from now on; the members are those of a rules file (docs/cloud.md) but `file` and
-- `http`: scripts reach neither files nor servers. The name may be left out.
function test:rule(rule)
  if type(rule) ~= "table" then
    error("usage: t:rule { topic = …, republish = …, payload = … }", 2)
  elseif rule.file ~= nil or rule.http ~= nil then
    error("t:rule: file and http are for --rules FILE alone: scripts reach neither files nor servers", 2)
  end
  tools.check_options("t:rule", rule, { name = true, topic = true, republish = true, payload = true })
  rules = rules + 1
  local made = { name = "rule_" .. rules }
  for member, value in pairs(rule) do
    made[member] = value
  end
  if not core.control_cloud(core.to_json { command = "rule", rule = made }) then
    self:skip("only a cloud of the run's own takes rules from scripts")
  end
  return made.name
end

-- Seconds of real time since the run began.
function test:now()
  return core.now()
end

-- Does time leap (--time virtual)? Then hours cost nothing.
function test:is_virtual()
  return core.is_virtual()
end

function test:random(low, high)
  return core.random(low, high)
end
