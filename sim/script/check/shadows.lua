-- Which of a car's shadows a script means (docs/lua-api.md#named-shadows): "" is the classic one, nil where that is not
-- written.

local core, _, _, _, check = ...
local walker = check.walker

-- The options of app:shadow and others: `node`, or nothing.
function walker:shadow_of(car, node)
  local named = node and check.field_of(node, "name")
  if node and node.tag ~= "Table" then
    return nil
  elseif not named then
    return ""
  elseif named.tag ~= "String" then
    return nil
  end
  local known, offered = check.shadows(self.file.dir, car.models), {}
  for name in pairs(known) do
    offered[#offered + 1] = name
  end
  local meant = not known[named.value] and core.did_you_mean(named.value, offered) or ""
  if meant ~= "" then -- others may be the script's own
    self:say(named.at, "wrong-shadow", "none of the car's signals lives in a shadow '" .. named.value .. "'" .. meant)
    return nil
  end
  return named.value
end

local function text_of(shadow)
  return shadow == "" and "the classic shadow" or "the shadow '" .. shadow .. "'"
end

-- Says so if none of these signals, which all have one path, lives in that shadow.
function walker:lives(signals, shadow, at)
  local other
  for _, signal in ipairs(signals) do
    if signal.shadow == shadow then
      return
    end
    other = signal
  end
  if other then
    self:say(at, "wrong-shadow", other.path .. " lives in " .. text_of(other.shadow) .. ", not in " .. text_of(shadow)
      .. (other.shadow ~= "" and " (the option is { name = '" .. other.shadow .. "' })" or ""))
  end
end
