-- Lights outside and inside: on and off, with the little time that a body controller needs. While the car is switched
-- on and the switch is at auto, it drives with running lights by day and with low beam in the dark.

local physics = require "parts.physics"
local sky = require "parts.sky"

local switch, brake = "lights.switch", "lights.brake"
local low, running = "lights.low_beam", "lights.running"

-- Path, VSS, amperes at 12 V.
local lights = {
  { low, "Vehicle.Body.Lights.Beam.Low.IsOn", 5 },
  { "lights.high_beam", "Vehicle.Body.Lights.Beam.High.IsOn", 5 },
  { "lights.hazard", "Vehicle.Body.Lights.Hazard.IsSignaling", 2 },
  { "lights.parking", "Vehicle.Body.Lights.Parking.IsOn", 1 },
  { "lights.fog_front", "Vehicle.Body.Lights.Fog.Front.IsOn", 4 },
  { "lights.fog_rear", "Vehicle.Body.Lights.Fog.Rear.IsOn", 1 },
  { "lights.interior", "Vehicle.Cabin.Light.AmbientLight.Row1.DriverSide.IsLightOn", 0.5 },
}
local dark = 40 -- W/m² of sun: below it is dusk

-- What the lights take from the 12 V battery, which knows where it has that from.
local function load(car)
  local amperes = car:get(running) and 1 or 0
  for _, light in ipairs(lights) do
    amperes = amperes + (car:get(light[1]) and light[3] or 0)
  end
  local battery = physics.body(car).low_voltage
  if battery and amperes ~= (battery.loads.lights or 0) then
    car:load_low_voltage("lights", amperes)
  end
end

local function is_on(car)
  return car:has("driving.ignition") and car:get("driving.ignition") == "on"
end

local function show(car, path, on)
  if car:get(path) ~= on then
    car:set(path, on)
    return true
  end
end

-- Position of the switch → low beam and running lights; auto asks the sky.
local function by_switch(car, body)
  local position = car:get(switch)
  local night = body.weather and sky.sunshine(body) < dark or false
  local beam = position == "beam" or position == "auto" and night
  local a = show(car, low, beam)
  local b = show(car, running, not beam and (position == "auto" or position == "daytime"))
  return a or b
end

-- While the car is switched on: what the switch says, and the brake lights.
local function step(car, _, body)
  if not is_on(car) then
    show(car, low, false)
    show(car, running, false)
    show(car, brake, "inactive")
    load(car)
    return false
  end
  local speed = car:get("driving.speed")
  local slower = speed < body.lit_speed - 1
  show(car, brake, slower and "active" or "inactive")
  body.lit_speed = speed
  if by_switch(car, body) then
    load(car)
  end
  return not slower and physics.longest or nil
end

local function settle(car, _, body)
  if not body.steps.lights and is_on(car) then
    body.lit_speed = car:get("driving.speed") -- when its step looked last
    physics.start(car, "lights", step)
  end
end

return part("lights", function(options)
  local seconds = options.relay_seconds or 0.05
  local signals = {
    { switch, type = "enum", values = { "auto", "off", "position", "daytime", "beam" }, desired = true,
      vss = "Vehicle.Body.Lights.LightSwitch" },
    { running, type = "boolean", vss = "Vehicle.Body.Lights.Running.IsOn" },
    { brake, type = "enum", values = { "inactive", "active" }, reported = false,
      vss = "Vehicle.Body.Lights.Brake.IsActive" },
    { "lights.interior_intensity", type = "integer", unit = "percent", min = 0, max = 100, desired = true,
      initial = 50, vss = "Vehicle.Cabin.Light.AmbientLight.Row1.DriverSide.Intensity" },
  }
  local paths = { switch, "lights.interior_intensity" }
  for _, light in ipairs(lights) do
    paths[#paths + 1] = light[1]
    signals[#signals + 1] = { light[1], type = "boolean", desired = true, vss = light[2] }
  end

  local function set(car, path, value)
    car:set(path, value)
    if path == switch and value == "position" then
      car:set("lights.parking", true)
    end
    load(car)
  end

  local function desire(car, wishes)
    local changes = {}
    for _, path in ipairs(paths) do
      local wish = wishes[path]
      if wish ~= nil and wish ~= car:get(path) then
        changes[#changes + 1] = path
      end
    end
    if #changes == 0 then
      return
    end
    car:work(seconds)
    for _, path in ipairs(changes) do
      set(car, path, wishes[path])
    end
  end

  local actions = {}

  -- By the driver's switch; light: "low_beam", "high_beam", "hazard", "parking", "fog_front", "fog_rear", "interior".
  function actions.switch_light(car, light, on)
    set(car, "lights." .. light, on)
  end

  -- The switch itself: "auto", "off", "position", "daytime", "beam".
  function actions.turn_light_switch(car, to)
    set(car, switch, to)
  end

  return {
    signals = signals,
    desire = desire,
    actions = actions,
    settle = settle,
    refresh = physics.settle,
    start = load,
  }
end)
