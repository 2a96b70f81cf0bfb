-- What options a part has: the names that its builder reads from its argument, as `options.NAME`, wherever it hands
-- the argument on, so that a misspelt one is refused when the model is loaded and not silently left out.
--
-- The text of each function is looked at, not run. Functions that it calls are found as the values that they are: by
-- the upvalues of the caller, so it does not matter in which file they are.

local core, _, _, tools = ...

-- What methods of cars take, by the method: of those that parts hand their options on to.
tools.car_options = {}

-- Comments and texts made blank; lines and places stay.
local function bare(text)
  text = text:gsub("%-%-[^\n]*", "")
  return (text:gsub('"[^"\n]*"', '""'):gsub("'[^'\n]*'", "''"))
end

-- The lines of a function, or nil if its source is not at hand.
local function text_of(fn)
  local info = debug.getinfo(fn, "S")
  local source = info.source:sub(1, 1) == "@" and core.source(info.source:sub(2))
  if not source then
    return nil
  end
  local lines, number = {}, 0
  for line in (source .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    if number >= info.linedefined and number <= info.lastlinedefined then
      lines[#lines + 1] = line
    end
  end
  return bare(table.concat(lines, "\n"))
end

local function upvalue(fn, name)
  for i = 1, 255 do
    local known, value = debug.getupvalue(fn, i)
    if not known then
      return nil
    elseif known == name then
      return value
    end
  end
end

-- The value of `a.b.c` as the function sees it, or nil.
local function value_of(fn, path)
  local value
  for name in path:gmatch("[%w_]+") do
    if value == nil then
      value = upvalue(fn, name)
    else
      value = type(value) == "table" and rawget(value, name) or nil
    end
    if value == nil then
      return nil
    end
  end
  return value
end

-- The call that the place is an argument of: what is called, and as which argument; nil if it is in no call, or part
-- of a larger expression.
local function call_around(text, first, last)
  if not text:find("^%s*[,)]", last + 1) or not text:sub(1, first - 1):find("[,(]%s*$") then
    return nil
  end
  local depth, index = 0, 1
  for at = first - 1, 1, -1 do
    local char = text:sub(at, at)
    if char == ")" or char == "}" or char == "]" then
      depth = depth + 1
    elseif depth > 0 and (char == "(" or char == "{" or char == "[") then
      depth = depth - 1
    elseif char == "(" then
      return text:sub(1, at - 1):match("([%w_.:]+)%s*$"), index
    elseif char == "{" or char == "[" then
      return nil
    elseif char == "," and depth == 0 then
      index = index + 1
    end
  end
end

-- Uses that read no option, and hand none on.
local function is_harmless(text, variable, first, last)
  local before = text:sub(1, first - 1)
  return before:find("[.:]%s*$") ~= nil and not before:find("%.%.%s*$") -- a field of that name
    or before:find("function[%s%w_.:]*%([%w_%s,]*$") ~= nil -- a parameter
    or before:find("%f[%w_]not%s+$") ~= nil
    or before:find("%f[%w_]if%s+$") ~= nil and text:find("^%s+then%f[^%w_]", last + 1) ~= nil
    or text:find("^%s*=[^=]", last + 1) ~= nil -- it is set
    or text:find("^%s*[=~]=", last + 1) ~= nil
    or text:find("^%s+and%f[^%w_]", last + 1) ~= nil
    or text:find("^%s*or%s*{%s*}", last + 1) ~= nil and before:find("%f[%w_]" .. variable .. "%s*=%s*$") ~= nil
end

local read_by

-- The name of that parameter of a function that is defined in the text.
local function parameter_in(text, callee, index)
  local list = text:match("%f[%w_]function%s+" .. callee .. "%s*%(([%w_%s,]*)%)")
  local at = 0
  for name in (list or ""):gmatch("[%w_]+") do
    at = at + 1
    if at == index then
      return name
    end
  end
end

-- What the function that is called reads of the argument. False if nobody can say.
local function read_by_callee(fn, text, callee, index, scan)
  if callee == "type" then
    return true
  end
  local taken = index == 1 and tools.car_options[callee:match("^car:([%w_]+)$")]
  for option in pairs(taken or {}) do
    scan.known[option] = true
  end
  if taken then
    return true
  end
  local called = value_of(fn, callee)
  if type(called) == "function" then
    return read_by(called, callee:find(":", 1, true) and index + 1 or index, scan.known, scan.seen)
  end
  local name = callee:find("^[%w_]+$") and parameter_in(text, callee, index)
  return name and scan.word(name) or false
end

-- Adds what the text reads of the variable to `known`. False if nobody can say.
local function read_in(fn, text, variable, known, seen)
  local done = {}
  local scan = { known = known, seen = seen }
  function scan.word(word)
    if done[word] then
      return true
    end
    done[word] = true
    for first, last in text:gmatch("%f[%w_]()" .. word .. "%f[^%w_]()") do
      last = last - 1 -- the capture is the place behind it
      local option = text:match("^%s*%.%s*([%a_][%w_]*)", last + 1)
      local harmless = is_harmless(text, word, first, last)
      if option and not harmless then
        known[option] = true
      elseif not harmless then
        local callee, index = call_around(text, first, last)
        if not callee or not read_by_callee(fn, text, callee, index, scan) then
          return false
        end
      end
    end
    return true
  end
  return scan.word(variable)
end

-- Adds what the function reads of its argument of that number to `known`. False if nobody can say.
function read_by(fn, index, known, seen)
  local info = debug.getinfo(fn, "Su")
  local variable = info.what ~= "C" and debug.getlocal(fn, index)
  if not variable then
    return info.what ~= "C" and not info.isvararg
  end
  local key = variable .. " " .. info.source .. ":" .. info.linedefined
  if seen[key] then
    return true
  end
  seen[key] = true
  local text = text_of(fn)
  return text ~= nil and read_in(fn, text, variable, known, seen)
end

local function sorted_keys(set)
  local names = {}
  for name in pairs(set) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

-- Raises for an option that the part does not have, where it is called.
function tools.check_part_options(name, builder, options)
  local known = {}
  if next(options) == nil or not read_by(builder, 1, known, {}) then
    return
  end
  for option in pairs(options) do
    if not known[option] then
      local all = sorted_keys(known)
      error("part " .. name .. " has no option '" .. tostring(option) .. "'" .. tools.did_you_mean(option, known)
        .. (#all > 0 and " (it has " .. table.concat(all, ", ") .. ")" or " (it has none)"), 3)
    end
  end
end
