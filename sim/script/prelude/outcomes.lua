-- Outcomes on demand: what commands and actions come to, pinned for a car in a scenario, by its tags or its VIN.

local core, api, prelude, tools = ...
local car_methods = core.car_methods

-- By car: the list of its pins, each { target, kind, value, text, times }.
local pinned = setmetatable({}, { __mode = "k" })
-- What the command line pins, each { who, tag, suffix, target, outcome, text }; and whether VIN endings do.
local run_pins, run_endings = {}, false

-- ---- names --------------------------------------------------------------------------------------

-- "; did you mean 'locks'?", or nothing if no name is near.
local function suggestion(name, names)
  local best = core.nearest(name, names)
  return best and "; did you mean '" .. best .. "'?" or ""
end

-- What can be pinned for cars of a model: parts, signals, actions, "all". As a set, and as a sorted list.
local function targets_of(model)
  if not model.targets then
    local set = { all = true }
    for path, part in pairs(model.owner) do
      set[path], set[part.name] = true, true
    end
    for action in pairs(model.actions) do
      set[action] = true
    end
    local list = {}
    for name in pairs(set) do
      list[#list + 1] = name
    end
    table.sort(list)
    model.targets = { set = set, list = list }
  end
  return model.targets
end

local function target_trouble(car, target)
  local model = core.model_of(car)
  local targets = targets_of(model)
  if not targets.set[target] then
    return string.format("model %s has no part, signal or action '%s'%s", model.name, target,
      suggestion(target, targets.list))
  end
end

-- ---- reading outcomes ---------------------------------------------------------------------------

local function read_code(text, default)
  text = text or default
  if text and text:match("^[A-Z0-9_-]+$") and #text <= 64 then
    return text
  end
  return nil, "expected a reason code such as LOW_BATTERY"
end

local units = { s = 1, m = 60, h = 3600 }

local function read_seconds(text)
  local number, unit = (text or ""):match("^(%d+%.?%d*)([smh]?)$")
  if not number then
    return nil, "expected a time such as 10s"
  end
  return tonumber(number) * (units[unit] or 1)
end

local function read_probability(text)
  local p = tonumber(text or "")
  if p and p >= 0 and p <= 1 then
    return p
  end
  return nil, "expected a probability such as 0.3"
end

-- "63" or "63:CODE"
local function read_percent(text)
  local percent, code = (text or ""):match("^(%d+)%%?:?(.*)$")
  percent = tonumber(percent)
  if not percent or percent < 1 or percent > 100 then
    return nil, "expected a percentage such as 63"
  end
  local read, why = read_code(code ~= "" and code or nil, "FLASH_FAULT")
  return read and { percent = percent, code = read }, why
end

local function read_nothing(text)
  if text then
    return nil, "takes nothing more"
  end
  return true
end

-- What comes after the colon; `actions`: can what people do at the car come to it, too?
local kinds = {
  refuse = { read = read_code, actions = true },
  fail = { read = function(text) return read_code(text, "MOTOR_FAULT") end, actions = true },
  delay = { read = read_seconds, actions = true },
  flaky = { read = read_probability, actions = true },
  jam = { read = read_nothing },
  timeout = { read = read_nothing },
  duplicate_answer = { read = read_nothing },
  late_report = { read = function(text) return read_seconds(text or "10s") end },
  fail_at = { read = read_percent, jobs = true },
}
local kind_names = { "delay", "duplicate_answer", "fail", "fail_at", "flaky", "jam", "late_report", "refuse", "timeout" }

-- A pin without its target; or nil, and why not.
local function read_outcome(text, times)
  if type(text) ~= "string" then
    return nil, "an outcome such as \"refuse:DOOR_OPEN\" expected, got " .. tools.show(text)
  end
  local outcome, repeated = text:match("^(.*),times=(%d+)$")
  outcome, times = outcome or text, tonumber(repeated) or times
  local name, argument = outcome:match("^([^:]*):(.*)$")
  name = name or outcome
  local kind = kinds[name]
  if not kind then
    return nil, string.format("no outcome '%s'%s (there are: %s)", name, suggestion(name, kind_names),
      table.concat(kind_names, ", "))
  end
  local value, why = kind.read(argument)
  if not value then
    return nil, outcome .. ": " .. why
  elseif times and (math.type(times) ~= "integer" or times < 1) then
    return nil, "times is a whole number above 0"
  end
  return { kind = name, value = value, text = outcome, times = times }
end

-- ---- pins of a car ------------------------------------------------------------------------------

local function add(car, target, pin)
  pin.target = target
  local list = pinned[car] or {}
  pinned[car] = list
  for i, old in ipairs(list) do
    if old.target == target and old.kind == pin.kind then
      table.remove(list, i)
      break
    end
  end
  list[#list + 1] = pin
  car:log(string.format("pinned: %s=%s%s", target, pin.text, pin.times and ", times=" .. pin.times or ""))
end

local function drop(car, keep)
  local left = {}
  for _, pin in ipairs(pinned[car] or {}) do
    if keep(pin) then
      left[#left + 1] = pin
    end
  end
  pinned[car] = left[1] and left or nil
end

local function is_action(car, target)
  return core.model_of(car).actions[target] ~= nil
end

-- Does a part of that name work on jobs, and so tell how far it is?
local function tells_progress(car, target)
  for _, part in ipairs(core.model_of(car).parts) do
    if part.jobs and (target == "all" or target == part.name) then
      return true
    end
  end
  return false
end

-- From now on, whatever `target` (a part, a signal, an action, "all") is asked to do comes to this.
function car_methods.pin(car, target, outcome, options)
  tools.check_options("car:pin", options or {}, { times = true })
  local trouble = target_trouble(car, target)
  local pin, why = read_outcome(outcome, options and options.times)
  if not trouble and pin and is_action(car, target) and not kinds[pin.kind].actions then
    trouble = pin.kind .. " is for commands; an action can be refused, delayed, flaky or fail"
  elseif not trouble and pin and kinds[pin.kind].jobs and not tells_progress(car, target) then
    trouble = pin.kind .. " is for parts that work on jobs, such as update"
  end
  if trouble or not pin then
    error("car:pin: " .. (trouble or why), 2)
  end
  add(car, target, pin)
  return car
end

-- All pins of a target, or of the car.
function car_methods.unpin(car, target)
  local trouble = target and target_trouble(car, target)
  if trouble then
    error("car:unpin: " .. trouble, 2)
  end
  drop(car, function(pin) return target and pin.target ~= target end)
  car:log("unpinned: " .. (target or "all"))
  return car
end

-- A list of { target =, outcome =, times = }, oldest first.
function car_methods.pins(car)
  local list = {}
  for i, pin in ipairs(pinned[car] or {}) do
    list[i] = { target = pin.target, outcome = pin.text, times = pin.times }
  end
  return list
end

-- Its motor turns, but nothing moves any more; false: it is mended.
function car_methods.jam(car, target, jammed)
  local trouble = target_trouble(car, target)
  if trouble then
    error("car:jam: " .. trouble, 2)
  elseif jammed == false then
    drop(car, function(pin) return pin.target ~= target or pin.kind ~= "jam" end)
    car:log("mended: " .. target)
  else
    add(car, target, read_outcome("jam"))
  end
  return car
end

function car_methods.jammed(car, path)
  local list = pinned[car]
  if not list then
    return false
  end
  local part = core.model_of(car).owner[path]
  for _, pin in ipairs(list) do
    if pin.kind == "jam" and (pin.target == path or pin.target == "all" or part and pin.target == part.name) then
      return true
    end
  end
  return false
end

-- ---- pins come true -----------------------------------------------------------------------------

local words = {
  CABLE_STUCK = "the cable is stuck", FLASH_FAULT = "the memory cannot be written", DOOR_LOCKED = "the door is locked",
  DOOR_OPEN = "a door is open", ENGINE_OFF = "the engine is off", IMMOBILISED = "the car is immobilised",
  INTERMITTENT_FAULT = "a contact is loose", INVALID_VALUE = "the value is not possible",
  LIMIT_REACHED = "the limit is reached", LOW_BATTERY = "the battery is low", LOW_FUEL = "the tank is nearly empty",
  MOTOR_FAULT = "the motor does not turn", NOT_PLUGGED = "no cable is plugged in",
  PLUGGED_IN = "the cable is plugged in", VALET_MODE = "the car is in valet mode",
  VEHICLE_MOVING = "the car is moving",
}

local outcomes = {}
tools.outcomes = outcomes

local function use(car, pin)
  car:log(string.format("pinned: %s=%s comes true", pin.target, pin.text))
  if pin.times then
    pin.times = pin.times - 1
    if pin.times == 0 then
      drop(car, function(other) return other ~= pin end)
    end
  end
end

-- The pin of a kind for what is wished of a part, if any.
local function find(list, kind, part, wishes)
  for _, pin in ipairs(list) do
    if pin.kind == kind and (pin.target == "all" or pin.target == part.name or wishes[pin.target] ~= nil) then
      return pin
    end
  end
end

local function describe(code)
  return words[code] or code:lower():gsub("[_-]", " ")
end

-- May raise a refusal or a fault. A chance that is not hit does not count as used.
local act_out = {
  delay = function(_, pin) core.wait(pin.value) end,
  refuse = function(car, pin) car:refuse(pin.value, describe(pin.value)) end,
  fail = function(car, pin)
    car:work(0.5)
    car:fail(pin.value, describe(pin.value))
  end,
  flaky = function(car)
    car:work(0.5)
    car:fail("INTERMITTENT_FAULT", describe("INTERMITTENT_FAULT"))
  end,
}
local in_order = { "delay", "refuse", "fail", "flaky" }

local function come_true(car, pin)
  if pin.kind == "flaky" and car:random() >= pin.value then
    return
  end
  use(car, pin)
  act_out[pin.kind](car, pin)
end

-- What is pinned for a part that works on something by itself, not by command: before it begins, and each time that it
-- is so many percent further.
function car_methods.come_true(car, target, percent)
  local part = { name = target }
  if percent then
    local pin = pinned[car] and find(pinned[car], "fail_at", part, {})
    if pin and percent >= pin.value.percent then
      use(car, pin)
      car:fail(pin.value.code, describe(pin.value.code))
    end
    return
  end
  local silent = pinned[car] and find(pinned[car], "timeout", part, {})
  if silent then
    use(car, silent)
    outcomes.silence()
  end
  for _, kind in ipairs(in_order) do
    local pin = pinned[car] and find(pinned[car], kind, part, {})
    if pin then
      come_true(car, pin)
    end
  end
end

-- Before a part acts on its wishes.
function outcomes.before(car, part, wishes)
  for _, kind in ipairs(in_order) do
    local pin = pinned[car] and find(pinned[car], kind, part, wishes)
    if pin then
      come_true(car, pin)
    end
  end
  local jam = pinned[car] and not part.jams and find(pinned[car], "jam", part, wishes)
  if jam then
    use(car, jam)
    car:work(1)
    car:fail(part.name:upper():gsub("[^A-Z0-9_-]", "_") .. "_JAMMED", "the motor turns, but nothing moves")
  end
end

-- Before an action of people at the car.
function outcomes.before_action(car, action)
  for _, kind in ipairs(pinned[car] and in_order or {}) do
    for _, pin in ipairs(pinned[car] or {}) do
      if pin.kind == kind and pin.target == action then
        come_true(car, pin)
        break
      end
    end
  end
end

local function find_any(car, kind, parts, wishes)
  for _, part in ipairs(pinned[car] and parts or {}) do
    local pin = find(pinned[car], kind, part, wishes[part])
    if pin then
      return pin
    end
  end
end

-- Until the power goes.
function outcomes.silence()
  local nothing = core.queue()
  while true do
    nothing:wait(86400)
  end
end

-- Does not return if the car is to be silent: the order stays open.
function outcomes.before_order(car, parts, wishes)
  local pin = find_any(car, "timeout", parts, wishes)
  if pin then
    use(car, pin)
    outcomes.silence()
  end
end

local holds = setmetatable({}, { __mode = "k" })

local function hold(car, more)
  holds[car] = (holds[car] or 0) + more
  core.hold_reports(car, holds[car] > 0)
end

-- Power was lost, and with it whoever would have let go.
function outcomes.power_came(car)
  if holds[car] then
    holds[car] = nil
    core.hold_reports(car, false)
  end
end

-- Calls act(car, …) and returns whether to answer twice, and what act() returned: late, if that is pinned.
function outcomes.around(act, car, parts, wishes, order)
  local late = find_any(car, "late_report", parts, wishes)
  local twice = find_any(car, "duplicate_answer", parts, wishes)
  if not late and not twice then
    return false, act(car, parts, wishes, order)
  end
  if late then
    use(car, late)
    hold(car, 1)
  end
  if twice then
    use(car, twice)
  end
  local results = table.pack(pcall(act, car, parts, wishes, order))
  if late then
    core.wait(late.value)
    hold(car, -1)
  end
  if not results[1] then
    error(results[2], 0)
  end
  return twice ~= nil, table.unpack(results, 2, results.n)
end

-- A part has failed because of a jam: jams that hold for so many times only are used up by it.
function outcomes.after_fault(car, part, code)
  if not part.jams or not code:find("_JAMMED$") then
    return
  end
  local owner = core.model_of(car).owner
  for _, pin in ipairs(pinned[car] or {}) do
    if pin.kind == "jam" and (pin.target == "all" or pin.target == part.name or owner[pin.target] == part) then
      use(car, pin)
      return
    end
  end
end

-- ---- pins of the run ----------------------------------------------------------------------------

-- What the last two digits of a VIN, which are those of the car's index, mean with --outcomes.
local endings = {
  [90] = { "locks", "refuse:DOOR_OPEN" },
  [91] = { "all", "refuse:LOW_BATTERY" },
  [92] = { "all", "delay:10s" },
  [93] = { "all", "timeout" },
  [94] = { "all", "jam" },
  [95] = { "all", "fail:MOTOR_FAULT" },
  [96] = { "all", "flaky:0.3" },
  [97] = { "all", "duplicate_answer" },
  [98] = { "all", "late_report:10s" },
  [99] = { "all", "refuse:VEHICLE_MOVING" },
}

-- "WHO:TARGET=OUTCOME", WHO being the end of a VIN, tag:NAME or all.
local function read_run_pin(text)
  local who, target, outcome = text:match("^([^=]+):([^:=]+)=(.+)$")
  local read, why
  if who then
    read, why = read_outcome(outcome)
  else
    why = "expected WHO:TARGET=OUTCOME, such as 13:locks=refuse:DOOR_OPEN"
  end
  local tag = who and who:match("^tag:(.+)$")
  local suffix = who and who:gsub("^…", ""):gsub("^%.%.%.", ""):upper()
  if read and not tag and who ~= "all" and not suffix:match("^%w+$") then
    read, why = nil, "'" .. who .. "' is neither the end of a VIN nor tag:NAME nor all"
  end
  if not read then
    error("--pin " .. text .. ": " .. why, 0)
  end
  return { tag = tag, suffix = suffix, all = who == "all", target = target, outcome = outcome, text = text,
    warned = {} }
end

function prelude.configure_outcomes(pins, by_ending)
  for _, text in ipairs(pins) do
    run_pins[#run_pins + 1] = read_run_pin(text)
  end
  run_endings = by_ending
end

local function concerns(pin, car, tags)
  if pin.all then
    return true
  elseif pin.tag then
    return tags[pin.tag]
  end
  return car.vin:sub(-#pin.suffix) == pin.suffix
end

-- Cars of all kinds may have a tag: what some of them lack is said once. Who names a car knows it.
local function pin_for_run(car, pin)
  local trouble = target_trouble(car, pin.target)
  if not trouble then
    add(car, pin.target, read_outcome(pin.outcome))
  elseif pin.suffix and not pin.all and not pin.tag then
    error("--pin " .. pin.text .. ": " .. trouble, 0)
  elseif not pin.warned[car.model] then
    pin.warned[car.model] = true
    core.say("--pin " .. pin.text .. ": " .. trouble)
  end
end

-- A car was made: what the command line, its tags and its VIN pin for it.
function outcomes.adopt(car, tags)
  local ending = run_endings and endings[car.index % 100]
  if ending and not target_trouble(car, ending[1]) then
    add(car, ending[1], read_outcome(ending[2]))
  end
  if not run_pins[1] then
    return
  end
  local set = {}
  for _, tag in ipairs(tags or {}) do
    set[tag] = true
  end
  for _, pin in ipairs(run_pins) do
    if concerns(pin, car, set) then
      pin_for_run(car, pin)
    end
  end
end
