-- What is called, with what, on which object: where most mistakes are.

local _, _, _, _, check = ...
local ANY, NOTHING, walker = check.ANY, check.NOTHING, check.walker

-- An annotated type as the check has it; of a fleet's cars it knows the models.
local function type_of(self, annotated, receiver)
  if not annotated or not annotated.class then
    return annotated and check.scalar(self, annotated)
  end
  local models = receiver and receiver.models
  local one
  if receiver and receiver.class == annotated.class then
    one = receiver
  elseif annotated.class == "Car" then
    one = check.car(receiver and receiver.class == "Fleet" and models)
  elseif self.api.aliases[annotated.class] then
    one = check.scalar(self, annotated)
  elseif self.api.classes[annotated.class] then
    one = { class = annotated.class }
  end
  return one and annotated.list and { class = "list", element = one } or one
end

-- A function that the API calls: with what.
function walker:callback(type, annotated, receiver, extra, keep)
  if not type or type.class ~= "fn" then
    return
  end
  type.node.kept = type.node.kept or keep
  for i, param in ipairs(type.node.params) do
    local given = annotated.params[i]
    self:learn(param, "type", given and type_of(self, given.type, receiver) or extra and extra[i] or ANY)
  end
end

-- Function literals are read last, when it is known what they are called with.
function walker:arguments(args, signature, receiver)
  local types, spread = {}, {}
  for i, arg in ipairs(args) do
    if arg.tag == "Function" then
      types[i] = { class = "fn", node = arg }
    elseif i == #args then
      for j, type in ipairs(self:list({ arg })) do
        types[i + j - 1] = type
      end
    else
      types[i] = self:expression(arg) or ANY
    end
  end
  for i, type in ipairs(types) do
    local param = signature and signature.params[i]
    if param and param.type and param.type.fn then
      self:callback(type, param.type.fn, receiver, table.move(types, i + 1, #types, 1, {}))
    elseif type.class == "fn" and signature then
      self:escape(type)
    end
    spread[i] = type
  end
  return spread
end

function walker:bodies(args)
  for _, arg in ipairs(args) do
    if arg.tag == "Function" then
      self:function_body(arg)
    end
  end
end

-- The annotation says what the argument must be.
function walker:argument(call, param, node)
  local annotated = param and param.type
  if not annotated or not node then
    return
  end
  local literals = annotated.class and self.api.aliases[annotated.class]
  if literals and node.tag == "String" and not literals[node.value] then
    self:say(node.at, "wrong-value", call .. ": '" .. node.value .. "' is none of its values"
      .. check.meant(node.value, literals))
  elseif not self.api.options[call] then
    self:fields(annotated.class or annotated.table, call, node)
  end
  if annotated.real_seconds and node.tag == "Number" then
    check.patience(self, call, node)
  end
end

function walker:api_call(node, receiver, class, signature)
  local call = (class.variable or "") .. ":" .. node.name
  local types = self:arguments(node.args, signature, receiver)
  local special, result = check.special[receiver.class], nil
  if special and special[node.name] then
    result = special[node.name](self, receiver, node.args, types)
  end
  for i, param in ipairs(signature.params) do
    self:argument(call, param, node.args[i])
    if param.name == "options" and node.args[i] then
      self:options(call, node.args[i])
    end
  end
  self:bodies(node.args)
  return { result or type_of(self, signature.returns, receiver) or ANY }
end

function walker:method_call(node)
  local receiver = self:expression(node.object)
  local class = receiver and self.api.classes[receiver.class]
  if receiver then
    self:member(receiver, node.name, node.name_at)
  end
  local signature = class and check.method(receiver.class, node.name)
  if signature then
    return self:api_call(node, receiver, class, signature)
  elseif receiver == NOTHING then
    return self:later_call(node.args)
  end
  self:unknown_call(node.args)
  return { ANY }
end

-- What is called is not known yet.
function walker:later_call(args)
  self:arguments(args)
  self:bodies(args)
  return { NOTHING }
end

-- Nothing is known of what it does with its arguments.
function walker:unknown_call(args)
  local types = self:arguments(args)
  for _, type in ipairs(types) do
    self:escape(type)
  end
  self:bodies(args)
  return types
end

-- A function of the script itself: it learns what it is called with.
function walker:own_call(node, fn)
  local types = self:arguments(node.args)
  for i, param in ipairs(fn.params) do
    if param.guards and node.args[i] then
      self:guard(node.args[i], types[i])
    end
    self:learn(param, "type", types[i] or ANY)
  end
  for i = #fn.params + 1, #types do
    self:escape(types[i])
  end
  self:bodies(node.args)
  return fn.returns or { NOTHING }
end

function walker:call(node)
  if node.tag == "Method" then
    return self:method_call(node)
  end
  local type = self:expression(node.fn)
  if type and type.class == "fn" then
    return self:own_call(node, type.node)
  elseif type and type.class == "global" and check.globals[type.name] and not self.file.assigned[type.name] then
    return check.globals[type.name](self, node)
  elseif type == NOTHING then
    return self:later_call(node.args)
  end
  self:unknown_call(node.args)
  return { ANY }
end
