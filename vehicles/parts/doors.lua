-- Doors, hatch and bonnet: people open and close them, no motor does.

local doors = {
  { "front_left", "Vehicle.Cabin.Door.Row1.DriverSide.IsOpen" },
  { "front_right", "Vehicle.Cabin.Door.Row1.PassengerSide.IsOpen" },
  { "rear_left", "Vehicle.Cabin.Door.Row2.DriverSide.IsOpen" },
  { "rear_right", "Vehicle.Cabin.Door.Row2.PassengerSide.IsOpen" },
  { "trunk", "Vehicle.Body.Trunk.Rear.IsOpen" },
  { "hood", "Vehicle.Body.Hood.IsOpen" },
}

return part("doors", function()
  local signals = {}
  for i, door in ipairs(doors) do
    signals[i] = { "doors." .. door[1], type = "enum", values = { "closed", "open" }, vss = door[2] }
  end

  local actions = {}

  -- door: "front_left", "front_right", "rear_left", "rear_right", "trunk", "hood"
  function actions.open_door(car, door)
    local path, lock = "doors." .. door, "locks." .. door
    if car:get(path) == "open" then
      return
    end
    if car:has(lock) and car:get(lock) == "locked" then
      car:refuse("DOOR_LOCKED", "the " .. door .. " door is locked")
    end
    if car:has("driving.speed") and car:get("driving.speed") > 0 then
      car:refuse("VEHICLE_MOVING", "the car is moving")
    end
    car:set(path, "open")
  end

  function actions.close_door(car, door)
    car:set("doors." .. door, "closed")
  end

  return { signals = signals, actions = actions }
end)
