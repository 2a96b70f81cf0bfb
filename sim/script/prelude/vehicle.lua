-- The car that scripts hold: what it is, what it waits for, its tasks, its model read again.

local core, _, prelude, tools = ...

local car_methods = core.car_methods

-- For suggestions; what each is, is said in C.
local car_properties = {
  connection = true, iccid = true, imei = true, index = true, last_close = true, link = true, model = true,
  msisdn = true, name = true, shadow_version = true, shadow_versions = true, state = true, vin = true,
}
tools.car_properties = car_properties

local versions = {
  __index = function(self, name)
    error("no signal of the car lives in a shadow '" .. tostring(name) .. "'" .. tools.did_you_mean(tostring(name), self), 2)
  end,
}

core.car_meta.__index = core.car_index(car_methods, function(car, name)
  local model = core.model_of(car)
  local action = model.actions[name]
  if action then
    return action
  elseif name == "state" then
    tools.refresh(car, model)
  elseif name == "shadow_versions" then
    return setmetatable(core.shadow_versions(car), versions)
  end
  local value = core.property(car, name)
  if value == nil then
    error("a car has no '" .. tostring(name) .. "'"
      .. tools.did_you_mean(name, car_methods, model.actions, car_properties), 3)
  end
  return value
end)

core.car_meta.__newindex = function(_, name)
  error("a car's '" .. tostring(name) .. "' cannot be set (signals are in car.state)", 2)
end

-- Moves a number to its target at `per_second`, in steps a person could see.
function car_methods.glide(car, path, target, per_second, step)
  step = step or 0.25
  local value = car:get(path)
  while value ~= target do
    car:work(math.min(step, math.abs(target - value) / per_second))
    local change = math.min(per_second * step, math.abs(target - value))
    value = value + (target > value and change or -change)
    if math.abs(target - value) < 1e-6 then
      value = target
    end
    car:set(path, value)
  end
end

-- Waits until predicate() is true, looking again whenever something about the car changes.
function tools.car_wait(car, timeout, what, predicate)
  local deadline = core.now() + timeout
  while not predicate() do
    local left = deadline - core.now()
    if left <= 0 then
      core.count_assertion()
      tools.fail(string.format("%s: expected %s within %g s, but it is %s", tostring(car), what, timeout, car.link),
        car)
    end
    car:wait_change(left)
  end
end

local states = {
  off = true, asleep = true, connecting = true, syncing = true, online = true, ["backing off"] = true,
  provisioning = true,
}

function car_methods.wait_for(car, state, timeout)
  if not states[state] then
    error("car:wait_for: '" .. tostring(state) .. "' is not a state of a car", 2)
  end
  tools.car_wait(car, timeout or 10, state, function() return car.link == state end)
  return car
end

function car_methods.wait_online(car, timeout)
  return car:wait_for("online", timeout)
end

-- Everything that changed was reported and accepted, and no order is open.
function car_methods.wait_in_step(car, timeout)
  tools.car_wait(car, timeout or 10, "all reported and accepted", function() return car:in_step() end)
  return car
end

function car_methods.wait_until(car, predicate, timeout)
  tools.car_wait(car, timeout or 10, "the condition to hold", predicate)
  return car
end

local a_century = 100 * 365 * 86400

local function check_clock(seconds, what)
  if type(seconds) ~= "number" or not (math.abs(seconds) <= a_century) then
    error(what .. " is a number of seconds, at most a hundred years, not " .. tools.show(seconds), 3)
  end
  return seconds
end

-- The clock by which it verifies certificates is so many seconds fast from the next connect on, or slow (below 0).
function car_methods.set_clock(car, seconds)
  if not core.car_set_clock(car, check_clock(seconds, "car:set_clock: its clock")) then
    error({ skip = "cars on Paho verify certificates by this machine's clock" }, 0)
  end
  return car
end

function car_methods.clock_offset(car)
  return core.car_clock_offset(car)
end

-- options.clock of t:vehicle and t:fleet.
function tools.set_clock_of(car, options)
  local clock = options.clock
  if clock == nil then
    return
  elseif type(clock) ~= "table" then
    error("clock: a table such as { offset = -86400 }, not " .. tools.show(clock), 3)
  end
  tools.check_options("clock", clock, { offset = true })
  car:set_clock(check_clock(clock.offset or 0, "clock.offset"))
end

-- Finishes its reports, says DISCONNECT, closes the socket.
function car_methods.sleep(car)
  local deadline = core.now() + 2
  car:report()
  while car.link == "online" and not car:in_step() and core.now() < deadline do
    car:wait_change(math.max(0, deadline - core.now()))
  end
  car:disconnect()
end

-- Runs fn(…) beside whatever else the car does, until it returns or the car's power is lost.
function car_methods.spawn(car, fn, ...)
  core.spawn_for(car, fn, ...)
end

-- A table for what parts must remember besides signals; empty again after a loss of power.
function car_methods.memory(car)
  return core.store(car)
end

-- Seconds of simulated time since the run began.
function car_methods.clock(_)
  return core.simulated_now()
end

-- The parts of its model, in the model's order, as their builders made them.
function car_methods.parts(car)
  return core.model_of(car).parts
end

-- Reads the models and parts of the scenario's cars again, and changes them over; they share parts, so all do at
-- once. An error in a file leaves everything as it was.
function car_methods.reload(car)
  local cars, files, seen = core.own_cars(), {}, {}
  for _, own in ipairs(cars) do
    local file = core.model_of(own).file
    if not seen[file] then
      seen[file] = true
      files[#files + 1] = file
    end
  end
  local models = core.reload(files)
  for _, own in ipairs(cars) do
    local old = core.model_of(own)
    local model = models[old.file]
    prelude.power_lost(own)
    model.parts.before, old.parts.before = old.parts, nil
    core.adopt_model(own, model)
    if own.link ~= "off" then
      core.spawn(prelude.power_came, own)
    end
  end
  return car
end
