-- Power windows: 0 % is closed, 100 % open. All move side by side. windows.all is a wish for all of them, and shows how
-- far the one is open that is open most.

local motor = require "parts.motor"
local openings = require "parts.openings"

local windows = {
  { "front_left", "Vehicle.Cabin.Door.Row1.DriverSide.Window.Position" },
  { "front_right", "Vehicle.Cabin.Door.Row1.PassengerSide.Window.Position" },
  { "rear_left", "Vehicle.Cabin.Door.Row2.DriverSide.Window.Position" },
  { "rear_right", "Vehicle.Cabin.Door.Row2.PassengerSide.Window.Position" },
}
local all = "windows.all"

return part("windows", function(options)
  local paths = {}
  local signals = {
    { all, type = "integer", unit = "percent", min = 0, max = 100, desired = true },
  }
  for i, window in ipairs(windows) do
    paths[i] = "windows." .. window[1]
    signals[i + 1] = {
      paths[i], type = "integer", unit = "percent", min = 0, max = 100, desired = true, vss = window[2],
    }
  end

  local function show_all(car)
    local most = 0
    for _, path in ipairs(paths) do
      most = math.max(most, car:get(path))
    end
    car:set(all, most)
  end

  local how = {
    name = "window", speed = options.percent_per_second or 20, step = options.step_seconds or 1, moved = show_all,
  }

  local function desire(car, wishes)
    local each = {}
    for _, path in ipairs(paths) do
      each[path] = wishes[path] or wishes[all]
      if each[path] and each[path] ~= car:get(path) and openings.moving(car) then
        car:refuse("VEHICLE_MOVING", "windows move by remote command only while the car stands")
      end
    end
    motor.move(car, paths, each, how)
  end

  local actions = {}

  -- By its switch; window: "front_left", "front_right", "rear_left", "rear_right".
  function actions.move_window(car, window, percent)
    motor.move(car, paths, { ["windows." .. window] = percent }, how)
  end

  -- Something as thick as so many percent of the opening is in the window: 15 if not given, 0 takes it out.
  function actions.pinch(car, window, percent)
    motor.obstruct(car, "windows." .. window, percent or 15)
  end

  return { signals = signals, desire = desire, actions = actions, jams = true, start = show_all }
end)
