-- The physics of a car: what changes by itself while time passes.
--
-- Every car has a *body*, a table that outlives a loss of power as the car's metal does. In it are the exact
-- values of which signals show the rounded ones, and whatever parts know of the car and signals do not show.
--
-- * What moves fast is a *step*: physics.start(car, "climate", step, "load"). step(car, dt, body) is called every
--   second (and at most physics.longest seconds at once, however far time has leapt) until it returns false. One that
--   returns a number knows that nothing of it will be worth a look for so many seconds: if all running steps do, the
--   next call comes that much later, or one second after somebody has looked.
-- * What drifts slowly is the part's field `settle(car, seconds, body)`. It is written so that one call for an hour
--   does the same as sixty for a minute (decay, below). It is called when somebody looks who has not looked for 30
--   seconds, and every 5 minutes while the car is awake.
-- * What happens at a certain time is an *alarm*: physics.alarm(car, "climate", 1800, fn).
-- * What a part needs to know from the beginning it puts into the body itself: its field `embody(car, body, before)`.
--   `before` is the body that the car had before car:reload(), to take from it what no signal shows; else empty.
-- * A part with any of these has the field `refresh = physics.settle`, so that whoever looks sees the present.
--
-- None of these functions may wait. Steps run in the order of `order`, so that a load is drawn before the charger
-- and the battery see it; a step may start another one, which runs from then on.

local physics = { longest = 10 } -- seconds that a step may have to bridge

local order = { motion = 1, load = 2, charger = 3, battery = 4 }

local period = 1 -- simulated seconds between two calls of a step
local slow = 30 -- seconds between two calls of settle(), if somebody looks or something moves
local drift = 900 -- seconds that settle() may have to bridge: the weather changes meanwhile
local heartbeat = 300 -- how often an idle car that is awake looks at itself

-- ---- what cars share ----------------------------------------------------------------------------

-- Thousands of cars have the same constants, and most have never done most things: physics.kind(values) returns a
-- function that makes tables which hold what is their own alone. What they lack they have from `values`.
function physics.kind(values)
  local meta = { __index = values }
  return function(own)
    return setmetatable(own or {}, meta)
  end
end

local nobodys = physics.kind {
  now = 0, -- seconds that it has lived
  owed = 0, -- of these, seconds that settle() has not seen yet
  awake = true, -- when it looked at itself last
  busy = false, changed = false,
  behind = 0, -- seconds that are being caught up with
  patience = period, -- seconds until the steps are worth calling again
}

-- Each path has a place in the arrays of the model's cars. What no value equals is there at first.
local nothing = 0 / 0

local function new_places()
  local places = { blank = {} }
  places.of = setmetatable({}, { __index = function(of, path)
    local place = #places.blank + 1
    of[path], places.blank[place] = place, nothing
    return place
  end })
  return places
end

local function new_model(parts)
  local model = { settles = {}, shown = new_places(), exact = new_places() }
  for _, part in ipairs(parts) do
    model.settles[#model.settles + 1] = part.settle
  end
  return model
end

-- By car. A car that is gone takes its body with it.
local bodies = setmetatable({}, { __mode = "k" })

-- By the list of a model's parts: what its cars share.
local models = setmetatable({}, { __mode = "k" })

function physics.model(car)
  local parts = car:parts()
  local model = models[parts]
  if not model then
    model = new_model(parts)
    models[parts], parts.bodies = model, bodies -- for the physics that come after a reload
  end
  return model
end

-- ---- bodies --------------------------------------------------------------------------------------

-- Of the physics that were there before a reload.
local function body_before(car)
  local before = car:parts().before
  return before and before.bodies and before.bodies[car] or {}
end

-- The exact values of signals that still show them.
local function take_over(car, body, before)
  local old, new = before.model, body.model
  for path, place in pairs(old and old.exact.of or {}) do
    local shown = before.shown[old.shown.of[path]]
    if car:has(path) and car:get(path) == shown then
      body.shown[new.shown.of[path]], body.exact[new.exact.of[path]] = shown, before.exact[place]
    end
  end
end

local function embody(car)
  local model, before = physics.model(car), body_before(car)
  local body = nobodys {
    now = before.now,
    clock = car:clock(), -- up to which the car is settled
    link = car.link, -- what it was in the time that is being settled: what a sleeping car drains is little
    model = model,
    exact = { table.unpack(model.exact.blank) }, shown = { table.unpack(model.shown.blank) }, -- by place
    running = {}, steps = {}, -- in order; by name
    alarms = {}, -- the earliest first
  }
  bodies[car] = body
  take_over(car, body, before)
  for _, part in ipairs(car:parts()) do
    if part.embody then
      part.embody(car, body, before)
    end
  end
  return body
end

function physics.body(car)
  return bodies[car] or embody(car)
end

-- ---- time passes --------------------------------------------------------------------------------

local function settle_parts(car, body)
  local seconds = body.owed
  body.owed = 0
  local settles = body.model.settles
  for i = 1, #settles do
    settles[i](car, seconds, body)
  end
end

local function run_steps(car, body, dt)
  local running = body.running
  local i, patience = 1, physics.longest
  while i <= #running do
    local activity = running[i]
    body.position = i
    local left = activity.step(car, dt, body)
    if left == false and running[i] == activity then
      table.remove(running, i)
      body.steps[activity.name] = nil
      patience = period -- the others may have to do with it
    elseif running[i] == activity then
      i = i + 1
      patience = math.min(patience, type(left) == "number" and left or period)
    end
  end
  body.position, body.patience = nil, math.max(period, patience // 1)
end

local function ring(car, body)
  local alarms = body.alarms
  while alarms[1] and alarms[1].at <= body.now + 1e-6 do
    table.remove(alarms, 1).fn(car, body)
  end
end

-- `all`: what is owed to settle() as well.
local function advance(car, body, seconds, all)
  body.busy = true
  while seconds > 1e-9 do
    local dt = math.min(seconds, body.running[1] and physics.longest or drift)
    local alarm = body.alarms[1]
    if alarm then
      dt = math.min(dt, math.max(alarm.at - body.now, 1e-6))
    end
    seconds = seconds - dt
    body.now, body.behind = body.now + dt, seconds
    body.owed = body.owed + dt
    run_steps(car, body, dt)
    if body.owed >= slow or body.changed or not body.running[1] then
      body.changed = false
      settle_parts(car, body)
    end
    if alarm then
      ring(car, body)
    end
  end
  if all and body.owed > 0 then
    settle_parts(car, body)
  end
  body.busy, body.behind = false, 0
end

local function catch_up(car, body, all)
  if body.paused then
    return
  end
  local clock = car:clock()
  local seconds = clock - body.clock
  body.clock = clock
  advance(car, body, seconds, all)
  body.link = car.link
end

local function asleep(car)
  local link = car.link
  return link == "asleep" or link == "off"
end

-- When there is something to do again, by the car's clock.
local function due(car, body)
  local clock = car:clock()
  local alarm = body.alarms[1]
  local left = alarm and alarm.at - body.now - (clock - body.clock) or heartbeat
  if body.running[1] then
    return clock + math.min(body.patience, math.max(period, left))
  end
  return clock + math.max(2e-6, math.min(left, heartbeat)) -- the clock has microseconds: it must move on
end

local function has_work(car, body)
  local alarm = body.alarms[1]
  return body.running[1] or not asleep(car) or body.awake
    or alarm and alarm.at <= body.now + car:clock() - body.clock + 1e-6
end

local tick

-- Sees to it that the car is looked at in time. Goes with its power, and returns with it.
local function live(car, body)
  local memory = car:memory()
  local at = due(car, body)
  if not memory.physics or memory.physics > at then
    memory.physics = at
    car:after(math.max(0, at - car:clock()), tick)
  end
end

function tick(car)
  local body = physics.body(car)
  if has_work(car, body) then
    -- What drains differently in its sleep has to know when that began.
    local fell_asleep = body.awake and asleep(car)
    body.awake = not asleep(car)
    catch_up(car, body, fell_asleep)
  end
  car:memory().physics = nil
  live(car, body)
end

-- Seconds that may pass before anybody could see it: what moves changes each second, what drifts does not.
local function unseen(body)
  if body.running[1] then
    return period
  end
  local alarm = body.alarms[1]
  return alarm and math.min(slow, alarm.at - body.now) or slow
end

-- Brings the car up to now, if `least` seconds have passed since it was: as many as can be seen if not given.
function physics.settle(car, least)
  local body = physics.body(car)
  if body.busy then
    return
  end
  if car:clock() - body.clock >= (least or unseen(body)) then
    catch_up(car, body, true)
  elseif body.owed >= period then -- the steps are done, what drifts and what they show is not
    advance(car, body, 0, true)
  end
  body.patience = period -- whoever looks may have done something, or will look again
  live(car, body)
end

-- Lets seconds pass for this car alone, at once: for tests of the physics.
function physics.skip(car, seconds)
  physics.settle(car, 0)
  local body = physics.body(car)
  body.paused = true -- while others have their turn, it stays as it is
  breathe()
  body.paused = nil
  body.clock = car:clock()
  advance(car, body, seconds, true)
  live(car, body)
end

-- ---- what parts begin and end -------------------------------------------------------------------

-- The past is settled first, without the new step. Nothing happens if the step of that name runs already.
-- `rank`: "motion", "load" (if not given), "charger", "battery".
function physics.start(car, name, step, rank)
  local body = physics.body(car)
  if body.steps[name] then
    return
  end
  physics.settle(car, 0)
  local activity = { name = name, step = step, rank = order[rank or "load"] }
  local position = (body.position or 0) + 1
  while body.running[position] and body.running[position].rank <= activity.rank do
    position = position + 1
  end
  table.insert(body.running, position, activity)
  body.steps[name] = activity
  body.changed = true -- what drifts may have to do with it
  body.patience = period
  if not body.busy then
    live(car, body)
  end
end

function physics.running(car, name)
  return physics.body(car).steps[name] ~= nil
end

-- fn(car, body) is called in so many seconds. Replaces the alarm of that name; seconds = nil takes it away.
function physics.alarm(car, name, seconds, fn)
  local body = physics.body(car)
  local alarms = body.alarms
  for i = 1, #alarms do
    if alarms[i].name == name then
      table.remove(alarms, i)
      break
    end
  end
  if not seconds then
    return
  end
  physics.settle(car, 0)
  local alarm = { name = name, at = body.now + math.max(seconds, 1e-3), fn = fn }
  local position = 1
  while alarms[position] and alarms[position].at <= alarm.at do
    position = position + 1
  end
  table.insert(alarms, position, alarm)
  if not body.busy then
    live(car, body)
  end
end

-- ---- numbers ------------------------------------------------------------------------------------

-- To the nearest 1/per_unit: round(21.37, 10) is 21.4.
function physics.round(value, per_unit)
  return math.floor(value * per_unit + 0.5) / per_unit
end

-- One step from value towards target, by at most `change`.
function physics.towards(value, target, change)
  if value < target then
    return math.min(value + change, target)
  end
  return math.max(value - change, target)
end

-- What is left of a difference after so many seconds of fading with this time constant: exact for any seconds.
function physics.decay(value, target, seconds, time_constant)
  return target + (value - target) * math.exp(-seconds / time_constant)
end

-- y at x on the line through the points { {x, y}, … }, level beyond its ends.
function physics.interpolate(points, x)
  local before = points[1]
  for i = 1, #points do
    local point = points[i]
    if x <= point[1] then
      if point == before then
        return point[2]
      end
      return before[2] + (point[2] - before[2]) * (x - before[1]) / (point[1] - before[1])
    end
    before = point
  end
  return before[2]
end

-- A value that changes by less than its signal shows: exact in the body, rounded in the signal. A signal that was
-- set from outside wins.
function physics.exact(car, path)
  local body = bodies[car] or embody(car)
  local model, signal = body.model, car:get(path)
  local shown, place = body.shown, model.shown.of[path]
  if signal ~= shown[place] then
    shown[place], body.exact[model.exact.of[path]] = signal, signal
    return signal
  end
  return body.exact[model.exact.of[path]]
end

-- Does the signal show another value now?
function physics.set_exact(car, path, per_unit, value)
  local body = bodies[car] or embody(car)
  local model = body.model
  local place = model.shown.of[path]
  local shown = math.floor(value * per_unit + 0.5) / per_unit
  body.exact[model.exact.of[path]] = value
  if shown == body.shown[place] then
    return false
  end
  body.shown[place] = shown
  car:set(path, shown)
  return true
end

-- Sets a signal that only the physics set, if it changes: cheaper than asking.
function physics.show(car, path, value)
  local body = bodies[car] or embody(car)
  local shown, place = body.shown, body.model.shown.of[path]
  if shown[place] ~= value then
    shown[place] = value
    car:set(path, value)
  end
end

-- Has somebody else set the signal since the physics showed it?
function physics.overruled(car, path)
  local body = bodies[car] or embody(car)
  return car:get(path) ~= body.shown[body.model.shown.of[path]]
end

-- What is there already is what it shows.
function physics.take(car, path)
  local body = bodies[car] or embody(car)
  body.shown[body.model.shown.of[path]] = car:get(path)
end

-- ---- time of day --------------------------------------------------------------------------------

local day = 86400

-- Seconds since midnight where the car is. Its day begins at 08:00 unless parts/weather.lua says otherwise.
function physics.time_of_day(car)
  local body = physics.body(car)
  return ((body.born or 8 * 3600) + body.now + car:clock() - body.clock) % day
end

-- "07:30" is 27000; nil if it is no time of day.
function physics.parse_time(text)
  local hours, minutes = text:match("^(%d%d?):(%d%d)$")
  if not hours or tonumber(hours) > 24 or tonumber(minutes) > 59 then
    return nil
  end
  return tonumber(hours) * 3600 + tonumber(minutes) * 60
end

-- How long until the clock shows that time again: more than 0, at most a day.
function physics.seconds_until(car, time)
  local left = (time - physics.time_of_day(car)) % day
  return left > 0 and left or day
end

return physics
