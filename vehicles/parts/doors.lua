-- Doors, hatch and bonnet: people open and close them, no motor does (parts/trunk.lua and parts/sliding_door.lua have
-- one).

local openings = require "parts.openings"

local doors = {
  { "front_left", "Vehicle.Cabin.Door.Row1.DriverSide.IsOpen" },
  { "front_right", "Vehicle.Cabin.Door.Row1.PassengerSide.IsOpen" },
  { "rear_left", "Vehicle.Cabin.Door.Row2.DriverSide.IsOpen" },
  { "rear_right", "Vehicle.Cabin.Door.Row2.PassengerSide.IsOpen" },
  { "trunk", "Vehicle.Body.Trunk.Rear.IsOpen" },
  { "hood", "Vehicle.Body.Hood.IsOpen" },
}
local child_locks = { rear_left = "doors.child_lock_left", rear_right = "doors.child_lock_right" }

local function locked(car, door)
  return car:has("locks." .. door) and car:get("locks." .. door) == "locked"
end

-- From inside the handle unlocks the door, if nothing keeps it from that.
local function pull_handle(car, door)
  if child_locks[door] and car:get(child_locks[door]) then
    car:refuse("CHILD_LOCK", "the child lock of the " .. door .. " door is on")
  elseif locked(car, door) and car:has("locks.double") and car:get("locks.double") then
    car:refuse("DOUBLE_LOCKED", "the car is double locked")
  elseif locked(car, door) then
    car:unlock_from_inside(door)
  end
end

return part("doors", function()
  local signals = {
    { "doors.all_closed", type = "boolean", initial = true },
    { child_locks.rear_left, type = "boolean", vss = "Vehicle.Cabin.Door.Row2.DriverSide.IsChildLockActive" },
    { child_locks.rear_right, type = "boolean", vss = "Vehicle.Cabin.Door.Row2.PassengerSide.IsChildLockActive" },
  }
  for _, door in ipairs(doors) do
    signals[#signals + 1] =
      { "doors." .. door[1], type = "enum", values = { "closed", "open", "ajar" }, vss = door[2] }
  end

  local function open(car, door, from, state)
    local path = "doors." .. door
    if car:get(path) == state then
      return
    end
    if car:jammed(path) then
      car:fail("DOOR_JAMMED", "the " .. door .. " door does not move")
    elseif openings.moving(car) then
      car:refuse("VEHICLE_MOVING", "the car is moving")
    elseif door == "hood" and car:has("bonnet.latched") and car:get("bonnet.latched") then
      car:refuse("HOOD_LATCHED", "the bonnet is latched; somebody must pull its lever")
    elseif from == "inside" then
      pull_handle(car, door)
    end
    if locked(car, door) then
      car:refuse("DOOR_LOCKED", "the " .. door .. " door is locked")
    end
    openings.set(car, door, state)
  end

  local actions = {}

  -- door: "front_left", "front_right", "rear_left", "rear_right", "trunk", "hood"; from: "outside" or "inside".
  function actions.open_door(car, door, from)
    open(car, door, from or "outside", "open")
  end

  -- Not quite closed: the latch has not caught.
  function actions.leave_ajar(car, door)
    open(car, door, "outside", "ajar")
  end

  function actions.close_door(car, door)
    if car:jammed("doors." .. door) and car:get("doors." .. door) ~= "closed" then
      car:fail("DOOR_JAMMED", "the " .. door .. " door does not move")
    end
    openings.set(car, door, "closed")
  end

  -- The lever in the edge of the open door; door: "rear_left", "rear_right".
  function actions.set_child_lock(car, door, on)
    car:set(child_locks[door], on)
  end

  local hands = { open = "open_door", ajar = "leave_ajar", closed = "close_door" }

  return {
    signals = signals,
    actions = actions,
    by_hand = function(path, value)
      if path == "doors.all_closed" then
        return nil, "it follows from the doors"
      elseif type(value) == "boolean" then
        return "set_child_lock", path == child_locks.rear_left and "rear_left" or "rear_right", value
      end
      return hands[value], path:match("^doors%.(.+)$")
    end,
    jams = true,
    start = function(car)
      car:set("doors.all_closed", openings.first_open(car) == nil)
    end,
  }
end)
