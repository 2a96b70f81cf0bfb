-- Power windows: 0 % is closed, 100 % open. All move side by side.

local physics = require "parts.physics"

local windows = {
  { "front_left", "Vehicle.Cabin.Door.Row1.DriverSide.Window.Position" },
  { "front_right", "Vehicle.Cabin.Door.Row1.PassengerSide.Window.Position" },
  { "rear_left", "Vehicle.Cabin.Door.Row2.DriverSide.Window.Position" },
  { "rear_right", "Vehicle.Cabin.Door.Row2.PassengerSide.Window.Position" },
}

return part("windows", function(options)
  local speed = options.percent_per_second or 20
  local step = options.step_seconds or 1
  local signals, paths = {}, {}
  for i, window in ipairs(windows) do
    paths[i] = "windows." .. window[1]
    signals[i] = {
      paths[i], type = "integer", unit = "percent", min = 0, max = 100, desired = true, vss = window[2],
    }
  end

  -- Shows where the windows are once a step, and where they stop.
  local function move(car, wishes)
    local positions, farthest = {}, 0
    for _, path in ipairs(paths) do
      positions[path] = car:get(path)
      farthest = math.max(farthest, math.abs((wishes[path] or positions[path]) - positions[path]))
    end
    while farthest > 0 do
      local seconds = math.min(step, farthest / speed)
      car:work(seconds)
      farthest = farthest - speed * seconds
      for _, path in ipairs(paths) do
        if wishes[path] then
          positions[path] = farthest > 1e-9 and physics.towards(positions[path], wishes[path], speed * seconds)
            or wishes[path]
          car:set(path, positions[path])
        end
      end
      farthest = farthest > 1e-9 and farthest or 0
    end
  end

  local function desire(car, wishes)
    for _, path in ipairs(paths) do
      if wishes[path] and wishes[path] ~= car:get(path) and car:has("driving.speed")
        and car:get("driving.speed") > 0 then
        car:refuse("VEHICLE_MOVING", "windows move by remote command only while the car stands")
      end
    end
    move(car, wishes)
  end

  local actions = {}

  -- By its switch; window: "front_left", "front_right", "rear_left", "rear_right".
  function actions.move_window(car, window, percent)
    move(car, { ["windows." .. window] = percent })
  end

  return { signals = signals, desire = desire, actions = actions }
end)
