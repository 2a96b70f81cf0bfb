-- What the check knows of values: their types, and the signals of the models that a car may be of.
-- A type is a table with a `class`: one of the API's, or "State" (a group of signals), "Signal", "list", "fn", "any".

local core, _, _, tools, check = ...

check.ANY = { class = "any" }
check.NOTHING = { class = "nothing" } -- that is known yet

function check.car(models)
  return { class = "Car", models = models or false }
end

-- A set of model names; false: any model.
local function merged(a, b)
  if not a or not b then
    return false
  end
  local both = {}
  for name in pairs(a) do both[name] = true end
  for name in pairs(b) do both[name] = true end
  return both
end

local function same_set(a, b)
  if not a or not b then
    return a == b
  end
  for name in pairs(a) do
    if not b[name] then return false end
  end
  for name in pairs(b) do
    if not a[name] then return false end
  end
  return true
end

-- Do these types say the same?
function check.same(a, b)
  if a == b then
    return true
  elseif not a or not b or a.class ~= b.class or a.path ~= b.path or a.node ~= b.node or a.name ~= b.name
      or a.shadow ~= b.shadow then
    return false
  elseif a.class == "list" then
    return check.same(a.element, b.element)
  end
  return same_set(a.models, b.models)
end

-- What a variable is that may be either; nil: nothing is known yet.
function check.join(a, b)
  if not a or a == check.NOTHING then
    return b
  elseif not b or b == check.NOTHING or check.same(a, b) then
    return a
  elseif a.class ~= b.class or a.path ~= b.path or a.node ~= b.node or a.name ~= b.name then
    return check.ANY
  elseif a.class == "list" then
    return { class = "list", element = check.join(a.element, b.element) }
  elseif a.models == nil then
    return a
  end
  return {
    class = a.class, path = a.path, soft = a.soft or b.soft, models = merged(a.models, b.models),
    shadow = a.shadow == b.shadow and a.shadow or nil,
  }
end

-- ---- models ------------------------------------------------------------------------------------

local loaded = {} -- by folder and name

local function describe(model)
  local made = { signals = {}, groups = {}, names = {}, shadows = {}, actions = model.actions }
  for _, signal in ipairs(core.check_signals(model)) do
    made.signals[signal.path] = signal
    if signal.shadow ~= "" then
      made.shadows[signal.shadow] = true
    end
    made.names[#made.names + 1] = signal.path
    for dot in signal.path:gmatch("()%.") do
      local group = signal.path:sub(1, dot - 1)
      if not made.groups[group] then
        made.groups[group] = true
        made.names[#made.names + 1] = group
      end
    end
  end
  return made
end

-- The model of that name as a script in `dir` gets it; nil and why not.
function check.model(dir, name)
  local key = dir .. "\n" .. name
  if not loaded[key] then
    local model, why = core.check_model(dir, name)
    loaded[key] = model and describe(model) or { why = why }
  end
  return loaded[key].signals and loaded[key] or nil, loaded[key].why
end

-- A list of those that a car may be of; `whole` is false if one of them is not known.
local function candidates(dir, models)
  local list, whole = {}, true
  local names = {}
  if models then
    for name in pairs(models) do
      names[#names + 1] = name
    end
  else
    for name in core.check_models():gmatch("[^, ]+") do
      names[#names + 1] = name
    end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local model = check.model(dir, name)
    if model then
      list[#list + 1] = model
    elseif models then
      whole = false
    end
  end
  return list, whole, names
end

-- All signals of that path, one for each model that has it; or "group"; or nil, and what to say of it. Silent (nil
-- alone) where nothing can be proved.
function check.signal(dir, models, path)
  local list, whole, names = candidates(dir, models)
  local found, offered = {}, {}
  for _, model in ipairs(list) do
    if model.signals[path] then
      found[#found + 1] = model.signals[path]
    elseif model.groups[path] then
      return "group"
    end
    table.move(model.names, 1, #model.names, #offered + 1, offered)
  end
  if #found > 0 then
    return found
  elseif not whole or #list == 0 then
    return nil
  end
  local meant = core.did_you_mean(path, offered)
  if not models then
    return nil, meant ~= "" and "no model has a signal '" .. path .. "'" .. meant or nil, meant
  end
  return nil, "no signal '" .. path .. "' in model " .. table.concat(names, ", ") .. meant, meant
end

-- The names of the shadows that signals of these models live in, as a set.
function check.shadows(dir, models)
  local names = {}
  for _, model in ipairs((candidates(dir, models))) do
    for name in pairs(model.shadows) do
      names[name] = true
    end
  end
  return names
end

-- Has a car of these models an action of that name? nil if that cannot be said; offers the names otherwise.
function check.action(dir, models, name, offered)
  local list, whole = candidates(dir, models)
  for _, model in ipairs(list) do
    if model.actions[name] then
      return true
    end
    for action in pairs(model.actions) do
      offered[action] = true
    end
  end
  return not whole or nil
end

-- ---- values ------------------------------------------------------------------------------------

local takes = {
  boolean = { True = true, False = true },
  integer = { Number = true, Unary = true },
  float = { Number = true, Unary = true },
  enum = { String = true },
  string = { String = true },
}
local literal = { True = "boolean", False = "boolean", Number = "number", String = "string" }

-- Why none of these signals can hold the literal; nil if one can, or it is none.
function check.value(signals, node)
  local values, all = {}, {}
  if not literal[node.tag] then
    return nil
  end
  for _, signal in ipairs(signals) do
    if takes[signal.type][node.tag] and (signal.type ~= "enum" or not signal.values) then
      return nil
    end
    for _, value in ipairs(signal.type == "enum" and signal.values or {}) do
      all[#all + 1] = values[value] == nil and value or nil
      values[value] = true
    end
  end
  local path = signals[1].path
  if next(values) and node.tag == "String" then
    if values[node.value] then
      return nil
    end
    local meant = core.did_you_mean(node.value, all)
    return path .. ": " .. node.value .. " is not one of " .. table.concat(all, ", ") .. meant, meant
  end
  return path .. ": " .. signals[1].type .. " expected, got " .. literal[node.tag], ""
end

function check.meant(wrong, ...)
  return tools.did_you_mean(wrong, ...)
end
