-- What somebody outside of any script does at a car (script/remote.h): the control API.

local core, _, prelude, tools = ...

local verbs = {}

-- Nothing to do with the car: what was asked for is not possible.
local function wrong(text)
  error({ wrong = text }, 0)
end

-- ---- signals ------------------------------------------------------------------------------------

-- { locks = { all = … } } and { ["locks.all"] = … } as "locks.all".
local function flatten(into, prefix, values)
  for name, value in pairs(values) do
    if type(name) ~= "string" then
      wrong("signals are an object of values by path, as {\"locks\": {\"all\": \"unlocked\"}}")
    elseif type(value) == "table" then
      flatten(into, prefix .. name .. ".", value)
    else
      into[prefix .. name] = value
    end
  end
  return into
end

-- What a person does at the car for a signal to have that value: a function; nil: nobody has to do anything.
local function by_hand(car, part, path, value)
  if not (part and part.by_hand) then
    return nil
  end
  local action, first, second = part.by_hand(path, value)
  if not action then
    wrong(string.format("%s cannot be set: %s (how=set sets it all the same)", path, first))
  end
  return function() core.model_of(car).actions[action](car, first, second) end
end

-- What a part can be asked for goes to the part, as a list of pairs; what people do by hand they do: what they close
-- before, the rest after; all else is set.
local function sort_wishes(car, values, set)
  local sorted, paths = { asked = {}, others = {}, before = {}, after = {} }, {}
  for path in pairs(values) do
    paths[#paths + 1] = path
  end
  table.sort(paths)
  for _, path in ipairs(paths) do
    local value, part = values[path], core.model_of(car).owner[path]
    local can_be_asked = core.can_be(car, path, value)
    local hand = not set and by_hand(car, part, path, value)
    if hand then
      local list = value == "closed" and sorted.before or sorted.after
      list[#list + 1] = hand
    else
      local list = can_be_asked and part and part.desire and not set and sorted.asked or sorted.others
      list[#list + 1], list[#list + 2] = path, value
    end
  end
  return sorted
end

-- set: without the parts, as if it had come about by itself.
function verbs.signals(car, arguments)
  local values = flatten({}, "", arguments.signals)
  if next(values) == nil then
    wrong("no signal is named")
  end
  local sorted = sort_wishes(car, values, arguments.set)
  local _ = car.state -- brought up to date
  for i = 1, #sorted.others, 2 do
    car:set(sorted.others[i], sorted.others[i + 1])
  end
  for _, act in ipairs(sorted.before) do
    act()
  end
  if #sorted.asked > 0 then
    tools.press(car, sorted.asked)
  end
  for _, act in ipairs(sorted.after) do
    act()
  end
  local now = {}
  for path in pairs(values) do
    now[path] = car:get(path)
  end
  return now
end

-- Brings the car up to date for who reads its signals.
function verbs.look(car)
  local _ = car.state
end

-- ---- what people do -----------------------------------------------------------------------------

function verbs.actions(car)
  local list = {}
  for _, part in ipairs(core.model_of(car).parts) do
    for name, fn in pairs(part.actions or {}) do
      local parameters = core.parameters(fn)
      list[#list + 1] = { name = name, part = part.name, parameters = parameters[1] and parameters or nil }
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return { actions = list }
end

function verbs.action(car, arguments)
  local actions = core.model_of(car).actions
  local action = actions[arguments.name]
  if not action then
    wrong(string.format("a %s has no action '%s'%s", car.model, arguments.name,
      tools.did_you_mean(arguments.name, actions)))
  end
  action(car, table.unpack(arguments.arguments))
end

-- ---- outcomes -----------------------------------------------------------------------------------

-- As JSON: an empty table would be an object.
function verbs.pins(car)
  local pins = car:pins()
  return nil, string.format('{"outcomes":%s}', pins[1] and core.to_json(pins) or "[]")
end

function verbs.pin(car, arguments)
  car:pin(arguments.target, arguments.outcome, { times = arguments.times })
  return verbs.pins(car)
end

function verbs.unpin(car, arguments)
  car:unpin(arguments.target)
  return verbs.pins(car)
end

-- ---- network and power --------------------------------------------------------------------------

function verbs.radio(car, network)
  if network then
    car:radio(network)
  end
  return car:radio()
end

local function needs(car, action)
  if not core.model_of(car).actions[action] then
    wrong(string.format("a %s has no ignition", car.model))
  end
end

local powers = {
  sleep = function(car) car:sleep() end,
  wake = function(car) car:wake() end,
  cut = function(car) car:power_off() end,
  restore = function(car) car:power_on() end,
  drop = function(car) car:drop_connection() end,
  ignition_on = function(car)
    needs(car, "drive")
    if car.state.driving.ignition ~= "on" then
      car:drive(0)
    end
  end,
  ignition_off = function(car)
    needs(car, "stop")
    car:stop()
  end,
}

function verbs.power(car, arguments)
  local power = powers[arguments.to]
  if not power then
    wrong(string.format("'%s' is nothing that can be done to a car's power%s (there are sleep, wake, cut, restore, "
      .. "drop, ignition_on and ignition_off)", tostring(arguments.to), tools.did_you_mean(arguments.to, powers)))
  end
  power(car)
  return { state = car.link }
end

-- ---- text messages ------------------------------------------------------------------------------

-- A lost one has its delivery report when its time has run out.
function verbs.sms(car, arguments)
  return { status = car:sms(arguments.text):await(1e6) }
end

-- ---- all of them --------------------------------------------------------------------------------

-- Without where in a script it was raised, and through what.
local function plain(text)
  text = tostring(text):gsub("\nstack traceback:.*", "")
  return (text:gsub("^%[?[%w_/.-]*%]?:%d+: ", ""))
end

-- How it ended; then a value as JSON and "", or a code and a description.
function prelude.remote(car, verb, arguments)
  if not car then
    return "gone", "", "the car's scenario has ended"
  end
  local ok, raised, json = xpcall(verbs[verb], tools.traceback, car, arguments)
  if ok then
    return "done", json or core.to_json(raised == nil and core.null or raised), ""
  elseif tools.is_refusal(raised) then
    return raised.failed and "failed" or "refused", raised.code, raised.description
  elseif not core.is_car(car) then
    return "gone", "", "the car's scenario has ended"
  elseif type(raised) == "table" then
    return "wrong", "", rawget(raised, "wrong") or rawget(raised, "assertion") or tostring(raised)
  end
  return "wrong", "", plain(raised)
end
