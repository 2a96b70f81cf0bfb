-- Climate: the cabin warms and cools as two masses, air and interior, between heater, outside air and sun. Seats,
-- steering wheel and windows are heated. It takes power from the plug or the battery; a car without traction battery
-- heats with its engine, or with a heater that burns fuel.

local energy = require "parts.energy"
local physics = require "parts.physics"
local sky = require "parts.sky"

local active, target, cabin = "climate.active", "climate.target", "climate.cabin_temperature"
local departure = "climate.departure"

-- Loads that are on by themselves, whether or not the cabin is heated: kW at 100 %.
local heaters = {
  { "climate.seat_front_left", 0.08, "Vehicle.Cabin.Seat.Row1.DriverSide.HeatingCooling" },
  { "climate.seat_front_right", 0.08, "Vehicle.Cabin.Seat.Row1.PassengerSide.HeatingCooling" },
  { "climate.steering_wheel", 0.05, "Vehicle.Chassis.SteeringWheel.HeatingCooling" },
}
local defrosters = {
  { "climate.defrost", 1.0, "Vehicle.Cabin.HVAC.IsFrontDefrosterActive" },
  { "climate.rear_defrost", 0.25, "Vehicle.Cabin.HVAC.IsRearDefrosterActive" },
}

-- ---- the cabin ----------------------------------------------------------------------------------

-- Heat capacities in kJ/K and conductances in kW/K: dx/dt = a·(air - out) + b·(interior - out) and so on. The two
-- rates at which it comes to rest are worked out once for each model.
local function new_cabin(options)
  local size = options.cabin_size or 1
  local air, interior = 20 * size, 140 * size
  local between, air_out, interior_out = 0.09 * size, 0.035 * size, 0.008 * size
  local aa, ab = -(between + air_out) / air, between / air
  local ba, bb = between / interior, -(between + interior_out) / interior
  local middle = (aa + bb) / 2
  local root = math.sqrt((aa - bb) ^ 2 / 4 + ab * ba)
  return {
    air = air, interior = interior, between = between, air_out = air_out, interior_out = interior_out,
    aa = aa, ab = ab, ba = ba, bb = bb, fast = middle - root, slow = middle + root,
    glass = 0.0012 * size, -- kW of sun that come in for each W/m²
  }
end

-- Where air and interior come to rest with so many kW of heat and sun.
local function rest(c, out, heat, sun)
  local exchange = c.between * (c.air_out + c.interior_out) + c.air_out * c.interior_out
  local air = ((c.between + c.interior_out) * heat + c.between * sun) / exchange
  return out + air, out + (c.between * air + sun) / (c.between + c.interior_out)
end

-- The exact state after dt seconds, by the matrix exponential.
local function pass(c, air, interior, out, heat, sun, dt)
  local rest_air, rest_interior = rest(c, out, heat, sun)
  local fast, slow = math.exp(c.fast * dt), math.exp(c.slow * dt)
  local q = (slow - fast) / (c.slow - c.fast)
  local p = fast - c.fast * q
  local u, v = air - rest_air, interior - rest_interior
  return rest_air + (p + c.aa * q) * u + c.ab * q * v, rest_interior + c.ba * q * u + (p + c.bb * q) * v
end

-- kW of heat (negative: cooling) that bring the air to the target within a minute or so.
local function wanted_heat(c, air, interior, out, sun, wish, dt)
  local without = pass(c, air, interior, out, 0, sun, dt)
  local with_one = pass(c, air, interior, out, 1, sun, dt)
  return (physics.decay(air, wish, dt, 60) - without) / (with_one - without)
end

local function let_pass(car, body, heat, dt)
  local model = body.cabin
  local air = physics.exact(car, cabin)
  air, model.interior = pass(model.c, air, model.interior, sky.outside(car), heat,
    model.c.glass * sky.sunshine(body), dt)
  physics.set_exact(car, cabin, 10, air)
end

-- ---- what it takes ------------------------------------------------------------------------------

-- Heat for each kW of electricity: a heat pump does worse in the cold.
local heat_pump = { { -20, 1.1 }, { -10, 1.5 }, { 0, 2.0 }, { 10, 2.7 }, { 20, 3.2 } }

local function efficiency(model, out, heat)
  if heat < 0 then
    return 2.5
  end
  return model.heat_pump and physics.interpolate(heat_pump, out) or 0.97
end

local function extras(car)
  local kilowatts = 0
  for i = 1, #heaters do
    kilowatts = kilowatts + heaters[i][2] * car:get(heaters[i][1]) / 100
  end
  for i = 1, #defrosters do
    if car:get(defrosters[i][1]) then
      kilowatts = kilowatts + defrosters[i][2]
    end
  end
  return kilowatts
end

local function ignition_on(car)
  return car:has("driving.ignition") and car:get("driving.ignition") == "on"
end

-- Books the heat, and returns what the car can really give. Fuel holds 8.9 kWh a litre.
local function supply(car, body, heat, dt)
  local model, out = body.cabin, sky.outside(car)
  if body.pack then
    energy.draw(car, math.abs(heat) / efficiency(model, out, heat) + model.fan, dt, "climate")
    return heat
  elseif ignition_on(car) then
    return heat
  elseif heat > 0 and model.fuel_heater and body.tank then
    body.tank.burn(car, heat * dt / 3600 / 0.85, 0)
    return heat
  end
  return 0
end

-- ---- on and off ---------------------------------------------------------------------------------

local function too_low(car, percent)
  return energy.percent(car) < percent and not energy.charging(car)
end

local function driving(car)
  return car:has("driving.speed") and car:get("driving.speed") > 0
end

local function switch_off(car)
  car:set(active, false)
  physics.alarm(car, "climate", nil)
end

-- The cabin takes what heat has been given to it since it was last looked at.
local function flush(car, body)
  local model = body.cabin
  if model.span > 0 then
    let_pass(car, body, model.given / model.span, model.span)
    model.done = model.done + model.span
    model.span, model.given = 0, 0
  end
end

-- Decided again after a second at first, later after ten: a cabin is slow, and this is the dearest of all steps.
local function decide(car, body, dt)
  local model = body.cabin
  local heat = wanted_heat(model.c, physics.exact(car, cabin), model.interior, sky.outside(car),
    model.c.glass * sky.sunshine(body), car:get(target), math.max(dt, model.every))
  model.every = math.min(physics.longest, model.every + 0.2)
  return math.max(-model.cool, math.min(model.heat, heat))
end

local function step(car, dt, body)
  local model = body.cabin
  local extra = model.extra
  energy.draw(car, extra, dt, "heaters")
  if not car:get(active) then
    return extra > 0 and physics.longest
  elseif body.pack and too_low(car, model.needs_percent / 2) then
    switch_off(car)
    return extra > 0 and physics.longest
  end
  model.wanted = model.wanted or decide(car, body, dt)
  model.given = model.given + supply(car, body, model.wanted, dt) * dt
  model.span = model.span + dt
  if model.span >= model.every - 1e-6 then
    flush(car, body)
    model.wanted = nil
  end
  return model.every
end

-- A parked car does not run for ever; one that somebody sits in does.
local function time_out(car, body)
  if car:get(active) and not driving(car) and not ignition_on(car) then
    switch_off(car)
    return
  end
  physics.alarm(car, "climate", car:get(active) and body.cabin.run_seconds or nil, time_out)
end

local function switch_on(car)
  car:set(active, true)
  physics.body(car).cabin.every = 1
  physics.start(car, "climate", step)
  physics.alarm(car, "climate", physics.body(car).cabin.run_seconds, time_out)
end

-- Before departure, for as long as the difference asks for.
local plan

local function prepare(car)
  if not car:get(active) and not too_low(car, physics.body(car).cabin.needs_percent) then
    switch_on(car)
  end
  plan(car)
end

local function lead(car)
  local difference = math.abs(car:get(target) - sky.outside(car))
  return math.min(1800, 300 + 60 * difference)
end

-- With less than the lead to go, it is for tomorrow.
function plan(car)
  local time = physics.parse_time(car:get(departure))
  if not time then
    physics.alarm(car, "climate.departure", nil)
    return
  end
  local before = lead(car)
  local seconds = physics.seconds_until(car, time) - before
  physics.alarm(car, "climate.departure", seconds > 1 and seconds or seconds + 86400, prepare)
end

-- ---- the part -----------------------------------------------------------------------------------

return part("climate", function(options)
  local c = new_cabin(options)
  local initial = options.cabin or 12
  local new_model = physics.kind {
    c = c, done = 0, span = 0, given = 0, every = 1,
    heat = options.heat_kilowatts or 5, cool = options.cool_kilowatts or 4, fan = options.fan_kilowatts or 0.15,
    heat_pump = options.heat_pump ~= false, fuel_heater = options.fuel_heater,
    needs_percent = options.needs_percent or 10, run_seconds = 60 * (options.run_minutes or 30),
  }

  local function check(car)
    local model = physics.body(car).cabin
    if physics.body(car).pack then
      if too_low(car, model.needs_percent) then
        car:refuse("LOW_BATTERY", string.format("the battery is at %.1f %%, %d %% are needed",
          energy.percent(car), model.needs_percent))
      end
    elseif not ignition_on(car) then
      if not model.fuel_heater then
        car:refuse("ENGINE_OFF", "the car heats and cools only while its engine runs")
      elseif energy.exhausted(car) then
        car:refuse("LOW_FUEL", "the tank is empty")
      end
    end
  end

  local function desire(car, wishes)
    local wish = wishes[active]
    if wish and not car:get(active) then
      check(car)
    end
    if wishes[departure] and wishes[departure] ~= "" and not physics.parse_time(wishes[departure]) then
      car:refuse("INVALID_VALUE", "climate.departure is a time such as 07:30, or empty")
    end
    for path, value in pairs(wishes) do -- in any order: they do not depend on each other
      if path ~= active then
        car:set(path, value)
      end
    end
    local body = physics.body(car)
    body.cabin.extra = extras(car)
    if body.cabin.extra > 0 then
      physics.start(car, "climate", step)
    end
    if wishes[departure] or wishes[target] then
      plan(car)
    end
    if wish ~= nil and wish ~= car:get(active) then
      car:work(options.start_seconds or 0.5)
      if wish then
        switch_on(car)
      else
        switch_off(car)
      end
    end
  end

  local actions = {}

  -- By the button in the cabin; `on` if not given.
  function actions.switch_climate(car, on)
    desire(car, { [active] = on ~= false })
  end

  -- A new car is as warm as the air around it, unless somebody said otherwise.
  local function embody(car, body, before)
    local old = before.cabin or {}
    if car:get(cabin) == initial and not options.cabin and not old.interior then
      car:set(cabin, sky.outside(car))
    end
    body.cabin = new_model { interior = old.interior or car:get(cabin), extra = extras(car) }
  end

  -- What the step has not done already.
  local function settle(car, seconds, body)
    local model = body.cabin
    flush(car, body)
    local idle = seconds - model.done
    model.done = 0
    if idle > 1e-6 then
      let_pass(car, body, 0, idle)
    end
  end

  local signals = {
    { active, type = "boolean", desired = true, vss = "Vehicle.Cabin.HVAC.IsAirConditioningActive" },
    { target, type = "float", unit = "celsius", min = 16, max = 30, desired = true, initial = 21,
      vss = "Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature" },
    { cabin, type = "float", report_every = 3, deadband = 0.5, unit = "celsius", initial = initial,
      vss = "Vehicle.Cabin.HVAC.AmbientAirTemperature" },
    { departure, type = "string", desired = true },
  }
  for _, heater in ipairs(heaters) do
    signals[#signals + 1] =
      { heater[1], type = "integer", unit = "percent", min = 0, max = 100, desired = true, vss = heater[3] }
  end
  for _, defroster in ipairs(defrosters) do
    signals[#signals + 1] = { defroster[1], type = "boolean", desired = true, vss = defroster[3] }
  end

  return {
    signals = signals,
    desire = desire,
    actions = actions,
    embody = embody,
    settle = settle,
    refresh = physics.settle,
    start = function(car)
      physics.body(car).cabin.extra = extras(car)
      if car:get(active) or physics.body(car).cabin.extra > 0 then
        physics.start(car, "climate", step)
      end
      if car:get(active) then
        physics.alarm(car, "climate", physics.body(car).cabin.run_seconds, time_out)
      end
      plan(car)
    end,
  }
end)
