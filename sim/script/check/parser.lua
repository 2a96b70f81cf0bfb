-- Lua 5.4 into a tree. A node is a table with a `tag`, the offset `at` where it begins, and its parts; a name that is
-- a local variable has it as `var`.

local _, _, _, _, check = ...

-- As deep as Lua itself goes.
local NESTING_MAX = 195

local parser = {}
parser.__index = parser

function parser:fail(what)
  local near = self.kinds[self.i] == "eof" and "<eof>" or "'" .. tostring(self.values[self.i]) .. "'"
  check.syntax(self.places[self.i], what .. " near " .. near)
end

function parser:at()
  return self.places[self.i]
end

function parser:is(kind)
  return self.kinds[self.i] == kind
end

function parser:accept(kind)
  if self.kinds[self.i] == kind then
    self.i = self.i + 1
    return true
  end
  return false
end

function parser:expect(kind)
  if self.kinds[self.i] ~= kind then
    self:fail("'" .. kind .. "' expected")
  end
  self.i = self.i + 1
end

-- The word that ends what another began.
function parser:close(kind, opener, at)
  if self.kinds[self.i] ~= kind then
    local line = check.line_of(self.lines, at)
    local here = check.line_of(self.lines, self:at())
    self:fail("'" .. kind .. "' expected" .. (line ~= here and " (to close '" .. opener .. "' at line " .. line .. ")" or ""))
  end
  self.i = self.i + 1
end

function parser:name()
  if self.kinds[self.i] ~= "name" then
    self:fail("<name> expected")
  end
  self.i = self.i + 1
  return self.values[self.i - 1], self.places[self.i - 1]
end

function parser:deeper()
  self.depth = self.depth + 1
  if self.depth > NESTING_MAX then
    self:fail("too many syntax levels")
  end
end

-- ---- scopes ------------------------------------------------------------------------------------

function parser:declare(name, at)
  local var = { name = name, at = at, owner = self.fn }
  self.scope = { name = name, var = var, up = self.scope }
  return var
end

function parser:find(name, at)
  local scope = self.scope
  while scope do
    if scope.name == name then
      if scope.var.owner ~= self.fn then
        scope.var.captured = scope.var.captured or at -- by a function, for the first time
      end
      return scope.var
    end
    scope = scope.up
  end
  return nil
end

-- ---- expressions -------------------------------------------------------------------------------

local binary = { -- left and right priority
  ["or"] = { 1, 1 }, ["and"] = { 2, 2 },
  ["<"] = { 3, 3 }, [">"] = { 3, 3 }, ["<="] = { 3, 3 }, [">="] = { 3, 3 }, ["~="] = { 3, 3 }, ["=="] = { 3, 3 },
  ["|"] = { 4, 4 }, ["~"] = { 5, 5 }, ["&"] = { 6, 6 }, ["<<"] = { 7, 7 }, [">>"] = { 7, 7 }, [".."] = { 9, 8 },
  ["+"] = { 10, 10 }, ["-"] = { 10, 10 }, ["*"] = { 11, 11 }, ["/"] = { 11, 11 }, ["//"] = { 11, 11 },
  ["%"] = { 11, 11 }, ["^"] = { 14, 13 },
}
local unary = { ["not"] = true, ["-"] = true, ["#"] = true, ["~"] = true }
local UNARY_PRIORITY = 12
local constants = { ["nil"] = "Nil", ["true"] = "True", ["false"] = "False", ["..."] = "Vararg" }

function parser:expressions()
  local list = { self:expression() }
  while self:accept(",") do
    list[#list + 1] = self:expression()
  end
  return list
end

local fields = { [","] = true, [";"] = true }

function parser:field()
  local at = self:at()
  if self:accept("[") then
    local key = self:expression()
    self:expect("]")
    self:expect("=")
    return { key = key, value = self:expression(), at = at }
  elseif self:is("name") and self.kinds[self.i + 1] == "=" then
    local name = self:name()
    self:expect("=")
    return { key = { tag = "String", value = name, at = at }, value = self:expression(), at = at }
  end
  return { value = self:expression(), at = at }
end

function parser:table()
  local node = { tag = "Table", at = self:at(), items = {} }
  self:expect("{")
  while not self:is("}") do
    node.items[#node.items + 1] = self:field()
    if not fields[self.kinds[self.i]] then
      break
    end
    self.i = self.i + 1
  end
  self:close("}", "{", node.at)
  return node
end

function parser:parameters(node)
  self:expect("(")
  while not self:is(")") do
    if self:accept("...") then
      node.vararg = true
      break
    end
    node.params[#node.params + 1] = self:declare(self:name())
    if not self:accept(",") then
      break
    elseif self:is(")") then
      self:fail("<name> expected")
    end
  end
  self:expect(")")
end

-- From the parameters to the end; `method`: it has a self.
function parser:body(at, method)
  local node = { tag = "Function", at = at, params = {}, up = self.fn }
  local scope = self.scope
  self.fn = node
  if method then
    node.params[1] = self:declare("self", at)
  end
  self:parameters(node)
  node.body = self:block()
  self.scope, self.fn = scope, node.up
  self:close("end", "function", at)
  return node
end

function parser:arguments()
  local at = self:at()
  if self:is("string") then
    self.i = self.i + 1
    return { { tag = "String", value = self.values[self.i - 1], at = at } }
  elseif self:is("{") then
    return { self:table() }
  end
  self:expect("(")
  local list = self:is(")") and {} or self:expressions()
  self:close(")", "(", at)
  return list
end

function parser:primary()
  local at = self:at()
  if self:accept("(") then
    local inner = self:expression()
    self:close(")", "(", at)
    return { tag = "Paren", at = at, inner = inner }
  elseif self:is("name") then
    local name = self:name()
    return { tag = "Name", at = at, name = name, var = self:find(name, at) }
  end
  self:fail("unexpected symbol")
end

local calls = { ["("] = true, ["{"] = true, string = true }

function parser:suffixed()
  local node = self:primary()
  while true do
    local kind, at = self.kinds[self.i], self:at()
    if kind == "." then
      self.i = self.i + 1
      local name, name_at = self:name()
      node = { tag = "Index", at = node.at, object = node, key = { tag = "String", value = name, at = name_at } }
    elseif kind == "[" then
      self.i = self.i + 1
      node = { tag = "Index", at = node.at, object = node, key = self:expression() }
      self:close("]", "[", at)
    elseif kind == ":" then
      self.i = self.i + 1
      local name, name_at = self:name()
      if not calls[self.kinds[self.i]] then
        self:fail("function arguments expected")
      end
      node = { tag = "Method", at = node.at, object = node, name = name, name_at = name_at, args = self:arguments() }
    elseif calls[kind] then
      node = { tag = "Call", at = node.at, fn = node, args = self:arguments() }
    else
      return node
    end
  end
end

function parser:simple()
  local kind, at = self.kinds[self.i], self:at()
  if kind == "number" or kind == "string" then
    self.i = self.i + 1
    return { tag = kind == "number" and "Number" or "String", at = at, value = self.values[self.i - 1] }
  elseif constants[kind] then
    self.i = self.i + 1
    return { tag = constants[kind], at = at }
  elseif kind == "{" then
    return self:table()
  elseif kind == "function" then
    self.i = self.i + 1
    return self:body(at)
  end
  return self:suffixed()
end

function parser:expression(limit)
  local at, kind = self:at(), self.kinds[self.i]
  local left
  self:deeper()
  if unary[kind] then
    self.i = self.i + 1
    left = { tag = "Unary", at = at, op = kind, operand = self:expression(UNARY_PRIORITY) }
  else
    left = self:simple()
  end
  local op = self.kinds[self.i]
  local priority = binary[op]
  while priority and priority[1] > (limit or 0) do
    self.i = self.i + 1
    left = { tag = "Binary", at = at, op = op, left = left, right = self:expression(priority[2]) }
    op = self.kinds[self.i]
    priority = binary[op]
  end
  self.depth = self.depth - 1
  return left
end

-- ---- statements --------------------------------------------------------------------------------

local statements = {}

statements["if"] = function(self, at)
  local node = { tag = "If", clauses = {} }
  repeat
    local clause = { cond = self:expression() }
    self:expect("then")
    clause.body = self:scoped()
    node.clauses[#node.clauses + 1] = clause
  until not self:accept("elseif")
  if self:accept("else") then
    node.otherwise = self:scoped()
  end
  self:close("end", "if", at)
  return node
end

statements["while"] = function(self, at)
  local node = { tag = "While", cond = self:expression() }
  self:expect("do")
  node.body = self:scoped()
  self:close("end", "while", at)
  return node
end

statements["do"] = function(self, at)
  local node = { tag = "Do", body = self:scoped() }
  self:close("end", "do", at)
  return node
end

statements["repeat"] = function(self, at)
  local scope = self.scope
  local node = { tag = "Repeat", body = self:block() }
  self:close("until", "repeat", at)
  node.cond = self:expression() -- sees the block's locals
  self.scope = scope
  return node
end

local function for_numbers(self, name, name_at)
  local node = { tag = "Numbers", from = self:expression() }
  self:expect(",")
  node.to = self:expression()
  node.step = self:accept(",") and self:expression() or nil
  self:expect("do")
  local scope = self.scope
  node.var = self:declare(name, name_at)
  node.body = self:block()
  self.scope = scope
  return node
end

local function for_each(self, name, name_at)
  local node = { tag = "Each", vars = {} }
  local names = { { name, name_at } }
  while self:accept(",") do
    names[#names + 1] = { self:name() }
  end
  self:expect("in")
  node.values = self:expressions()
  self:expect("do")
  local scope = self.scope
  for i, one in ipairs(names) do
    node.vars[i] = self:declare(one[1], one[2])
  end
  node.body = self:block()
  self.scope = scope
  return node
end

statements["for"] = function(self, at)
  local name, name_at = self:name()
  if not self:is("=") and not self:is(",") and not self:is("in") then
    self:fail("'=' or 'in' expected")
  end
  local node = self:accept("=") and for_numbers(self, name, name_at) or for_each(self, name, name_at)
  self:close("end", "for", at)
  return node
end

statements["function"] = function(self, at)
  local name, name_at = self:name()
  local target = { tag = "Name", at = name_at, name = name, var = self:find(name, name_at) }
  local method = false
  while not method and (self:is(".") or self:is(":")) do
    method = self:is(":")
    self.i = self.i + 1
    local key, key_at = self:name()
    target = { tag = "Index", at = name_at, object = target, key = { tag = "String", value = key, at = key_at } }
  end
  return { tag = "Assign", targets = { target }, values = { self:body(at, method) } }
end

local function local_function(self, at)
  local name, name_at = self:name()
  local var = self:declare(name, name_at)
  return { tag = "Local", vars = { var }, values = { self:body(at) } }
end

statements["local"] = function(self, at)
  if self:accept("function") then
    return local_function(self, at)
  end
  local names, node = {}, { tag = "Local", vars = {}, values = {} }
  repeat
    names[#names + 1] = { self:name() }
    if self:accept("<") then
      self:name()
      self:expect(">")
    end
  until not self:accept(",")
  if self:accept("=") then
    node.values = self:expressions()
  end
  for i, one in ipairs(names) do
    node.vars[i] = self:declare(one[1], one[2])
  end
  return node
end

statements["goto"] = function(self)
  return { tag = "Goto", name = self:name() }
end

statements["break"] = function()
  return { tag = "Break" }
end

statements["::"] = function(self)
  local name = self:name()
  self:expect("::")
  return { tag = "Label", name = name }
end

local ends = { ["end"] = true, ["else"] = true, ["elseif"] = true, ["until"] = true, eof = true }

statements["return"] = function(self)
  local node = { tag = "Return", values = {} }
  if not ends[self.kinds[self.i]] and not self:is(";") then
    node.values = self:expressions()
  end
  self:accept(";")
  if not ends[self.kinds[self.i]] then
    self:fail("'end' expected")
  end
  return node
end

function parser:assignment()
  local first = self:suffixed()
  if self:is("=") or self:is(",") then
    local node = { tag = "Assign", targets = { first } }
    while self:accept(",") do
      node.targets[#node.targets + 1] = self:suffixed()
    end
    for _, target in ipairs(node.targets) do
      if target.tag ~= "Name" and target.tag ~= "Index" then
        self:fail("syntax error")
      end
    end
    self:expect("=")
    node.values = self:expressions()
    return node
  elseif first.tag ~= "Call" and first.tag ~= "Method" then
    self:fail("syntax error")
  end
  return { tag = "Statement", call = first }
end

function parser:statement()
  local at, kind = self:at(), self.kinds[self.i]
  local rule = statements[kind]
  local node
  if rule then
    self.i = self.i + 1
    node = rule(self, at)
  else
    node = self:assignment()
  end
  node.at = at
  return node
end

function parser:block()
  local list = {}
  self:deeper()
  while not ends[self.kinds[self.i]] do
    if not self:accept(";") then
      list[#list + 1] = self:statement()
    end
  end
  self.depth = self.depth - 1
  return list
end

function parser:scoped()
  local scope = self.scope
  local list = self:block()
  self.scope = scope
  return list
end

-- ---- the whole ---------------------------------------------------------------------------------

-- Offsets at which the lines begin.
function check.lines(text)
  local lines, n = { 1 }, 1
  for after in text:gmatch("\n()") do
    n = n + 1
    lines[n] = after
  end
  return lines
end

function check.line_of(lines, at)
  local low, high = 1, #lines
  while low < high do
    local middle = (low + high + 1) // 2
    if lines[middle] <= at then
      low = middle
    else
      high = middle - 1
    end
  end
  return low
end

-- The tree, or nil and { at =, text = }: what is wrong with it.
function check.parse(text)
  local self = setmetatable({ i = 1, depth = 0, lines = check.lines(text) }, parser)
  local ok, result = pcall(function()
    local ignored
    self.kinds, self.values, self.places, ignored = check.tokens(text)
    local tree = { tag = "Function", at = 1, params = {}, vararg = true }
    self.fn = tree
    tree.body = self:block()
    if not self:is("eof") then
      self:fail("<eof> expected")
    end
    tree.lines, tree.ignored = self.lines, ignored
    return tree
  end)
  if ok then
    return result
  elseif type(result) ~= "table" then
    error(result, 0)
  end
  return nil, result
end
