-- Options of calls: are there such, and which models do they name?

local _, _, _, _, check = ...
local walker = check.walker

function check.field_of(node, name)
  for _, item in ipairs(node and node.tag == "Table" and node.items or {}) do
    if item.key and item.key.tag == "String" and item.key.value == name then
      return item.value
    end
  end
  return nil
end

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
  local mix, named = check.field_of(node, "mix"), check.field_of(node, "model")
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

function check.made_car(self, args)
  local models = self:models_of(args[1])
  local state = args[1] and check.field_of(args[1], "state")
  if state and not check.field_of(args[1], "mix") then
    check.first_state(self, models, state)
  end
  return models
end
