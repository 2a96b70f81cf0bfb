-- Central locking. locks.all is a wish for all five locks, and a summary of them.

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

local function show_all(car)
  local first = car:get(locks[1].path)
  for i = 2, #locks do
    if car:get(locks[i].path) ~= first then
      car:set("locks.all", "mixed")
      return
    end
  end
  car:set("locks.all", first)
end

local function moving(car)
  return car:has("driving.speed") and car:get("driving.speed") > 0
end

local function check(car, lock, wish)
  if wish == "locked" and car:has(lock.door) and car:get(lock.door) == "open" then
    car:refuse("DOOR_OPEN", "the " .. lock.name .. " door is open")
  elseif wish == "unlocked" and moving(car) then
    car:refuse("VEHICLE_MOVING", "the car is moving")
  end
end

-- What has to move: alternately a lock and its wish. A lock's own wish counts more than that for all.
local function plan(car, wishes)
  local moves = {}
  local all = wishes["locks.all"]
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

return part("locks", function(options)
  local seconds = options.motor_seconds or 0.3
  local initial = options.initial or "locked"
  local signals = {
    { "locks.all", type = "enum", values = { "locked", "unlocked", "mixed" }, desired = true, initial = initial },
  }
  for _, lock in ipairs(locks) do
    signals[#signals + 1] = {
      lock.path, type = "enum", values = { "locked", "unlocked" }, desired = true, initial = initial,
      vss = vss[lock.name],
    }
  end

  local function desire(car, wishes)
    if wishes["locks.all"] == "mixed" then
      car:refuse("INVALID_VALUE", "locks.all can be asked to be locked or unlocked")
    end
    local moves = plan(car, wishes)
    if #moves == 0 then
      return
    end
    car:work(seconds)
    for i = 1, #moves, 2 do
      car:set(moves[i].path, moves[i + 1])
    end
    show_all(car)
  end

  -- By the key in somebody's hand. Refused like a remote command is.
  local actions = {}

  function actions.lock(car)
    desire(car, { ["locks.all"] = "locked" })
  end

  function actions.unlock(car)
    desire(car, { ["locks.all"] = "unlocked" })
  end

  return { signals = signals, desire = desire, actions = actions, start = show_all }
end)
