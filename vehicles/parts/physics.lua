-- What the physics of several parts have in common.

local physics = {}

-- Runs fn(car) beside whatever else the car does, until it returns or the car's power is lost. Does
-- nothing if the activity of that name runs already, so that parts may call it whenever something
-- begins to move, and need no timer while nothing does.
function physics.run(car, name, fn)
  local memory = car:memory()
  if memory[name] then
    return
  end
  memory[name] = true
  car:spawn(function()
    fn(car)
    memory[name] = nil
  end)
end

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

-- A value that changes by less than its signal shows: exact in the car's memory, rounded in the
-- signal. A signal that was set from outside wins.
function physics.exact(car, path, per_unit)
  local memory = car:memory()
  local shown = car:get(path)
  local exact = memory[path]
  if not exact or physics.round(exact, per_unit) ~= shown then
    return shown
  end
  return exact
end

function physics.set_exact(car, path, per_unit, value)
  car:memory()[path] = value
  car:set(path, physics.round(value, per_unit))
end

return physics
