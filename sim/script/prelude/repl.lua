-- Lua at the terminal: lines, commands, events, completion.

local core, api, prelude, tools = ...

local environment = {} -- globals of the lines; made anew by repl_begin
local events = "on"

-- ---- values on a terminal -----------------------------------------------------------------------

local wide = 100

-- A view of signals as the table that it stands for.
local function plain(value)
  local meta = type(value) == "userdata" and debug.getmetatable(value)
  return meta and meta.__call and value() or value
end

local function sorted_keys(value)
  local keys = {}
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    if math.type(a) and math.type(b) then
      return a < b
    end
    return tostring(a) < tostring(b)
  end)
  return keys
end

-- As show(), in several lines where one would be too wide.
local function pretty(value, indent)
  local line = tools.show(value)
  if type(value) ~= "table" or #line + #indent <= wide or #indent > 8 then
    return line
  end
  local deeper, lines = indent .. "  ", {}
  for _, key in ipairs(sorted_keys(value)) do
    local name = type(key) == "string" and key:match("^[%a_][%w_]*$") or "[" .. tools.show(key) .. "]"
    name = math.type(key) and "" or name .. " = "
    lines[#lines + 1] = deeper .. name .. pretty(plain(value[key]), deeper) .. ","
  end
  return "{\n" .. table.concat(lines, "\n") .. "\n" .. indent .. "}"
end

local function print_values(values)
  local texts = {}
  for i = 1, values.n do
    texts[i] = pretty(plain(values[i]), "")
  end
  if values.n > 0 then
    core.say(table.concat(texts, "  "))
  end
end

-- ---- events -------------------------------------------------------------------------------------

local watched = setmetatable({}, { __mode = "k" })

local function name_of(car)
  return "car " .. car.index
end

-- Numbers drift all the time: only `:events all` tells of them.
local function worth(value)
  return events == "all" or type(value) ~= "number"
end

local function tell_changes(car, before, now)
  for _, path in ipairs(sorted_keys(now)) do
    local old, new = before[path], now[path]
    if old ~= nil and old ~= new and worth(new) then
      core.say(string.format("  * %s  %s: %s -> %s", name_of(car), path, tostring(old), tostring(new)))
    end
  end
end

local function watch(car)
  local link, signals = car.link, core.peek(car)
  while true do
    car:wait_change(86400)
    local now = core.peek(car)
    if events ~= "off" then
      if car.link ~= link then
        core.say(string.format("  * %s  %s -> %s", name_of(car), link, car.link))
      end
      tell_changes(car, signals, now)
    end
    link, signals = car.link, now
  end
end

local function watch_new_cars()
  for _, car in ipairs(core.own_cars()) do
    if not watched[car] then
      watched[car] = true
      core.repl_spawn(watch, car)
    end
  end
end

-- ---- commands -----------------------------------------------------------------------------------

local commands = {}

local help = [[
Lua, line by line: an expression is shown, a statement runs; both may wait. Ctrl-C ends the line.
  car.state.locks                                   what the car knows
  car.state.windows.front_left = 50
  car:open_door("front_left")                       what people do at it
  app:request(car, { locks = { all = "unlocked" } }):await()
  x = t:vehicle { model = "combustion_van" }        globals stay, locals end with their line
car is the car, app an app beside it, t the helpers of scenarios. Commands:
  :signals [TEXT]   signals whose path contains TEXT
  :shadow           the car's shadow, as the cloud has it
  :timeline [N]     the last N things that happened to the car (20)
  :cars, :car N     all cars; makes car N the one that `car` means
  :reload           reads models and parts again (so does saving one of the files)
  :events on|all|off    tell when a car's state changes; all: numbers too
  :help, :quit]]

function commands.help()
  core.say(help)
end

function commands.quit()
  core.repl_quit()
end

function commands.cars()
  for _, car in ipairs(core.own_cars()) do
    core.say(string.format("%s %d  %s  %s  %s", car == environment.car and "*" or " ", car.index, car.name,
      car.model, car.link))
  end
end

function commands.car(number)
  for _, car in ipairs(core.own_cars()) do
    if car.index == math.tointeger(tonumber(number)) then
      environment.car = car
      core.say(tostring(car))
      return
    end
  end
  error("no car " .. number .. " (see :cars)", 0)
end

function commands.timeline(count)
  local most = count == "" and 20 or math.tointeger(tonumber(count))
  if not most then
    error(":timeline takes a number", 0)
  end
  core.say((environment.car:timeline(most):gsub("\n$", "")))
end

function commands.shadow()
  core.say(pretty(environment.app:shadow(environment.car), ""))
end

function commands.signals(part)
  local _ = environment.car.state -- brings it up to date
  local signals, found = core.peek(environment.car), false
  for _, path in ipairs(sorted_keys(signals)) do
    if path:find(part, 1, true) then
      core.say(string.format("  %-36s %s", path, tools.show(signals[path])))
      found = true
    end
  end
  if not found then
    error("no signal contains '" .. part .. "'" .. tools.did_you_mean(part, signals), 0)
  end
end

function commands.reload()
  environment.car:reload()
  core.say("reloaded")
end

function commands.events(which)
  if which ~= "on" and which ~= "off" and which ~= "all" then
    error(":events on, :events all or :events off", 0)
  end
  events = which
end

local function compile_command(text)
  local name, rest = text:match("^:%s*(%S*)%s*(.-)%s*$")
  local command = commands[name]
  if not command then
    return nil, "no command ':" .. name .. "'" .. tools.did_you_mean(name, commands) .. " (see :help)"
  end
  return function()
    command(rest)
  end
end

-- ---- lines --------------------------------------------------------------------------------------

-- A function; or nil and why not; or false: there is more to come.
function prelude.repl_compile(text)
  if text:match("^%s*:") and not text:match("^%s*::") then
    return compile_command(text)
  end
  local fn = load("return " .. text, "@line", "t", environment)
  if fn then
    return fn
  end
  local why
  fn, why = load(text, "@line", "t", environment)
  if not fn and why:find("<eof>", 1, true) then
    return false
  end
  return fn, why
end

local function describe(raised)
  if type(raised) == "table" and rawget(raised, "assertion") then
    return "failed: " .. raised.assertion
  elseif type(raised) == "table" and rawget(raised, "skip") then
    return "skipped: " .. tostring(raised.skip)
  end
  return (tostring(raised):gsub("^line:1: ", ""))
end

-- True if all went well.
function prelude.repl_run(fn, why)
  if not fn then
    core.say(describe(why))
    return false
  end
  local results = table.pack(pcall(fn))
  if results[1] then
    print_values(table.pack(table.unpack(results, 2, results.n)))
  else
    core.say(describe(results[2]))
  end
  watch_new_cars()
  return results[1]
end

function prelude.repl_reload()
  local ok, raised = pcall(commands.reload)
  if not ok then
    core.say("not reloaded: " .. describe(raised))
  end
end

function prelude.repl_begin(model, tell)
  local test = tools.new_test()
  environment = { t = test }
  environment._G = environment
  events = tell and "on" or "off"
  setmetatable(environment, {
    __index = function(_, name)
      if name == "app" then
        environment.app = tools.new_companion(true, 1, 10)
        return environment.app
      end
      local value = api[name]
      if value == nil then
        error("undefined variable '" .. tostring(name) .. "'" .. tools.did_you_mean(name, api, environment, { app = 1 }), 2)
      end
      return value
    end,
  })
  return prelude.repl_run(function()
    environment.car = test:vehicle { model = model }
    environment.car:wait_online(10)
  end)
end

-- ---- completion ---------------------------------------------------------------------------------

local function add_matching(found, stem, beginning, names)
  for name in pairs(names) do
    if type(name) == "string" and name:sub(1, #beginning) == beginning and name:sub(1, 2) ~= "__" then
      found[#found + 1] = stem .. name
    end
  end
end

-- One level of the signals' paths.
local function complete_signals(found, car, stem, path)
  local prefix, beginning = path:match("^(.-)([^.]*)$")
  local seen = {}
  for signal in pairs(core.peek(car)) do
    if signal:sub(1, #prefix) == prefix then
      seen[signal:sub(#prefix + 1):match("^[^.]+")] = true
    end
  end
  add_matching(found, stem .. prefix, beginning, seen)
end

local function methods_of(value)
  local meta = debug.getmetatable(value)
  if core.is_car(value) then
    return { core.car_methods, core.model_of(value).actions, tools.car_properties }
  end
  return { type(value) == "table" and value or {}, type(meta) == "table" and tools.class_of(meta) or {} }
end

function prelude.repl_complete(text)
  local found = {}
  local command = text:match("^:(%a*)$")
  if command then
    add_matching(found, ":", command, commands)
    table.sort(found)
    return found
  end
  local word = text:match("[%w_.:]*$")
  local before = text:sub(1, #text - #word)
  local name, separator, rest = word:match("^([%a_][%w_]*)([.:])(.*)$")
  local value = name and (rawget(environment, name) or api[name])
  local path = separator == "." and core.is_car(value) and rest:match("^state%.(.*)$")
  if path then
    complete_signals(found, value, name .. ".state.", path)
  elseif value then
    for _, names in ipairs(methods_of(value)) do
      add_matching(found, name .. separator, rest, names)
    end
  elseif not name then
    add_matching(found, "", word, environment)
    add_matching(found, "", word, api)
    add_matching(found, "", word, { app = true })
  end
  table.sort(found)
  for i, one in ipairs(found) do
    found[i] = before .. one
  end
  return found
end
