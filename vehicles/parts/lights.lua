-- Exterior lights: on and off, with the little time that a body controller needs.

local lights = {
  { "lights.low_beam", "Vehicle.Body.Lights.Beam.Low.IsOn" },
  { "lights.high_beam", "Vehicle.Body.Lights.Beam.High.IsOn" },
  { "lights.hazard", "Vehicle.Body.Lights.Hazard.IsSignaling" },
}

return part("lights", function(options)
  local seconds = options.relay_seconds or 0.05
  local signals = {}
  for i, light in ipairs(lights) do
    signals[i] = { light[1], type = "boolean", desired = true, vss = light[2] }
  end

  local function desire(car, wishes)
    local changes = {}
    for _, light in ipairs(lights) do
      local wish = wishes[light[1]]
      if wish ~= nil and wish ~= car:get(light[1]) then
        changes[#changes + 1] = light[1]
      end
    end
    if #changes == 0 then
      return
    end
    car:work(seconds)
    for _, path in ipairs(changes) do
      car:set(path, wishes[path])
    end
  end

  local actions = {}

  -- By the driver's switch; light: "low_beam", "high_beam", "hazard".
  function actions.switch_light(car, light, on)
    car:set("lights." .. light, on)
  end

  return { signals = signals, desire = desire, actions = actions }
end)
