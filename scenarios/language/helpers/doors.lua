-- Helpers for the scenario beside this folder: a module returns what it offers.

local doors = {}

function doors.open_all(car)
  for _, door in ipairs { "front_left", "front_right", "rear_left", "rear_right" } do
    car:open_door(door)
  end
end

function doors.expect(t, car, state)
  for _, door in ipairs { "front_left", "front_right", "rear_left", "rear_right" } do
    t.soft:equal(car.state.doors[door], state, door)
  end
end

return doors
