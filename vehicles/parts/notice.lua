-- Parts tell each other what has happened: a part's field `notices` has a function fn(car, …) for each thing that it
-- wants to know. They must not wait.
--
--   door_opened(door), door_closed(door)   one of "doors.…", ajar counts as open
--   door_moved(door, state)                any change of it, before these two
--   locked()                               all locks are locked now
--   unlocked()                             at least one lock has been unlocked by key or command

local notice = {}

-- By the list of parts of a model: the functions for each thing.
local listeners = setmetatable({}, { __mode = "k" })

local function find_listeners(parts, what)
  local found = {}
  for _, part in ipairs(parts) do
    found[#found + 1] = part.notices and part.notices[what]
  end
  return found
end

function notice.tell(car, what, ...)
  local parts = car:parts()
  local known = listeners[parts] or {}
  listeners[parts] = known
  known[what] = known[what] or find_listeners(parts, what)
  for _, fn in ipairs(known[what]) do
    fn(car, ...)
  end
end

return notice
