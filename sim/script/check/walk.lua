-- Walks a file's tree and infers what its variables hold, as often as that changes, and then once more to report what
-- cannot be right. What is not sure is passed over in silence.

local core, _, _, _, check = ...
local ANY, NOTHING = check.ANY, check.NOTHING

local walker = {}
walker.__index = walker
check.walker = walker

-- ---- reporting ---------------------------------------------------------------------------------

-- rule: its name in --json; severity: "error" or "warning".
function walker:say(at, rule, text, severity)
  if not self.reporting or self.guarded > 0 then
    return
  end
  local key = at .. text
  if not self.said[key] then
    self.said[key] = true
    check.problem(self.file, at, rule, text, severity)
  end
end

-- ---- variables ---------------------------------------------------------------------------------

function walker:learn(holder, key, type)
  local joined = check.join(holder[key], type)
  if not check.same(joined, holder[key]) then
    holder[key] = joined
    self.changed = true
  end
end

-- A function that goes where the check cannot follow may be called with anything.
function walker:escape(type)
  if type and type.class == "fn" and not type.node.kept then
    for _, param in ipairs(type.node.params) do
      self:learn(param, "type", ANY)
    end
  end
end

-- Its errors are caught: nothing in it is wrong for sure.
function walker:guard(node, type)
  local target = type and type.class == "fn" and type.node or node
  if target.tag == "Function" and not target.guarded then
    target.guarded = true
    self.changed = true
  elseif node.tag == "Name" and node.var and not node.var.guards then
    node.var.guards = true
    self.changed = true
  end
  -- A function out of a table may be any that the file puts into one.
  self.file.catches = self.file.catches or (target.tag ~= "Function" and target.tag ~= "Index")
end

-- ---- expressions -------------------------------------------------------------------------------

local expressions = {}

function walker:expression(node)
  local rule = expressions[node.tag]
  return rule and rule(self, node) or nil
end

-- Its value goes somewhere.
function walker:used(node)
  local type = self:expression(node)
  self:escape(type)
  return type
end

-- The types of a list of values, the last of which may be many.
function walker:list(nodes)
  local types = {}
  for i, node in ipairs(nodes) do
    if i == #nodes and (node.tag == "Call" or node.tag == "Method") then
      for _, type in ipairs(self:call(node)) do
        types[#types + 1] = type
      end
    else
      types[i] = self:expression(node) or ANY
    end
  end
  return types
end

function walker:function_body(node)
  local guarded = node.guarded or (node.stored and self.file.catches)
  if guarded then
    self.guarded = self.guarded + 1
  end
  local outer, scenario = self.fn, self.scenario
  self.fn, self.scenario = node, node.scenario or scenario
  if node.part then
    self:part_made(node.body[#node.body])
  end
  self:block(node.body)
  self.fn, self.scenario = outer, scenario
  if guarded then
    self.guarded = self.guarded - 1
  end
end

expressions.Function = function(self, node)
  self:function_body(node)
  return { class = "fn", node = node }
end

expressions.Paren = function(self, node)
  return self:expression(node.inner)
end

expressions.Call = function(self, node)
  return self:call(node)[1]
end
expressions.Method = expressions.Call

expressions.Name = function(self, node)
  if node.var then
    return node.var.type or NOTHING
  end
  local file = self.file
  if node.name == "_ENV" then
    file.dynamic = true
  elseif rawget(self.api.globals, node.name) == nil and node.name ~= "_G" and not file.assigned[node.name]
      and not file.dynamic then
    self:say(node.at, "undefined-variable", "undefined variable '" .. node.name .. "'"
      .. check.meant(node.name, self.api.globals, file.assigned))
  end
  return { class = "global", name = node.name }
end

expressions.Unary = function(self, node)
  self:used(node.operand)
  return nil
end

local logic = { ["and"] = true, ["or"] = true }
local equality = { ["=="] = true, ["~="] = true }

expressions.Binary = function(self, node)
  local left, right = self:expression(node.left), self:expression(node.right)
  if logic[node.op] then
    self:escape(left)
    self:escape(right)
    if left == NOTHING or right == NOTHING then
      return NOTHING
    end
    return node.op == "or" and left and right and check.same(left, right) and left or ANY
  elseif equality[node.op] then
    self:compare(left, node.right)
    self:compare(right, node.left)
  end
  return nil
end

-- The elements' type, if all are alike: a list of cars.
expressions.Table = function(self, node)
  local element, unknown_yet
  for _, item in ipairs(node.items) do
    if item.key then
      self:expression(item.key)
    end
    item.value.stored = true
    local type = self:used(item.value) or ANY
    if type == NOTHING then
      unknown_yet = true
    elseif not item.key then
      element = check.join(element, type)
    end
  end
  if unknown_yet then
    return NOTHING
  end
  return element and element.class ~= "any" and { class = "list", element = element } or nil
end

expressions.Index = function(self, node)
  local object = self:expression(node.object)
  local key = node.key
  self:expression(key)
  if not object or object == NOTHING then
    return object
  elseif object.class == "list" or (object.class == "Fleet" and key.tag ~= "String") then
    return object.class == "list" and object.element or check.car(object.models)
  elseif key.tag ~= "String" then
    return self:computed(object)
  end
  return self:member(object, key.value, key.at)
end

-- _G[name] may define anything.
function walker:computed(object)
  if object.class == "global" and object.name == "_G" then
    self.file.dynamic = true
  end
  return nil
end

-- ---- statements --------------------------------------------------------------------------------

local statements = {}

function walker:block(list)
  for _, statement in ipairs(list) do
    statements[statement.tag](self, statement)
  end
  if self.reporting and self.guarded == 0 then
    check.waits(self, list)
  end
end

local function nothing() end
statements.Break, statements.Goto, statements.Label = nothing, nothing, nothing

function statements.Statement(self, node)
  self:call(node.call)
end

function statements.Do(self, node)
  self:block(node.body)
end

function statements.If(self, node)
  for _, clause in ipairs(node.clauses) do
    self:expression(clause.cond)
    self:block(clause.body)
  end
  if node.otherwise then
    self:block(node.otherwise)
  end
end

function statements.While(self, node)
  self:expression(node.cond)
  self:block(node.body)
end

function statements.Repeat(self, node)
  self:block(node.body)
  self:expression(node.cond)
end

function statements.Numbers(self, node)
  self:expression(node.from)
  self:expression(node.to)
  if node.step then
    self:expression(node.step)
  end
  self:learn(node.var, "type", ANY)
  self:block(node.body)
end

function statements.Each(self, node)
  local types = self:list(node.values)
  local first = types[1] or ANY
  local element = first == NOTHING and NOTHING or first.class == "iterator" and first.element or ANY
  for i, var in ipairs(node.vars) do
    self:learn(var, "type", i == 2 and element or ANY)
  end
  self:block(node.body)
end

function statements.Local(self, node)
  -- A function knows itself.
  if #node.values == 1 and node.values[1].tag == "Function" then
    self:learn(node.vars[1], "type", { class = "fn", node = node.values[1] })
  end
  local types = self:list(node.values)
  for i, var in ipairs(node.vars) do
    -- `local car` is no value yet.
    if types[i] or #node.values > 0 then
      self:learn(var, "type", types[i] or ANY)
    end
  end
end

-- What is written into a table can be anything from now on.
function walker:assign_index(target, node, type)
  local object = self:expression(target.object)
  self:expression(target.key)
  if target.object.tag == "Name" and target.object.var then
    local var = target.object.var
    if var.actions and node and node.tag == "Function" and node.params[1] then
      self:learn(node.params[1], "type", check.car())
      self.file.fields[target.key.value or ""] = true
      return
    end
    if object and object.class == "list" then
      self:learn(var, "type", ANY)
    end
  end
  self:escape(type)
  if object and target.key.tag == "String" then
    self:assign_member(object, target.key, node)
  elseif object then
    self:computed(object)
  end
end

-- A function assigned to itself: what it is called with is known before its body is read.
local function assigned_ahead(self, node)
  for i, target in ipairs(node.targets) do
    local value = node.values[i]
    if value and value.tag == "Function" and target.tag == "Index" and target.object.tag == "Name"
        and target.object.var and target.object.var.actions and value.params[1] then
      self:learn(value.params[1], "type", check.car())
    end
  end
end

function statements.Assign(self, node)
  assigned_ahead(self, node)
  local types = self:list(node.values)
  for i, target in ipairs(node.targets) do
    local value = #node.values == #node.targets and node.values[i] or nil
    if target.tag == "Index" then
      self:assign_index(target, value, types[i])
    elseif target.var then
      self:learn(target.var, "type", types[i] or ANY)
    else
      self.file.assigned[target.name] = true
      self:escape(types[i])
    end
  end
end

function statements.Return(self, node)
  local types = self:list(node.values)
  self.fn.returns = self.fn.returns or {}
  for i, type in ipairs(types) do
    self:escape(type)
    self:learn(self.fn.returns, i, type)
  end
end

-- ---- the whole file ----------------------------------------------------------------------------

local PASSES_MAX = 8

-- file: { path =, dir =, tree =, … }; problems go to check.problem().
function check.walk(file)
  local self = setmetatable({ file = file, api = check.api(), said = {}, guarded = 0 }, walker)
  file.assigned, file.has, file.fields = {}, {}, {}
  local pass = 0
  repeat
    self.changed, pass = false, pass + 1
    self:function_body(file.tree)
  until not self.changed or pass == PASSES_MAX
  if self.changed then
    core.say(file.path .. ": too intricate for the check")
    return
  end
  self.reporting = true
  self:function_body(file.tree)
end
