-- What comes never: statements behind an end, waits for a car that nobody wakes, time-outs longer than the scenario.

local _, _, _, _, check = ...

local function said(type, name)
  return (type.class == "Test" and "t:" or "car:") .. name
end

-- ---- behind the end ----------------------------------------------------------------------------

local ends = {
  Test = { skip = true, fail = true },
  Car = { refuse = true, fail = true },
}

-- "t:skip" if the statement ends the scenario, the command or the function.
local function ending(self, statement)
  local call = statement.tag == "Statement" and statement.call
  if not call then
    return nil
  elseif call.tag == "Method" and call.object.tag == "Name" then
    local type = call.object.var and call.object.var.type
    return type and ends[type.class] and ends[type.class][call.name] and said(type, call.name)
  end
  return call.tag == "Call" and call.fn.tag == "Name" and not call.fn.var and call.fn.name == "error"
    and not self.file.assigned.error and "error"
end

local function behind_ends(self, list)
  for i, statement in ipairs(list) do
    local call, next_one = ending(self, statement), list[i + 1]
    if call and next_one and next_one.tag ~= "Label" then
      self:say(next_one.at, "unreachable", "never reached: " .. call .. " before it ends here")
      return
    end
  end
end

-- ---- longer than the scenario ------------------------------------------------------------------

local TIMEOUT = 30 -- of a scenario that says nothing else

-- Real seconds after which the scenario ends for sure; nil: not known.
local function patience_of(scenario)
  local options = scenario.options
  if not options then
    return TIMEOUT
  elseif options.tag ~= "Table" or check.field_of(options, "timeout_per_car") then
    return nil
  end
  local timeout = check.field_of(options, "timeout")
  if not timeout then
    return TIMEOUT
  end
  return timeout.tag == "Number" and timeout.value or nil
end

-- In virtual time a scenario's seconds are others than a wait's.
function check.patience(self, call, node)
  local limit = self.scenario and not self.file.virtual and patience_of(self.scenario)
  if limit and node.value > limit then
    self:say(node.at, "long-wait", string.format("%s: %g s is longer than the scenario's own time-out, %g s", call,
      node.value, limit), "warning")
  end
end

-- ---- nobody wakes it ---------------------------------------------------------------------------

-- Neither a change of the car's connection, nor a way for others to get hold of it.
local harmless = { get = true, set = true, has = true, log = true, timeline = true, pin = true, unpin = true,
  pins = true, jam = true, in_step = true, clock = true, random = true }
local readable = { state = true, link = true, name = true, vin = true, model = true, index = true }
local passes_time = { wait = true, eventually = true, never = true, sms = true, within = true, step = true }

local skipped = { var = true, vars = true, type = true }

-- Calls fn(node) for each node of a tree but those in functions; it returns true for those whose parts are not
-- looked at.
local function each(node, fn)
  if node.tag and fn(node) or node.tag == "Function" then
    return
  end
  for key, part in pairs(node) do
    if type(part) == "table" and not skipped[key] then
      each(part, fn)
    end
  end
end

-- Does the statement use the car for more than a look?
local function touches(statement, var)
  local found = false
  each(statement, function(node)
    local object = node.object
    local own = object and object.tag == "Name" and object.var == var
    if own and node.tag == "Method" and harmless[node.name] then
      for _, arg in ipairs(node.args) do
        found = found or touches(arg, var)
      end
      return true
    elseif own and node.tag == "Index" and readable[node.key.value] then
      return true
    end
    found = found or (node.tag == "Name" and node.var == var)
    return found
  end)
  return found
end

local function lets_time_pass(statement)
  local found = false
  each(statement, function(node)
    found = found or node.tag == "Function" or (node.tag == "Method" and passes_time[node.name])
      or (node.tag == "Call" and node.fn.tag == "Name" and node.fn.name == "wait")
    return found
  end)
  return found
end

-- `local car = t:vehicle { … }`, perhaps with waits behind it: the variable, and how the car is. nil: not known.
local function made(statement)
  local var, value = statement.tag == "Local" and statement.vars[1], statement.tag == "Local" and statement.values[1]
  if not value or #statement.vars > 1 or var.type == nil or var.type.class ~= "Car" then
    return nil
  end
  local waits = {}
  while value.tag == "Method" and value.name:find("^wait") do
    waits[#waits + 1] = value
    value = value.object
  end
  if value.tag ~= "Method" or value.name ~= "vehicle" then
    return nil
  end
  local options = value.args[1]
  if options and (options.tag ~= "Table" or check.field_of(options, "sleep")) then
    return nil
  end
  local power = check.field_of(options, "power")
  if power and (power.tag ~= "String" or power.value ~= "off") then
    return nil
  end
  return var, power and "off" or "on", waits
end

local function awaited(call)
  if call.name == "wait_online" then
    return "online"
  end
  return call.name == "wait_for" and call.args[1] and call.args[1].tag == "String" and call.args[1].value
end

local why = {
  off = "the car is off (car:power_on() before it)",
  asleep = "the car is asleep, and nobody wakes it (car:wake(), or a command without wake = false)",
}

-- A function that had the car before could have done anything meanwhile.
local function only_here(var, at)
  return not var.captured or var.captured > at
end

local function check_wait(self, call, var, state)
  local wanted = awaited(call)
  if wanted and why[state] and wanted ~= state and only_here(var, call.name_at) then
    self:say(call.name_at, "unreachable-wait", "car:" .. call.name .. ": waits in vain: " .. why[state])
  end
end

local after = { sleep = "asleep", disconnect = "asleep", power_off = "off", power_on = "on", wake = "on",
  wait_online = "on" }

-- `car:…()` as a statement: how the car is then; nil: not known.
local function moved(self, call, state)
  check_wait(self, call, call.object.var, state)
  if harmless[call.name] or call.name == "wait_in_step" then
    return state
  elseif state == "off" and (call.name == "sleep" or call.name == "disconnect" or call.name == "wake") then
    return state
  end
  return after[call.name]
end

-- app:request(car, …, { wake = false }):await()
local function check_command(self, statement, states)
  each(statement, function(node)
    local command = node.tag == "Method" and node.name == "await" and node.object
    if command and command.tag == "Method" and (command.name == "request" or command.name == "desire") then
      local car, options = command.args[1], command.args[3]
      local state = car and car.tag == "Name" and states[car.var]
      local wake = check.field_of(options, "wake")
      if why[state] and wake and wake.tag == "False" and only_here(car.var, node.at) then
        self:say(node.name_at, "unreachable-wait", "command:await: waits in vain: " .. why[state])
      end
    end
    return node.tag == "Function"
  end)
end

local function own_call(statement)
  local call = statement.tag == "Statement" and statement.call
  return call and call.tag == "Method" and call.object.tag == "Name" and call.object.var and call
end

local function follow(self, statement, states)
  local call = own_call(statement)
  check_command(self, statement, states)
  for var, state in pairs(states) do
    if call and call.object.var == var then
      states[var] = moved(self, call, state)
    elseif touches(statement, var) or (state ~= "off" and lets_time_pass(statement)) then
      states[var] = nil
    end
  end
  local var, state, waits = made(statement)
  if var then
    states[var] = state
    for _, wait in ipairs(waits) do
      check_wait(self, wait, var, state)
    end
  end
end

function check.waits(self, list)
  local states = {}
  behind_ends(self, list)
  for _, statement in ipairs(list) do
    follow(self, statement, states)
  end
end
