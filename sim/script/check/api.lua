-- What scripts can say, for the check: read from the annotations (docs/lua/fleetsim.meta.lua), from what the prelude
-- has made, and from its own text. Nothing is listed here, so that nothing goes stale.

local core, api, _, tools, check = ...

-- ---- types as annotations write them -----------------------------------------------------------

-- "a: X, b: fun(c: Y): Z" at the commas that are in no bracket.
local function split(text)
  local parts, depth, from = {}, 0, 1
  for at, c in text:gmatch("()([%(%){}<>,])") do
    if c == "," and depth == 0 then
      parts[#parts + 1] = text:sub(from, at - 1)
      from = at + 1
    elseif c == "(" or c == "{" or c == "<" then
      depth = depth + 1
    elseif c ~= "," then
      depth = depth - 1
    end
  end
  parts[#parts + 1] = text:sub(from)
  return parts
end

local parse_type

local function parse_function(text)
  local made = { params = {} }
  for _, one in ipairs(split(text:match("^fun%((.*)%)") or "")) do
    local name, type_text = one:match("^%s*([%w_]+)%??%s*:%s*(.+)$")
    made.params[#made.params + 1] = { name = name, type = type_text and parse_type(type_text) }
  end
  return made
end

-- { class =, list =, fn =, table = }: what of it the check uses.
function parse_type(text)
  text = text:match("^%s*(.-)%s*$")
  local class, suffix = text:match("^fleetsim%.(%w+)([%[%]?]*)$")
  if class then
    return { class = class, list = suffix:find("[", 1, true) ~= nil }
  elseif text:find("^fun%b()") then
    return { fn = parse_function(text:match("^fun%b()")) }
  end
  return { table = text:match("|fleetsim%.(%w+)$") } -- or something that is no table
end

-- The type at the beginning of an annotation's line, without the words that explain it.
local function leading_type(text)
  text = text:match("^%s*(.*)$")
  local balanced = text:match("^fun%b()") or text:match("^%b{}[%[%]?]*")
  return balanced or text:match("^%S+") or ""
end

-- ---- the annotations ---------------------------------------------------------------------------

local reader = {}
reader.__index = reader

function reader:forget()
  self.params, self.returns = {}, nil
end

local tags = {}

function tags.class(self, rest)
  local name, parent = rest:match("^fleetsim%.(%w+)%s*:?%s*(%S*)")
  if name then
    self.class = { name = name, methods = {}, fields = {}, parent = parent:match("^fleetsim%.(%w+)") }
    self.classes[name] = self.class
  end
end

function tags.field(self, rest)
  local name, text = rest:match("^([%w_]+)%??%s+(.*)$")
  if self.class and name then
    self.class.fields[name] = parse_type(leading_type(text))
  elseif self.class and rest:find("^%[string%]") then
    self.class.open = true
  end
end

function tags.param(self, rest)
  local name, text = rest:match("^([%w_]+)%??%s+(.*)$")
  if name then
    self.params[name] = parse_type(leading_type(text))
    self.params[name].real_seconds = text:find("^number real seconds") ~= nil
  end
end

tags["return"] = function(self, rest)
  self.returns = self.returns or parse_type(leading_type(rest))
end

function tags.alias(self, rest)
  local name, text = rest:match("^fleetsim%.(%w+)%s+(.*)$")
  local literals = {}
  for part in (text or ""):gmatch("[^|]+") do
    local literal = part:match('^%s*"([^"]*)"%s*$')
    if not literal then
      return
    end
    literals[literal] = true
  end
  self.aliases[name or ""] = literals
end

function reader:signature(names)
  local made = { params = {}, returns = self.returns }
  for name in names:gmatch("[%w_]+") do
    made.params[#made.params + 1] = { name = name, type = self.params[name] or {} }
  end
  return made
end

function reader:line(line)
  local tag, rest = line:match("^%-%-%-@(%a+)%s*(.*)$")
  if tag then
    if tags[tag] then
      tags[tag](self, rest)
    end
    return
  end
  local object, name, names = line:match("^function ([%w_]+):([%w_]+)%((.-)%) end")
  if object then
    self.methods[#self.methods + 1] = { object = object, name = name, signature = self:signature(names) }
  else
    name, names = line:match("^function ([%w_]+)%((.-)%) end")
    if name then
      self.globals[name] = self:signature(names)
    end
  end
  local variable = line:match("^local ([%w_]+) = {}")
  if variable and self.class then
    self.variables[variable] = self.class
  end
  if line:sub(1, 3) ~= "---" then
    self.class = nil
    self:forget()
  end
end

local function read_annotations(text)
  local self = setmetatable({ classes = {}, aliases = {}, globals = {}, methods = {}, variables = {} }, reader)
  self:forget()
  for line in text:gmatch("[^\n]*") do
    self:line(line)
  end
  for variable, class in pairs(self.variables) do
    class.variable = variable == "test" and "t" or variable
  end
  for _, method in ipairs(self.methods) do
    local class = self.variables[method.object]
    if class then
      class.methods[method.name] = method.signature
    end
  end
  return self
end

-- ---- what is really there ----------------------------------------------------------------------

-- The names that the object itself has, by the class's name in lower case: "a test".
local function real_classes(classes)
  local sealed = tools.sealed
  for name, class in pairs(classes) do
    local what = name:lower()
    class.what = sealed["a " .. what] and "a " .. what or sealed["an " .. what] and "an " .. what
    class.real = class.what and sealed[class.what]
  end
  classes.Car.what, classes.Car.real = "a car", core.car_methods
end

-- ---- options -----------------------------------------------------------------------------------

local function keys_of(table_text)
  local known = {}
  for name in table_text:gmatch("([%a_][%w_]*)%s*=") do
    known[name] = true
  end
  return known
end

-- The text that a variable holds, or begins with, where it is used.
local function value_before(text, at, name)
  return text:sub(1, at):match('.*\n%s*local ' .. name .. ' = "([^"]+)"')
end

-- tools.check_options("t:vehicle", options, { model = true } or a local table of the file).
local function read_options(text, options)
  for at, arguments in text:gmatch("()tools%.check_options(%b())") do
    local parts = split(arguments:sub(2, -2))
    local call = parts[1]:match('^%s*"([^"]+)"') or value_before(text, at, parts[1]) or ""
    local known = parts[#parts]:match("^%s*(.-)%s*$")
    local literal = known:match("^%b{}$") or text:match("\nlocal " .. known .. " = (%b{})")
    if call ~= "" and literal then
      options[call:match("^(.-)%s*$")] = keys_of(literal)
    end
  end
end

-- ---- all of it ---------------------------------------------------------------------------------

local known

-- { classes, aliases, globals, options, default_model, libraries }, made when first asked for.
function check.api()
  if known then
    return known
  end
  local meta = read_annotations(core.check_annotations())
  known = { classes = meta.classes, aliases = meta.aliases, functions = meta.globals, globals = api, options = {} }
  real_classes(known.classes)
  for _, text in ipairs(core.check_prelude()) do
    read_options(text, known.options)
    known.default_model = known.default_model or text:match('options%.model or "([%w_]+)"')
  end
  return known
end

-- The annotated method of a class or of what it is made from; nil if there is none.
function check.method(class, name)
  local found = known.classes[class]
  while found and not found.methods[name] do
    found = known.classes[found.parent]
  end
  return found and found.methods[name]
end
