-- Parts tell each other what has happened: a part's field `notices` has a function fn(car, …) for each thing that it
-- wants to know. They must not wait.
--
--   door_opened(door), door_closed(door)   one of "doors.…", ajar counts as open
--   door_moved(door, state)                any change of it, before these two
--   locked()                               all locks are locked now
--   unlocked()                             at least one lock has been unlocked by key or command

local notice = {}

function notice.tell(car, what, ...)
  for _, part in ipairs(car:parts()) do
    local fn = part.notices and part.notices[what]
    if fn then
      fn(car, ...)
    end
  end
end

return notice
