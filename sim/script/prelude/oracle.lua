-- What the oracle of the run finds wrong: expected, and brought about on purpose.

local core, _, _, tools = ...
local show = tools.show

local function check_name(call, what, name, names)
  for _, known in ipairs(names) do
    if known == name then
      return
    end
  end
  local best = core.nearest(tostring(name), names)
  error(string.format("%s: no %s %s%s", call, what, show(name), best and " (did you mean '" .. best .. "'?)" or
    " (docs/oracle.md lists them)"), 3)
end

-- Looks at all cars once; how many may come to agree yet.
local function look(pause)
  local restless, from = 0, 0
  while from do
    local more
    from, more = core.oracle_settle(from)
    restless = restless + more
    if from then
      pause:wait(0)
    end
  end
  return restless
end

-- At the end of a scenario: healthy cars agree at once; others have as long as quiet takes. What was expected to go wrong
-- has longer: its car is not quiet before a busy cloud has answered all that it said.
function tools.settle()
  if not core.oracle_on() then
    return
  end
  local pause, wait = core.queue(), 0.005
  local now = core.now()
  local deadline, last_deadline = now + core.oracle_quiet() + 1, now + core.oracle_quiet() + 10
  while look(pause) > 0 and core.now() < deadline or not core.violations_met() and core.now() < last_deadline do
    pause:wait(wait)
    wait = math.min(wait * 1.5, 0.25)
  end
end

-- t:expect_violation(rule): at least one before the scenario ends; (rule, n): exactly n; (rule, fn): one while
-- fn() runs, or soon after.
function tools.expect_violation(test, rule, what)
  check_name("t:expect_violation", "rule", rule, core.oracle_rules())
  if not core.oracle_on(rule) then
    test:skip("the oracle does not look at " .. rule .. " (--oracle)")
  end
  core.count_assertion()
  core.expect_violation(rule, type(what) == "number" and what or nil)
  if type(what) ~= "function" then
    return
  end
  local before = core.violations(rule)
  what()
  local pause = core.queue()
  local deadline = core.now() + core.oracle_quiet() + 5
  while core.violations(rule) == before do
    if core.now() >= deadline then
      tools.fail("expected a violation of " .. rule .. ", saw none")
    end
    look(pause)
    pause:wait(0.01)
  end
end

-- t:sabotage(kind, [car]): the car, or all of the scenario so far, or the cloud as they see it, goes wrong.
function tools.sabotage(test, kind, car)
  check_name("t:sabotage", "sabotage", kind, core.oracle_sabotages())
  if not core.oracle_on() then
    test:skip("without the oracle nobody would notice (--oracle)")
  end
  local cars = car and { car } or core.own_cars()
  if #cars == 0 then
    error("t:sabotage: this scenario has no car yet", 2)
  end
  for _, one in ipairs(cars) do
    core.sabotage(one, kind)
  end
end
