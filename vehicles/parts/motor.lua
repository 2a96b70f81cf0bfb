-- Motors that move something between positions in percent, side by side. They stop where they are jammed, and turn
-- back where something is in the way of closing.

local physics = require "parts.physics"

local motor = {}

-- Something as thick as so many percent of the opening is in its way; 0: nothing.
function motor.obstruct(car, path, percent)
  local body = physics.body(car)
  body.obstacles = body.obstacles or {}
  body.obstacles[path] = percent > 0 and percent or nil
end

-- Where it must turn back, if it would close onto something on its way from `position` to `next`.
local function obstacle(car, path, position, next)
  local obstacles = physics.body(car).obstacles
  local at = obstacles and obstacles[path]
  return at and math.abs(position) >= at and math.abs(next) < at and at or nil
end

-- One step of one motor, unless somebody else has moved its thing; returns code and description of what went wrong.
local function turn(car, one, change, how)
  if car:jammed(one.path) then
    one.target = one.position
    local name = how.name:upper():gsub(" ", "_")
    return name .. "_JAMMED", "the " .. how.name .. "'s motor turns, but it does not move"
  elseif car:get(one.path) ~= one.shown or how.stopped and how.stopped(car) then
    one.target = one.position
    return "INTERRUPTED", "somebody has moved the " .. how.name .. " meanwhile"
  end
  local next = physics.towards(one.position, one.target, change)
  local at = obstacle(car, one.path, one.position, next)
  local side = one.position < 0 and -1 or 1
  one.position = at and side * at or next
  car:set(one.path, one.position)
  one.shown = car:get(one.path)
  if how.moved then
    how.moved(car, one.path, one.position)
  end
  if at then
    one.target = side * math.min(100, at + (how.reverse or 30))
    return how.blocked or "PINCHED", "something was in the way of the " .. how.name .. "; it has opened again"
  end
end

-- Moves those of `paths` that `wishes` has another value for. how: `name` of such a thing, `speed` in percent a
-- second, `step` in seconds between two positions that are shown; and if need be `moved(car, path, position)`,
-- `stopped(car)`: has somebody taken it in hand?, `blocked`, the code for an obstacle, and `reverse`, by how many
-- percent it opens then.
function motor.move(car, paths, wishes, how)
  local moving, code, description = {}, nil, nil
  for _, path in ipairs(paths) do
    local position = car:get(path)
    if wishes[path] and wishes[path] ~= position then
      moving[#moving + 1] = { path = path, position = position, shown = position, target = wishes[path] }
    end
  end
  while moving[1] do
    local farthest = 0
    for _, one in ipairs(moving) do
      farthest = math.max(farthest, math.abs(one.target - one.position))
    end
    local seconds = math.min(how.step, farthest / how.speed)
    car:work(seconds)
    local left = {}
    for _, one in ipairs(moving) do
      local wrong, words = turn(car, one, how.speed * seconds + 1e-9, how)
      code, description = code or wrong, description or words
      left[#left + 1] = one.position ~= one.target and one or nil
    end
    moving = left
  end
  if code then
    car:fail(code, description)
  end
end

return motor
