-- What a scenario file declares: scenarios, tables of cases, parameters, what runs around each.

local core, api, prelude, tools = ...
local show = tools.show

-- ---- the file that is being loaded ------------------------------------------------------------

local current = {}

-- `call` is what the script did.
local function this_file(call)
  local number = core.loading()
  if not number then
    error(call .. " can be used only at the top of a scenario file", 3)
  end
  if current.number ~= number then
    current = { number = number, before = {}, after = {}, params = {}, order = {} }
  end
  return current
end

-- ---- parameters -------------------------------------------------------------------------------

local yes_or_no = {
  ["true"] = true, yes = true, on = true, ["1"] = true,
  ["false"] = false, no = false, off = false, ["0"] = false,
}

local function as_number(text)
  local value = tonumber(text)
  return value and value == value and math.abs(value) < math.huge and value or nil
end

local converters = {
  boolean = function(text) return yes_or_no[text], "true or false" end,
  integer = function(text) return math.tointeger(as_number(text)), "a whole number" end,
  float = function(text) return as_number(text), "a number" end,
  string = function(text) return text end,
}

local function kind_of(value)
  return math.type(value) or type(value)
end

local function check_choice(name, value, choices)
  local names = {}
  for _, choice in ipairs(choices) do
    if choice == value then
      return
    end
    names[#names + 1] = tostring(choice)
  end
  core.refuse_param(string.format("--param %s=%s: not one of %s", name, tostring(value), table.concat(names, ", ")))
end

local function check_range(name, value, options)
  local least, most = options.min, options.max
  if type(value) == "number" and (least and value < least or most and value > most) then
    core.refuse_param(string.format("--param %s=%s: %s", name, show(value),
      least and most and "from " .. show(least) .. " to " .. show(most)
        or least and "at least " .. show(least) or "at most " .. show(most)))
  end
end

-- The value of a parameter, of the type of its default.
local function value_of(name, default, options)
  local convert = default == nil and converters.string or converters[kind_of(default)]
  if not convert then
    error("parameter '" .. name .. "': its default is a number, a text or a boolean, not " .. show(default), 0)
  end
  local text = core.param(name)
  if text == nil then
    return default
  end
  local value, expected = convert(text)
  if value == nil then
    core.refuse_param(string.format("--param %s=%s: expected %s", name, text, expected))
  end
  if options.choices then
    check_choice(name, value, options.choices)
  end
  check_range(name, value, options)
  return value
end

local param_options = { choices = true, min = true, max = true }

-- Declares a parameter of all scenarios of the file; --param name=value gives it another value.
function api.param(name, default, options)
  options = options or {}
  if type(name) ~= "string" or type(options) ~= "table" then
    error("usage: param(name, [default, [options]])", 2)
  end
  tools.check_options("param " .. show(name), options, param_options)
  local ok, value = pcall(value_of, name, default, options)
  if not ok then
    error(value, 2)
  end
  if core.loading() then
    local file = this_file("param()")
    if not file.params[name] then
      file.order[#file.order + 1] = name
    end
    file.params[name] = { value = value, given = core.param(name) ~= nil }
  end
  return value
end

-- Those of the file, and of the scenario itself.
local function params_of(call, file, own)
  local params, order = {}, table.move(file.order, 1, #file.order, 1, {})
  for name, param in pairs(file.params) do
    params[name] = param
  end
  local names = {}
  for name in pairs(own or {}) do
    if type(name) ~= "string" then
      error(call .. ": params is a table of defaults by name", 0)
    end
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    if not params[name] then
      order[#order + 1] = name
    end
    params[name] = { value = value_of(name, own[name], {}), given = core.param(name) ~= nil }
  end
  return params, order
end

-- t.param: the values by name.
local function readable(params)
  local values = {}
  for name, param in pairs(params) do
    values[name] = param.value
  end
  return setmetatable({}, {
    __index = function(_, name)
      local value = values[name]
      if value == nil and not params[name] then
        error(string.format("no parameter '%s'%s (a file declares one by param(%q, default))", tostring(name),
          tools.did_you_mean(name, params), tostring(name)), 2)
      end
      return value
    end,
    __newindex = function()
      error("parameters cannot be changed", 2)
    end,
    __pairs = function()
      return next, values
    end,
    __metatable = false,
  })
end

-- ---- cases ------------------------------------------------------------------------------------

local function text_of(value)
  if math.type(value) == "float" then
    return string.format("%.14g", value)
  end
  return type(value) == "string" and value or show(value)
end

local function sorted_names(case)
  local names = {}
  for name in pairs(case) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function copy(value)
  if type(value) ~= "table" or getmetatable(value) ~= nil then
    return value
  end
  local to = {}
  for key, inner in pairs(value) do
    to[key] = copy(inner)
  end
  return to
end

-- "door {door}" for { door = "trunk" }; without braces the values follow in brackets.
local function case_name(call, pattern, case)
  local named = false
  local name = pattern:gsub("{([%w_]+)}", function(key)
    if case[key] == nil then
      error(call .. ": a case has no '" .. key .. "'" .. tools.did_you_mean(key, case), 0)
    end
    named = true
    return text_of(case[key])
  end)
  if named then
    return name
  end
  local parts = {}
  for _, key in ipairs(sorted_names(case)) do
    parts[#parts + 1] = key .. " = " .. text_of(case[key])
  end
  return name .. " [" .. table.concat(parts, ", ") .. "]"
end

local function check_cases(call, cases)
  if type(cases) ~= "table" or #cases == 0 then
    error(call .. ": cases is a list of tables, one for each case", 0)
  end
  for i, case in ipairs(cases) do
    if type(case) ~= "table" then
      error(string.format("%s: case %d is no table", call, i), 0)
    end
    for key in pairs(case) do
      if type(key) ~= "string" then
        error(string.format("%s: case %d: its values have names, as { model = \"compact_ev\" }", call, i), 0)
      end
    end
  end
end

-- ---- declaring --------------------------------------------------------------------------------

local known_options = { timeout = true, timeout_per_car = true, alone = true, tags = true, cases = true, params = true }

local function check_tags(call, tags)
  if type(tags) == "string" then
    tags = { tags }
  end
  if type(tags) ~= "table" then
    error(call .. ": tags is a list of names", 0)
  end
  for _, tag in ipairs(tags) do
    if type(tag) ~= "string" or not tag:find("^[%w_][%w_.-]*$") then
      error(call .. ": a tag has letters, digits, '_', '-' and '.', not " .. show(tag), 0)
    end
  end
  return tags
end

-- The origins of scenario_record.h.
local of_case, by_default, given = 0, 1, 2

-- What the record keeps: { name, text, is it bare?, origin }.
local function recorded(case, params, order)
  local list = {}
  local function add(name, value, origin)
    if value ~= nil then
      list[#list + 1] = { name, text_of(value), type(value) == "number" or type(value) == "boolean", origin }
    end
  end
  for _, name in ipairs(order) do
    add(name, params[name].value, params[name].given and given or by_default)
  end
  for _, name in ipairs(case and sorted_names(case) or {}) do
    add(name, case[name], of_case)
  end
  return list
end

local function declare(call, file, name, options, fn, line)
  local params, order = params_of(call, file, options.params)
  local cases, names = options.cases, {}
  if cases ~= nil then
    check_cases(call, cases)
  end
  local tags = check_tags(call, options.tags or {})
  for i = 1, cases and #cases or 1 do
    local case = cases and cases[i]
    local full = case and case_name(call, name, case) or name
    if names[full] then
      error(string.format("%s: cases %d and %d have one name, %s (let the name tell them apart by {…})", call,
        names[full], i, show(full)), 0)
    end
    names[full] = i
    if core.wanted(full) then
      core.declare(full, { name = full, fn = fn, file = file, case = case, params = params }, {
        timeout = options.timeout, timeout_per_car = options.timeout_per_car, alone = options.alone, line = line,
        tags = tags, params = recorded(case, params, order),
      })
    end
  end
end

function api.scenario(name, options, fn)
  if fn == nil then
    options, fn = {}, options
  end
  if type(name) ~= "string" or type(fn) ~= "function" or type(options) ~= "table" then
    error("usage: scenario(name, [options,] function(t) … end)", 2)
  end
  local call = "scenario " .. show(name)
  tools.check_options(call, options, known_options)
  local file = this_file("scenario()")
  local ok, why = pcall(declare, call, file, name, options, fn, debug.getinfo(2, "l").currentline)
  if not ok then
    error(why, 2)
  end
end

-- For what declares scenarios otherwise: called by what a script calls, whose line it takes.
function tools.declare_for_caller(call, name, options, fn)
  declare(call, this_file(call), name, options, fn, debug.getinfo(3, "l").currentline)
end

-- ---- what runs around each scenario of the file -------------------------------------------------

-- fn(t, case) runs before each scenario of the file, as its beginning.
function api.before(fn)
  if type(fn) ~= "function" then
    error("usage: before(function(t, case) … end)", 2)
  end
  local hooks = this_file("before()").before
  hooks[#hooks + 1] = fn
end

local after_options = { timeout = true }

-- fn(t, case) runs after each, however it ended. Options: timeout, of its own.
function api.after(options, fn)
  if fn == nil then
    options, fn = {}, options
  end
  if type(fn) ~= "function" or type(options) ~= "table" then
    error("usage: after([options,] function(t, case) … end)", 2)
  end
  tools.check_options("after", options, after_options)
  local timeout = options.timeout or 5
  if type(timeout) ~= "number" or not (timeout > 0 and timeout <= 1e9) then
    error("after: timeout is a number of seconds above 0, not " .. show(timeout), 2)
  end
  local hooks = this_file("after()").after
  hooks[#hooks + 1] = { fn = fn, timeout = timeout }
end

-- ---- running ----------------------------------------------------------------------------------

local running = setmetatable({}, { __mode = "k" }) -- declaration and case by t

function tools.new_test(declaration)
  local t = setmetatable({}, tools.test)
  rawset(t, "cars", 0)
  rawset(t, "soft", tools.new_soft(t))
  rawset(t, "param", readable(declaration and declaration.params or {}))
  rawset(t, "name", declaration and declaration.name or "")
  return t
end

function prelude.run(declaration)
  local t = tools.new_test(declaration)
  local case = copy(declaration.case)
  local file, patience = declaration.file, 0
  running[t] = { declaration = declaration, case = case }
  for _, hook in ipairs(file.after) do
    patience = patience + hook.timeout
  end
  core.keep_test(t, patience > 0 and patience or nil)
  for _, hook in ipairs(file.before) do
    hook(t, case)
  end
  declaration.fn(t, case)
  tools.settle()
end

local function describe(why)
  if type(why) == "table" and why.assertion then
    return { text = tostring(why.assertion), where = why.where }
  elseif type(why) == "table" and why.skip then
    return nil
  end
  return { text = tostring(why) }
end

-- The latest first, each whatever became of the others.
function prelude.run_after(t, verdict)
  local hooks = running[t].declaration.file.after
  rawset(t, "verdict", verdict)
  for i = #hooks, 1, -1 do
    local ok, why = pcall(hooks[i].fn, t, running[t].case)
    local failure = not ok and describe(why)
    if failure then
      core.after_failed(failure.text, failure.where)
    end
  end
end
