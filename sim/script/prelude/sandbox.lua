-- What scripts may use, how values are shown, how a scenario fails. The half of the API that needs no C.

local core, api, prelude, tools = ...

-- ---- misspelt names --------------------------------------------------------------------------

-- "; did you mean 'locks'?", or "": the nearest of the keys of these tables.
function tools.did_you_mean(wrong, ...)
  local names = {}
  for _, known in ipairs({ ... }) do
    for name in pairs(known) do
      names[#names + 1] = name
    end
  end
  return core.did_you_mean(tostring(wrong), names)
end

local classes = {} -- of the API, by themselves
tools.sealed = {}  -- and by what they are: "a companion"

-- The methods behind a metatable, for completion.
function tools.class_of(meta)
  return classes[meta]
end

-- What an object of the API has not; `what` as "a companion". Numbers may be asked for: fleets are lists.
function tools.seal(class, what)
  classes[class] = class
  tools.sealed[what] = class
  class.__metatable = false
  class.__index = function(_, name)
    local value = class[name]
    if value == nil and type(name) == "string" then
      error(what .. " has no '" .. name .. "'" .. tools.did_you_mean(name, class), 2)
    end
    return value
  end
  return class
end

-- For the check, which looks at all of it.
function prelude.insides()
  return core, api, prelude, tools
end

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
local safe_os = copy(os, "clock difftime")
api.os = shared_library("os", safe_os)

-- The time of day is the simulation's.
function safe_os.time(date)
  if date ~= nil then
    return os.time(date)
  end
  return core.wall_clock() // 1 | 0
end

function safe_os.date(format, time)
  return os.date(format, time or core.wall_clock() // 1 | 0)
end

api.require = core.require
api.load = core.load
api.wait = core.wait
api.breathe = core.breathe
api.null = core.null
-- The value that a text says; nil and why not for what is none.
api.decode_json = core.from_json
api.decode_cbor = core.from_cbor
api.encode_cbor = core.to_cbor

-- A message of AWS IoT FleetWise, by its name.
function api.encode_fleetwise(message, value)
  return core.to_fleetwise(value, message)
end

function api.decode_fleetwise(message, bytes)
  return core.from_fleetwise(bytes, message)
end

-- Snappy, as FleetWise compresses what a scheme has collected.
api.compress_snappy = core.to_snappy
api.uncompress_snappy = core.from_snappy
-- A signal of a CAN frame, by the rule that a decoder manifest has of it.
api.encode_can = core.to_can
api.decode_can = core.from_can

-- All scripts share the strings' metatable; nobody may change it for the others.
getmetatable("").__index = safe_string
getmetatable("").__metatable = false

-- A function with a variable of its own that holds a new environment.
function prelude.environment_cell()
  local environment = prelude.environment()
  return function()
    return environment
  end
end

function prelude.environment()
  local environment = {}
  environment._G = environment
  return setmetatable(environment, {
    __index = function(_, name)
      local value = api[name]
      if value == nil then
        error("undefined variable '" .. tostring(name) .. "'" .. tools.did_you_mean(name, api, environment), 2)
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
tools.show = show

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

tools.equal = equal

function api.print(...)
  local parts = table.pack(...)
  for i = 1, parts.n do
    parts[i] = tostring(parts[i])
  end
  core.say(table.concat(parts, "\t"))
end

-- ---- failing ----------------------------------------------------------------------------------

-- `car`: whose timeline explains it.
function tools.fail(text, car)
  error({ assertion = text, where = core.where(), car = car }, 0)
end

function tools.because(message)
  return message and tostring(message) .. ": " or ""
end

-- An option that nobody reads is a typing error: says so, in the words of the call.
function tools.check_options(call, options, known)
  for option in pairs(options) do
    if not known[option] then
      error(call .. ": unknown option '" .. tostring(option) .. "'" .. tools.did_you_mean(option, known), 3)
    end
  end
end
