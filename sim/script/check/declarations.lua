-- Lua's own functions that matter, and the declarations of a file: scenarios, parts, models.

local _, _, _, _, check = ...
local ANY, NOTHING, walker = check.ANY, check.NOTHING, check.walker

local globals = {}
check.globals = globals

local function protected(self, node, first)
  local types = self:arguments(node.args)
  local type = types[1]
  if node.args[1] then
    self:guard(node.args[1], type)
  end
  if type and type.class == "fn" then
    for i, param in ipairs(type.node.params) do
      self:learn(param, "type", types[first + i - 1] or ANY)
    end
  end
  for i = 2, #types do
    self:escape(types[i])
  end
  self:bodies(node.args)
  return { ANY }
end

function globals.pcall(self, node)
  return protected(self, node, 2)
end

function globals.xpcall(self, node)
  return protected(self, node, 3)
end

function globals.ipairs(self, node)
  local type = self:unknown_call(node.args)[1]
  if type and type.class == "Fleet" then
    return { { class = "iterator", element = check.car(type.models) } }
  elseif type and type.class == "list" then
    return { { class = "iterator", element = type.element } }
  end
  return { type == NOTHING and NOTHING or ANY }
end
globals.pairs = globals.ipairs

function globals.assert(self, node)
  return self:unknown_call(node.args)
end

function globals.require(self, node)
  self:unknown_call(node.args)
  if node.args[1] and node.args[1].tag == "String" and self.reporting and self.guarded == 0 then
    check.required(self.file, node.args[1])
  end
  return { ANY }
end

-- scenario(name, [options,] fn), before(fn), after([options,] fn): the last argument gets a test, and a case.
local function declared(self, node, call, options)
  local types = self:arguments(node.args)
  local type = types[#types]
  if options then
    self:options(call, options)
  end
  for i, param in ipairs(type and type.class == "fn" and type.node.params or {}) do
    self:learn(param, "type", i == 1 and { class = "Test" } or ANY)
  end
  return type and type.class == "fn" and type.node
end

function globals.scenario(self, node)
  local options = #node.args > 2 and node.args[2] or nil
  local made = declared(self, node, "scenario", options)
  if made then
    made.scenario = made.scenario or { options = options or false }
  end
  self:bodies(node.args)
  return { ANY }
end

function globals.before(self, node)
  declared(self, node, "before")
  self:bodies(node.args)
  return { ANY }
end

function globals.after(self, node)
  declared(self, node, "after", #node.args > 1 and node.args[1] or nil)
  self:bodies(node.args)
  return { ANY }
end

-- return { signals =, desire = function(car, wishes), actions = { … }, … }: who is called with what.
function walker:part_made(statement)
  local node = statement and statement.tag == "Return" and statement.values[1]
  if not node or node.tag ~= "Table" then
    return
  end
  local class = self.api.classes.Part
  for _, item in ipairs(node.items) do
    local name = item.key and item.key.tag == "String" and item.key.value
    local annotated = name and class.fields[name]
    if annotated and annotated.fn then
      self:callback(item.value.tag == "Function" and { class = "fn", node = item.value }
        or item.value.tag == "Name" and item.value.var and item.value.var.type, annotated.fn, nil, nil, true)
    elseif name == "actions" then
      self:actions(item.value)
    end
  end
end

function walker:actions(node)
  if node.tag == "Name" and node.var and not node.var.actions then
    node.var.actions = true
    self.changed = true
  end
  for _, item in ipairs(node.tag == "Table" and node.items or {}) do
    if item.value.tag == "Function" and item.value.params[1] then
      self:learn(item.value.params[1], "type", check.car())
      item.value.kept = true
    end
    if item.key and item.key.tag == "String" then
      self.file.fields[item.key.value] = true
    end
  end
end

function globals.part(self, node)
  local types = self:arguments(node.args)
  if types[2] and types[2].class == "fn" then
    types[2].node.part = true
    self:escape(types[2])
  end
  self:bodies(node.args)
  return { ANY }
end

function globals.model(self, node)
  self.file.is_model = true
  if node.args[1] then
    self:options("model{…}", node.args[1])
  end
  self:unknown_call(node.args)
  return { ANY }
end
