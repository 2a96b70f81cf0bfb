-- The 12 V battery: everything that is awake lives on it while the car is parked. When it is flat the car is dead for
-- the app until somebody helps it with another one.

local energy = require "parts.energy"
local physics = require "parts.physics"

local voltage, charge = "low_voltage.voltage", "low_voltage.charge"
local cut_off = 5 -- percent: below it the control units fail

-- Volts of a resting lead battery at so many percent.
local volts = { { 0, 10.5 }, { 5, 11.3 }, { 20, 11.7 }, { 40, 12.0 }, { 60, 12.3 }, { 80, 12.5 }, { 100, 12.8 } }

local amperes_by_link = { off = "off", asleep = "asleep" }

-- Whatever keeps the DC-DC converter or the alternator running.
local function fed(car, body)
  return car:has("driving.ignition") and car:get("driving.ignition") == "on"
    or body.steps.climate ~= nil or energy.charging(car)
end

-- parts/telematics.lua says in body.consumption how deeply a car without connection sleeps.
local function drain(body)
  local battery, link = body.low_voltage, body.link
  local amperes = battery.amperes[link == "asleep" and body.consumption or amperes_by_link[link] or "awake"]
  for _, more in pairs(battery.loads) do -- a sum: in any order
    amperes = amperes + more
  end
  return amperes
end

local function show(car, feeding)
  local percent = physics.exact(car, charge)
  physics.show(car, voltage, feeding and 14.2 or physics.round(physics.interpolate(volts, percent), 10))
end

-- Percent, after so many seconds.
local function add(car, body, amperes, seconds)
  local percent = physics.exact(car, charge) + 100 * amperes * seconds / 3600 / body.low_voltage.ampere_hours
  physics.set_exact(car, charge, 1, math.max(0, math.min(100, percent)))
end

local function fail(car)
  if physics.exact(car, charge) <= cut_off and car.link ~= "off" then
    car:log("the 12 V battery is flat")
    car:power_off()
  end
end

local function flush(car, body)
  local battery = body.low_voltage
  if battery.span > 0 then
    add(car, body, battery.into, battery.span)
    battery.done = battery.done + battery.span
    battery.span = 0
  end
end

-- While it is fed: what the car needs, and charge, at a current that fades as the battery fills; looked
-- at every ten seconds or so.
local function step(car, dt, body)
  local battery = body.low_voltage
  if battery.span == 0 then
    if not fed(car, body) then
      show(car, false)
      return false
    end
    battery.into = math.min(20, battery.ampere_hours * 0.6 * (1 - physics.exact(car, charge) / 100))
    battery.kilowatts = (battery.into + drain(body)) * 14.2 / 1000
    show(car, true)
  end
  energy.draw(car, battery.kilowatts, dt, "12 V")
  battery.span = battery.span + dt
  if battery.span >= physics.longest then
    flush(car, body)
  end
  return physics.longest
end

local function settle(car, seconds, body)
  local battery = body.low_voltage
  flush(car, body)
  local idle = math.max(0, seconds - battery.done)
  battery.done = 0
  if not body.steps.low_voltage then
    local amperes = drain(body)
    add(car, body, -amperes, idle)
    show(car, false)
    -- Nobody looks at a car that is asleep: its end must announce itself.
    local left = (physics.exact(car, charge) - cut_off) / 100 * battery.ampere_hours / amperes * 3600
    physics.alarm(car, "low_voltage", car.link ~= "off" and left > 0 and left or nil, physics.settle)
    fail(car)
  end
  if fed(car, body) and not body.steps.low_voltage then
    physics.start(car, "low_voltage", step)
  end
end

return part("low_voltage", function(options)
  local new_battery = physics.kind {
    ampere_hours = options.ampere_hours or 45, done = 0, span = 0, loads = {},
    amperes = { awake = options.awake_amperes or 0.6, standby = options.standby_amperes or 0.03,
      asleep = options.asleep_amperes or 0.015, deep_sleep = options.asleep_amperes or 0.015,
      off = options.off_amperes or 0.01 },
  }
  local actions = {}

  -- Cables from another car's battery, until this one holds a third of its charge.
  function actions.jump_start(car)
    if physics.exact(car, charge) < 33 then
      physics.set_exact(car, charge, 1, 33)
      show(car, false)
    end
    car:power_on()
  end

  -- Something takes so many amperes until it is called again with 0: a lamp, an open door.
  function actions.load_low_voltage(car, name, amperes)
    physics.settle(car, 0)
    local body = physics.body(car)
    local battery = body.low_voltage
    battery.loads = rawget(battery, "loads") or {}
    battery.loads[name] = amperes > 0 and amperes or nil
    body.owed = math.max(body.owed, 1e-6)
    settle(car, 0, body)
  end

  return {
    signals = {
      { voltage, type = "float", report_every = 60,
        unit = "V", initial = 12.7, vss = "Vehicle.LowVoltageBattery.CurrentVoltage" },
      { charge, type = "integer", unit = "percent", min = 0, max = 100, reported = false,
        initial = options.charge or 95 },
    },
    actions = actions,
    embody = function(car, body)
      body.low_voltage = new_battery()
      show(car, false)
    end,
    settle = settle,
    refresh = physics.settle,
    start = fail,
  }
end)
