-- Waiting for anything that happens to a car or that an app sees: streams of events, and what fits of them.

local core, api, prelude, tools = ...
local show = tools.show

-- ---- what is waited for -----------------------------------------------------------------------

local car_kinds = {
  ["in"] = true, out = true, state = true, signal = true, command = true, note = true, sms = true,
}
local app_kinds = {
  accepted = true, rejected = true, delta = true, documents = true, response = true, presence = true, message = true,
}

local function names_of(kinds)
  local names = {}
  for name in pairs(kinds) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function add_kind(call, list, kind, known)
  if kind == "packet" and known["in"] then
    list[#list + 1], list[#list + 2] = "in", "out"
  elseif known[kind] then
    list[#list + 1] = kind
  else
    error(string.format("%s: no event '%s'%s (there are %s)", call, tostring(kind), tools.did_you_mean(kind, known),
      table.concat(names_of(known), ", ")), 0)
  end
end

-- (kind, which, timeout), where kind may be a name, a list of names or left out, and which left out.
local function parse(call, known, kind, which, timeout)
  local kinds = {}
  if type(kind) == "function" or (type(kind) == "table" and kind[1] == nil) then
    kind, which, timeout = nil, kind, which
  end
  if type(which) == "number" then
    which, timeout = nil, which
  end
  if kind == nil then
    kinds = names_of(known)
  else
    for _, name in ipairs(type(kind) == "table" and kind or { kind }) do
      add_kind(call, kinds, name, known)
    end
  end
  if which ~= nil and type(which) ~= "function" and type(which) ~= "table" then
    error(call .. ": which event is a table of what it has, or a function of it, not " .. show(which), 0)
  elseif timeout ~= nil and type(timeout) ~= "number" then
    error(call .. ": the time-out is a number of seconds, not " .. show(timeout), 0)
  end
  if kind ~= nil and not core.packets_seen() then
    for _, name in ipairs(kinds) do
      if name == "in" or name == "out" then
        error({ skip = "cars on Paho show no packets" }, 0)
      end
    end
  end
  local what = type(kind) == "string" and kind or kind and table.concat(kinds, " or ") or "event"
  return kinds, which, timeout, what .. (type(which) == "table" and " " .. show(which) or "")
end

local fits

-- A table has to have what it names, and may have more; a function decides; topics match as filters.
local function field_fits(seen, name, expected)
  if type(expected) == "function" then
    return expected(seen)
  elseif type(expected) == "table" and type(seen) == "table" then
    return fits(seen, expected)
  elseif name == "topic" and type(seen) == "string" and type(expected) == "string" then
    return core.topic_matches(expected, seen)
  end
  return tools.equal(seen, expected)
end

function fits(event, which)
  if type(which) == "function" then
    return which(event)
  end
  for name, expected in pairs(which or {}) do
    if not field_fits(event[name], name, expected) then
      return false
    end
  end
  return true
end

-- ---- streams ----------------------------------------------------------------------------------

local stream = tools.seal({}, "a stream of events")
local inside = setmetatable({}, { __mode = "k" }) -- what a stream is made of

local function new_stream(kinds, which, what, sources, car)
  local listener = core.listener(kinds)
  for _, source in ipairs(sources) do
    listener:add(source)
  end
  local made = setmetatable({}, stream)
  inside[made] = { listener = listener, which = which, what = what, car = car, others = 0 }
  return made
end

-- The next that has come and fits, or nil.
function stream:next()
  local s = inside[self]
  local event = s.listener:take()
  while event do
    if fits(event, s.which) then
      return event
    end
    s.others, s.other = s.others + 1, event
    event = s.listener:take()
  end
  return nil
end

-- All that have come and fit.
function stream:list()
  local list = {}
  for event in function() return self:next() end do
    list[#list + 1] = event
  end
  return list
end

local function brief(event)
  local parts = {}
  for name, value in pairs(event) do
    if name ~= "json" and name ~= "car" and name ~= "at" and name ~= "user" then
      parts[name] = value
    end
  end
  local text = show(parts)
  return #text > 300 and text:sub(1, 300) .. "…" or text
end

local function nothing_came(s, timeout)
  local seen = s.others == 0 and "saw none"
    or string.format("saw %d other%s, the last %s", s.others, s.others == 1 and "" or "s", brief(s.other))
  local link = s.car and string.format(" (the car is %s)", s.car.link) or ""
  core.count_assertion()
  tools.fail(string.format("%sexpected %s within %g s, %s%s", s.car and tostring(s.car) .. ": " or "", s.what, timeout,
    seen, link), s.car)
end

-- The next that fits, which may have come before; fails when none comes in time.
function stream:wait(timeout)
  local s = inside[self]
  timeout = timeout or 10
  local deadline = core.now() + timeout
  while true do
    local event = self:next()
    if event then
      return event
    end
    local left = deadline - core.now()
    if left <= 0 then
      nothing_came(s, timeout)
    end
    s.listener:wait(left)
  end
end

-- Nothing comes any more.
function stream:close()
  inside[self].listener:close()
end

-- ---- cars, fleets and apps --------------------------------------------------------------------

local function checked(known, call, ...)
  local results = table.pack(pcall(parse, call, known, ...))
  if not results[1] then
    error(results[2], 3)
  end
  return table.unpack(results, 2, results.n)
end

local function wait_once(made, timeout)
  local event = made:wait(timeout)
  made:close()
  return event
end

local car_methods = core.car_methods

-- What happens to the car from now on. `which`: what an event must have, or a function of it.
function car_methods.events(car, kind, which)
  local kinds, fitting, _, what = checked(car_kinds, "car:events", kind, which)
  return new_stream(kinds, fitting, what, { car }, car)
end

-- The next event that fits, from now on.
function car_methods.wait_event(car, kind, which, timeout)
  local kinds, fitting, patience, what = checked(car_kinds, "car:wait_event", kind, which, timeout)
  return wait_once(new_stream(kinds, fitting, what, { car }, car), patience)
end

local fleet = tools.fleet

-- Of any of its cars: event.car says whose.
function fleet:events(kind, which)
  local kinds, fitting, _, what = checked(car_kinds, "fleet:events", kind, which)
  return new_stream(kinds, fitting, what, self)
end

function fleet:wait_event(kind, which, timeout)
  local kinds, fitting, patience, what = checked(car_kinds, "fleet:wait_event", kind, which, timeout)
  return wait_once(new_stream(kinds, fitting, what, self), patience)
end

local app = tools.app

local all_app_kinds = #names_of(app_kinds)

-- Deltas and documents come to those who ask for them.
local function ask_for(self, kinds, which)
  for _, kind in ipairs(kinds) do
    if kind == "delta" or kind == "documents" then
      if type(which) ~= "table" or not which.car then
        error("app: whose " .. kind .. "? (say { car = car })", 4)
      end
      local name = which.name and "name/" .. which.name .. "/" or ""
      self:subscribe("$aws/things/" .. which.car.name .. "/shadow/" .. name .. "update/" .. kind)
    end
  end
end

local function app_stream(self, kinds, which, what)
  if #kinds < all_app_kinds then
    ask_for(self, kinds, which)
  end
  local made = new_stream(kinds, which, "companion: " .. what, { self.a })
  if type(which) == "table" and which.car then
    tools.watch(self, which.car)
  end
  return made
end

-- What the app sees from now on, of the cars that it watches; of the car that `which` names it watches it.
function app:events(kind, which)
  local kinds, fitting, _, what = checked(app_kinds, "app:events", kind, which)
  return app_stream(self, kinds, fitting, what)
end

function app:wait_event(kind, which, timeout)
  local kinds, fitting, patience, what = checked(app_kinds, "app:wait_event", kind, which, timeout)
  return wait_once(app_stream(self, kinds, fitting, what), patience)
end
