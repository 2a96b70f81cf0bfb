-- What is called, with what, on which object: where most mistakes are.

local _, _, _, tools, check = ...
local ANY, NOTHING, walker = check.ANY, check.NOTHING, check.walker

-- ---- members -----------------------------------------------------------------------------------

local function scalar(self, annotated)
  local literals = annotated and self.api.aliases[annotated.class]
  return literals and { class = "literal", literals = literals, name = annotated.class } or nil
end

function walker:car_member(object, name, at)
  local class = self.api.classes.Car
  if name == "state" then
    return { class = "State", models = object.models, path = "" }
  elseif tools.car_properties[name] then
    return scalar(self, class.fields[name])
  elseif class.methods[name] or class.real[name] ~= nil or self.file.fields[name] then
    return nil
  end
  local offered = {}
  if check.action(self.file.dir, object.models, name, offered) then
    return nil
  end
  local meant = check.meant(name, class.real, tools.car_properties, offered)
  if object.models or meant ~= "" then
    self:say(at, "unknown-name", "a car has no '" .. name .. "'" .. meant)
  end
  return nil
end

-- soft: what a document says may be anything, so only what looks like a slip is one.
function walker:signal_member(object, name, at)
  local path = object.path == "" and name or object.path .. "." .. name
  local found, why, meant = check.signal(self.file.dir, object.models, path)
  if found == "group" then
    return { class = "State", models = object.models, path = path, soft = object.soft, shadow = object.shadow }
  elseif found then
    if object.shadow then
      self:lives(found, object.shadow, at)
    end
    return { class = "Signal", models = object.models, path = path, soft = object.soft }
  elseif why and (not object.soft or meant ~= "") and not self:supposed(path) then
    self:say(at, "unknown-signal", why)
  end
  return nil
end

-- The script asks the car itself whether it has the signal, or declares one.
function walker:supposed(path)
  for known in pairs(self.file.has) do
    if known == path or known:sub(1, #path + 1) == path .. "." or path:sub(1, #known + 1) == known .. "." then
      return true
    end
  end
  return false
end

function walker:library_member(object, name, at)
  local library = object.name and rawget(self.api.globals, object.name)
  if object.name == "_G" then
    return { class = "global", name = name }
  elseif type(library) == "table" and library[name] == nil and not self.file.assigned[object.name] then
    self:say(at, "unknown-name", object.name .. " has no '" .. name .. "'"
      .. check.meant(name, check.library(object.name)))
  end
  return nil
end

-- What object.name is; says so if there is no such thing.
function walker:member(object, name, at)
  local class = self.api.classes[object.class]
  local field = class and class.fields[name]
  if object.class == "Car" then
    return self:car_member(object, name, at)
  elseif object.class == "State" then
    return self:signal_member(object, name, at)
  elseif object.class == "global" then
    return self:library_member(object, name, at)
  elseif object.class == "Twin" then
    return (name == "reported" or name == "desired")
        and { class = "State", models = object.models, path = "", soft = true, shadow = object.shadow } or nil
  elseif class and class.real and class.real[name] == nil and not class.methods[name] and not class.fields[name]
      and not self.file.fields[name] then
    local meant = check.meant(name, class.real)
    if not class.open or meant ~= "" then -- what another file has put into it
      self:say(at, "unknown-name", class.what .. " has no '" .. name .. "'" .. meant)
    end
  end
  return field and field.class and self.api.classes[field.class] and { class = field.class } or nil
end

-- object.name = value
function walker:assign_member(object, key, node)
  if object.class == "State" then
    local leaf = self:signal_member(object, key.value, key.at)
    if leaf and leaf.class == "Signal" and node then
      self:value_of(leaf, node)
    end
  elseif object.class == "global" and object.name == "_G" then
    self.file.assigned[key.value] = true
  elseif object.class == "Car" then
    self:say(key.at, "read-only", "a car's '" .. key.value .. "' cannot be set (signals are in car.state)")
  else
    self.file.fields[key.value] = true
  end
end

-- ---- values ------------------------------------------------------------------------------------

function walker:value_of(leaf, node)
  local found = check.signal(self.file.dir, leaf.models, leaf.path)
  local why, meant
  if type(found) == "table" then
    why, meant = check.value(found, node)
  end
  if why and (not leaf.soft or meant ~= "") then
    self:say(node.at, "wrong-value", why)
  end
end

-- A comparison that can never be true.
function walker:compare(type, node)
  if not type or node.tag ~= "String" then
    return
  elseif type.class == "Signal" then
    self:value_of(type, node)
  elseif type.class == "literal" and not type.literals[node.value] then
    self:say(node.at, "wrong-value", "'" .. node.value .. "' is never the value"
      .. check.meant(node.value, type.literals))
  end
end

function walker:path_of(car, node)
  if node and node.tag == "String" then
    return self:signal_member({ models = car.models, path = "" }, node.value, node.at)
  end
end

-- { locks = { all = "unlocked" } }: what is wished; of a shadow, nil: of that in which the signals live.
function walker:wishes(models, prefix, node, shadow)
  for _, item in ipairs(node.items) do
    if item.key and item.key.tag == "String" then
      local here = { models = models, path = prefix, soft = true, shadow = shadow }
      local found = self:signal_member(here, item.key.value, item.key.at)
      if found and found.class == "State" and item.value.tag == "Table" then
        self:wishes(models, found.path, item.value, shadow)
      elseif found and found.class == "Signal" then
        self:value_of(found, item.value)
      end
    end
  end
end

-- { ["battery.state_of_charge"] = 8 }
local function first_state(self, models, node)
  for _, item in ipairs(node.tag == "Table" and node.items or {}) do
    if item.key and item.key.tag == "String" then
      local found = self:path_of({ models = models }, item.key)
      if found and found.class == "Signal" then
        self:value_of(found, item.value)
      end
    end
  end
end

-- ---- options -----------------------------------------------------------------------------------

local function field_of(node, name)
  for _, item in ipairs(node and node.tag == "Table" and node.items or {}) do
    if item.key and item.key.tag == "String" and item.key.value == name then
      return item.value
    end
  end
  return nil
end

check.field_of = field_of

function walker:options(call, node)
  local known = self.api.options[call]
  if not known or node.tag ~= "Table" then
    return
  end
  for _, item in ipairs(node.items) do
    local name = item.key and item.key.tag == "String" and item.key.value
    if name and not known[name] then
      self:say(item.key.at, "unknown-option", call .. ": unknown option '" .. name .. "'" .. check.meant(name, known))
    elseif name then
      self:options(call .. ": " .. name, item.value)
      self:options(name == "mqtt" and "mqtt" or name == "will" and "mqtt.will" or "", item.value)
      local annotated = self.api.classes.FleetOptions.fields[name]
      self:fields(call:find("^t:") and annotated and annotated.table, call .. ": " .. name, item.value)
    end
  end
end

-- The fields of an annotated class, where the program itself says nothing before it runs.
function walker:fields(class, call, node)
  local known = self.api.classes[class]
  if not known or not next(known.fields) or node.tag ~= "Table" then
    return
  end
  for _, item in ipairs(node.items) do
    local name = item.key and item.key.tag == "String" and item.key.value
    local meant = name and not known.fields[name] and check.meant(name, known.fields) or ""
    if meant ~= "" then
      self:say(item.key.at, "unknown-option", call .. ": unknown option '" .. name .. "'" .. meant)
    end
  end
end

-- The models that options of t:vehicle or t:fleet name; false: that is not written there.
function walker:models_of(node)
  if not node then
    return { [self.api.default_model] = true }
  elseif node.tag ~= "Table" then
    return false
  end
  local mix, named = field_of(node, "mix"), field_of(node, "model")
  if mix then
    return self:mixed(mix)
  elseif not named then
    return { [self.api.default_model] = true }
  elseif named.tag ~= "String" then
    return false
  end
  local model, why = check.model(self.file.dir, named.value)
  if not model then
    self:say(named.at, "unknown-model", why)
    return false
  end
  return { [named.value] = true }
end

function walker:mixed(mix)
  local all = {}
  for _, item in ipairs(mix.tag == "Table" and mix.items or {}) do
    local models = not item.key and self:models_of(item.value)
    if not models then
      return false
    end
    for name in pairs(models) do
      all[name] = true
    end
    self:options("t:vehicle", item.value)
  end
  return next(all) and all or false
end

local function made_car(self, args)
  local models = self:models_of(args[1])
  local state = args[1] and field_of(args[1], "state")
  if state and not field_of(args[1], "mix") then
    first_state(self, models, state)
  end
  return models
end

-- ---- methods with a meaning of their own ---------------------------------------------------------

local special = { Test = {}, Car = {}, Companion = {} }

function special.Test.vehicle(self, _, args)
  return check.car(made_car(self, args))
end

function special.Test.fleet(self, _, args)
  return { class = "Fleet", models = made_car(self, args) }
end

function special.Test.equal(self, _, args, types)
  if args[2] then
    self:compare(types[1], args[2])
  end
end
special.Test.not_equal = special.Test.equal

function special.Test.record(self, _, args, types)
  for _, item in ipairs(types[1] and types[1].class == "Car" and args[2] and args[2].tag == "Table" and args[2].items or {}) do
    if item.value.tag == "String" and item.value.value ~= "link" then
      self:path_of(types[1], item.value)
    end
  end
end

function special.Car.get(self, car, args)
  return self:path_of(car, args[1])
end
special.Car.glide = function(self, car, args) self:path_of(car, args[1]) end

function special.Car.set(self, car, args)
  local leaf = self:path_of(car, args[1])
  if leaf and leaf.class == "Signal" and args[2] then
    self:value_of(leaf, args[2])
  end
end

function special.Car.has(self, _, args)
  if args[1] and args[1].tag == "String" then
    self.file.has[args[1].value] = true
  end
end

local function is_car(type)
  return type and type.class == "Car"
end

function special.Companion.request(self, _, args, types)
  if is_car(types[1]) and args[2] and args[2].tag == "Table" then
    self:wishes(types[1].models, "", args[2])
  end
end

function special.Companion.desire(self, _, args, types)
  if not is_car(types[1]) then
    return
  end
  local shadow = args[3] and self:shadow_of(types[1], args[3])
  if args[2] and args[2].tag == "Table" then
    self:wishes(types[1].models, "", args[2], shadow ~= "" and shadow or nil)
  end
end

function special.Companion.update(self, _, args, types)
  if is_car(types[1]) then
    self:shadow_of(types[1], args[3])
  end
end

function special.Companion.delete_shadow(self, _, args, types)
  if is_car(types[1]) then
    self:shadow_of(types[1], args[2])
  end
end

function special.Companion.shadow(self, _, args, types)
  return is_car(types[1])
      and { class = "Twin", models = types[1].models, shadow = self:shadow_of(types[1], args[2]) } or nil
end

-- ---- calls -------------------------------------------------------------------------------------

-- An annotated type as the check has it; of a fleet's cars it knows the models.
local function type_of(self, annotated, receiver)
  if not annotated or not annotated.class then
    return annotated and scalar(self, annotated)
  end
  local models = receiver and receiver.models
  local one
  if receiver and receiver.class == annotated.class then
    one = receiver
  elseif annotated.class == "Car" then
    one = check.car(receiver and receiver.class == "Fleet" and models)
  elseif self.api.aliases[annotated.class] then
    one = scalar(self, annotated)
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
  local result
  if special[receiver.class] and special[receiver.class][node.name] then
    result = special[receiver.class][node.name](self, receiver, node.args, types)
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

-- ---- Lua's own functions that matter, and the declarations ---------------------------------------

local globals = {}

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

function walker:call(node)
  if node.tag == "Method" then
    return self:method_call(node)
  end
  local type = self:expression(node.fn)
  if type and type.class == "fn" then
    return self:own_call(node, type.node)
  elseif type and type.class == "global" and globals[type.name] and not self.file.assigned[type.name] then
    return globals[type.name](self, node)
  elseif type == NOTHING then
    return self:later_call(node.args)
  end
  self:unknown_call(node.args)
  return { ANY }
end

-- The names of a library that scripts see.
function check.library(name)
  return debug.getmetatable(rawget(check.api().globals, name)).__index
end
