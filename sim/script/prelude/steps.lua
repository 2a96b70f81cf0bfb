-- Named steps, limits of time, soft expectations, and what is expected to fail.

local core, api, prelude, tools = ...
local test = tools.test
local show, because = tools.show, tools.because

-- Runs fn() in what core.step_begin() has begun, which ends with this call.
local function run_in(name, limit, fn, too_late)
  local began = core.now()
  local step <close> = core.step_begin(name, limit)
  local results = table.pack(fn())
  local took = core.now() - began
  -- What never waits cannot be interrupted.
  if limit and took > limit then
    tools.fail(string.format(too_late, limit, took))
  end
  return table.unpack(results, 1, results.n)
end

local step_options = { timeout = true }

-- A part of the scenario that has a name, in the report and in what failed. Options: timeout.
function test:step(name, options, fn)
  if fn == nil then
    options, fn = {}, options
  end
  if type(name) ~= "string" or name == "" or type(options) ~= "table" or type(fn) ~= "function" then
    error("usage: t:step(name, [options,] function() … end)", 2)
  end
  tools.check_options("t:step " .. show(name), options, step_options)
  return run_in(name, options.timeout, fn, "expected the step to take at most %g s, it took %.3g s")
end

-- fn() may wait, but must be through in that time; returns what it returned.
function test:within(seconds, fn, message)
  if type(seconds) ~= "number" or type(fn) ~= "function" then
    error("usage: t:within(seconds, function() … end, [message])", 2)
  end
  core.count_assertion()
  return run_in(nil, seconds, fn, because(message):gsub("%%", "%%%%") .. "expected this to take at most %g s, it took %.3g s")
end

-- The scenario is expected to fail from here on.
function test:todo(reason)
  if type(reason) ~= "string" or reason == "" then
    error("usage: t:todo(reason), a text that says what is missing", 2)
  end
  core.todo(reason)
end

-- ---- soft expectations ------------------------------------------------------------------------

local soft = tools.seal({}, "t.soft")

local assertions = { "equal", "not_equal", "is_true", "near", "match", "eventually", "never", "fail" }

-- The same as t's; what does not hold is kept, and the scenario goes on. Return whether it held.
for _, name in ipairs(assertions) do
  soft[name] = function(self, ...)
    local held, why = pcall(test[name], self.t, ...)
    if not held then
      if type(why) ~= "table" or why.assertion == nil then
        error(why, 0)
      end
      core.soft_failure(why.assertion, why.where)
    end
    return held
  end
end

function tools.new_soft(t)
  return setmetatable({ t = t }, soft)
end
