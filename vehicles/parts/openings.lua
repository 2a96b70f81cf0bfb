-- What doors, hatch and bonnet have in common: every change of one of them goes through here.

local notice = require "parts.notice"

local openings = {}

openings.names = { "front_left", "front_right", "rear_left", "rear_right", "trunk", "hood" }

-- The first that is not closed, and how it is; nil if all are.
function openings.first_open(car)
  for _, name in ipairs(openings.names) do
    local path = "doors." .. name
    if car:has(path) and car:get(path) ~= "closed" then
      return name, car:get(path)
    end
  end
end

-- "closed", "ajar" or "open".
function openings.set(car, name, state)
  local path = "doors." .. name
  local before = car:get(path)
  if before == state then
    return
  end
  car:set(path, state)
  if car:has("doors.all_closed") then
    car:set("doors.all_closed", openings.first_open(car) == nil)
  end
  notice.tell(car, "door_moved", name, state)
  if before == "closed" then
    notice.tell(car, "door_opened", name)
  elseif state == "closed" then
    notice.tell(car, "door_closed", name)
  end
end

function openings.moving(car)
  return car:has("driving.speed") and car:get("driving.speed") > 0
end

return openings
