-- Members of what scripts hold, and the values that signals take.

local _, _, _, tools, check = ...
local walker = check.walker

-- ---- members -----------------------------------------------------------------------------------

function check.scalar(self, annotated)
  local literals = annotated and self.api.aliases[annotated.class]
  return literals and { class = "literal", literals = literals, name = annotated.class } or nil
end

function walker:car_member(object, name, at)
  local class = self.api.classes.Car
  if name == "state" then
    return { class = "State", models = object.models, path = "" }
  elseif tools.car_properties[name] then
    return check.scalar(self, class.fields[name])
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
function check.first_state(self, models, node)
  for _, item in ipairs(node.tag == "Table" and node.items or {}) do
    if item.key and item.key.tag == "String" then
      local found = self:path_of({ models = models }, item.key)
      if found and found.class == "Signal" then
        self:value_of(found, item.value)
      end
    end
  end
end

-- The names of a library that scripts see.
function check.library(name)
  return debug.getmetatable(rawget(check.api().globals, name)).__index
end
