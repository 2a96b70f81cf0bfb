-- Central locking. locks.all is a wish for all five locks, and a summary of them. By options it locks when the car
-- drives off, locks again if nobody opens a door, and locks doubly.

local notice = require "parts.notice"
local openings = require "parts.openings"
local physics = require "parts.physics"

local names = { "front_left", "front_right", "rear_left", "rear_right", "trunk" }
local vss = {
  front_left = "Vehicle.Cabin.Door.Row1.DriverSide.IsLocked",
  front_right = "Vehicle.Cabin.Door.Row1.PassengerSide.IsLocked",
  rear_left = "Vehicle.Cabin.Door.Row2.DriverSide.IsLocked",
  rear_right = "Vehicle.Cabin.Door.Row2.PassengerSide.IsLocked",
  trunk = "Vehicle.Body.Trunk.Rear.IsLocked",
}

local locks = {}
for i, name in ipairs(names) do
  locks[i] = { name = name, path = "locks." .. name, door = "doors." .. name }
end

local double = "locks.double"

local function show_all(car)
  local first = car:get(locks[1].path)
  for i = 2, #locks do
    if car:get(locks[i].path) ~= first then
      first = "mixed"
      break
    end
  end
  car:set("locks.all", first)
  if first ~= "locked" and car:has(double) then
    car:set(double, false)
  end
end

local function is_open(car, lock)
  return car:has(lock.door) and car:get(lock.door) ~= "closed"
end

local function check(car, lock, wish)
  if wish == "locked" and is_open(car, lock) then
    car:refuse("DOOR_OPEN", "the " .. lock.name .. " door is " .. car:get(lock.door))
  elseif wish == "unlocked" and openings.moving(car) then
    car:refuse("VEHICLE_MOVING", "the car is moving")
  elseif wish == "unlocked" and lock.name == "trunk" and car:has("theft.valet") and car:get("theft.valet") then
    car:refuse("VALET_MODE", "in valet mode the trunk stays locked")
  end
end

-- What has to move: alternately a lock and its wish. A lock's own wish counts more than that for all.
local function plan(car, wishes)
  local moves = {}
  local all = wishes["locks.all"] or wishes[double] and "locked"
  for i = 1, #locks do
    local lock = locks[i]
    local wish = wishes[lock.path] or all
    if wish and wish ~= car:get(lock.path) then
      check(car, lock, wish)
      moves[#moves + 1] = lock
      moves[#moves + 1] = wish
    end
  end
  return moves
end

-- The motors have turned. A door that was opened meanwhile is not locked; returns what is wrong.
local function settle_moves(car, moves)
  local jammed, open
  for i = 1, #moves, 2 do
    local lock, wish = moves[i], moves[i + 1]
    if car:jammed(lock.path) then
      jammed = jammed or lock
    elseif wish == "locked" and is_open(car, lock) then
      open = open or lock
    else
      car:set(lock.path, wish)
    end
  end
  show_all(car)
  return jammed, open
end

local function tell(car, moves)
  for i = 2, #moves, 2 do
    if moves[i] == "unlocked" and car:get(moves[i - 1].path) == "unlocked" then
      notice.tell(car, "unlocked")
      return
    end
  end
  if car:get("locks.all") == "locked" then
    notice.tell(car, "locked")
  end
end

-- By itself, without a word to anybody: what is closed is locked.
local function lock_closed(car)
  for i = 1, #locks do
    if not is_open(car, locks[i]) and not car:jammed(locks[i].path) then
      car:set(locks[i].path, "locked")
    end
  end
  show_all(car)
  if car:get("locks.all") == "locked" then
    notice.tell(car, "locked")
  end
end

return part("locks", function(options)
  local seconds = options.motor_seconds or 0.3
  local initial = options.initial or "locked"
  local relock = options.relock_seconds
  local auto_lock = options.auto_lock_kmh
  local signals = {
    { "locks.all", type = "enum", values = { "locked", "unlocked", "mixed" }, desired = true, initial = initial },
  }
  for _, lock in ipairs(locks) do
    signals[#signals + 1] = {
      lock.path, type = "enum", values = { "locked", "unlocked" }, desired = true, initial = initial,
      vss = vss[lock.name],
    }
  end
  if options.double_lock then
    signals[#signals + 1] = { double, type = "boolean", desired = true }
  end

  local function act(car, wishes)
    if wishes["locks.all"] == "mixed" then
      car:refuse("INVALID_VALUE", "locks.all can be asked to be locked or unlocked")
    end
    local moves = plan(car, wishes)
    local both = wishes[double] ~= nil and wishes[double] ~= car:get(double)
    if #moves == 0 and not both then
      return false
    end
    car:work(seconds)
    local jammed, open = settle_moves(car, moves)
    if jammed then
      car:fail("LOCK_JAMMED", "the " .. jammed.name .. " lock does not move")
    elseif open then
      check(car, open, "locked")
    elseif both then
      car:set(double, wishes[double] and car:get("locks.all") == "locked")
    end
    tell(car, moves)
    return true
  end

  -- Nobody has opened a door.
  local function lock_again(car)
    if not openings.first_open(car) and not openings.moving(car) then
      lock_closed(car)
    end
  end

  local function desire(car, wishes)
    if act(car, wishes) and relock then
      physics.alarm(car, "relock", car:get("locks.all") ~= "locked" and relock or nil, lock_again)
    end
  end

  -- Each second from switching on until the car is fast enough.
  local function watch_speed(car)
    if car:get("driving.speed") >= auto_lock then
      physics.body(car).auto_locked = true
      lock_closed(car)
      return false
    end
    return car:get("driving.ignition") == "on"
  end

  local function settle(car, _, body)
    if not car:has("driving.ignition") or car:get("driving.ignition") ~= "on" then
      body.auto_locked = false
    elseif not body.auto_locked and not body.steps.locks then
      physics.start(car, "locks", watch_speed)
    end
  end

  -- By the key in somebody's hand. Refused like a remote command is.
  local actions = {}

  function actions.lock(car)
    act(car, { ["locks.all"] = "locked" })
  end

  function actions.unlock(car)
    act(car, { ["locks.all"] = "unlocked" })
  end

  -- What the inner handle does.
  function actions.unlock_from_inside(car, door)
    if not car:jammed("locks." .. door) then
      car:set("locks." .. door, "unlocked")
      show_all(car)
    end
  end

  return {
    signals = signals,
    desire = desire,
    actions = actions,
    jams = true,
    start = show_all,
    settle = auto_lock and settle or nil,
    refresh = (auto_lock or relock) and physics.settle or nil,
    notices = {
      door_opened = relock and function(car)
        physics.alarm(car, "relock", nil)
      end or nil,
    },
  }
end)
