-- The traction battery: charge, voltage, current, temperature, range. It keeps the ledger of the energy that comes and
-- goes: battery.energy_in - battery.energy_out is what the charge has changed by, losses being part of what goes.

local energy = require "parts.energy"
local physics = require "parts.physics"
local sky = require "parts.sky"

local charge, temperature = "battery.state_of_charge", "battery.temperature"
local joules = 3.6e6 -- in a kWh

-- Volts of a resting cell (NMC) at so many percent.
local cell_volts = {
  { 0, 3.30 }, { 5, 3.45 }, { 10, 3.52 }, { 20, 3.60 }, { 30, 3.64 }, { 40, 3.68 }, { 50, 3.74 }, { 60, 3.83 },
  { 70, 3.92 }, { 80, 4.02 }, { 90, 4.09 }, { 100, 4.18 },
}

-- What cold leaves of the usable charge.
local function usable(celsius)
  return 1 - 0.008 * math.max(0, math.min(40, 5 - celsius))
end

local function show_range(car, pack)
  local kilowatt_hours = energy.percent(car) / 100 * pack.capacity
  local metres = kilowatt_hours * usable(pack.celsius) / pack.consumption * 1000
  physics.show(car, "battery.range", physics.round(metres, 0.001))
  physics.show(car, "battery.energy", physics.round(kilowatt_hours, 10))
end

local function show_charge(car, pack, percent)
  if physics.set_exact(car, charge, 10, percent) then
    show_range(car, pack)
  end
end

-- Volts, amperes and watts fit each other exactly. Positive: into the battery.
local function show_power(car, volts, amperes)
  volts, amperes = physics.round(volts, 1), physics.round(amperes, 1)
  physics.show(car, "battery.voltage", volts)
  physics.show(car, "battery.current", amperes)
  physics.show(car, "battery.power", volts * amperes)
end

local function resting_volts(pack, percent)
  return physics.interpolate(cell_volts, percent) * pack.cells
end

local function ohms(pack, celsius)
  return pack.ohms * math.exp(0.03 * math.max(-15, math.min(45, 25 - celsius)))
end

-- Amperes, the kW lost in the cells, and volts when so many kW leave the terminals (negative: enter).
local function current(pack, kilowatts, percent, celsius)
  local volts, resistance = resting_volts(pack, percent), ohms(pack, celsius)
  local root = math.sqrt(math.max(0, volts * volts - 4000 * kilowatts * resistance))
  local amperes = (volts - root) / (2 * resistance)
  return amperes, amperes * amperes * resistance / 1000, volts - amperes * resistance
end

-- kW at the terminals that store so many kW in the cells.
local function to_store(pack, kilowatts, percent)
  local amperes = kilowatts * 1000 / resting_volts(pack, percent)
  return kilowatts + amperes * amperes * ohms(pack, pack.celsius) / 1000
end

-- How much of a change the charge has room for: 1 is all.
local function room(stored, change, capacity)
  if stored + change < 0 then
    return stored / -change
  elseif stored + change > capacity then
    return (capacity - stored) / change
  end
  return 1
end

-- The consumption of the last 30 km or so is what the range expects of the next. Learnt by the kilometre, so that
-- braking belongs to what it follows.
local function learn(pack, kilowatt_hours)
  local kilometres = pack.metres / 1000
  pack.consumed = kilometres > 0 and pack.consumed + kilowatt_hours or 0
  if kilometres >= 1 then
    pack.consumption = physics.decay(pack.consumption, math.max(0.02, pack.consumed / kilometres), kilometres, 30)
    pack.consumed, pack.metres = 0, 0
  end
end

-- The ledger is exact in the body; signals show it in steps of 10 Wh.
local function book(car, pack, into, out)
  pack.energy_in, pack.energy_out = pack.energy_in + into, pack.energy_out + out
  physics.show(car, "battery.energy_in", physics.round(pack.energy_in, 100))
  physics.show(car, "battery.energy_out", physics.round(pack.energy_out, 100))
end

-- kW lost because the power was not the same all the time: losses grow with its square.
local function lost_by_swing(pack, seconds, percent)
  local mean = pack.pushed / seconds
  local variance = pack.squared / seconds - mean * mean
  pack.pushed, pack.squared = 0, 0
  return variance > 1e-9 and variance * 1000 * ohms(pack, pack.celsius) / resting_volts(pack, percent) ^ 2 or 0
end

-- The last of all steps: what the others drew and gave is settled with the cells.
local function step(car, dt, body)
  local pack = body.pack
  local drawn = pack.pending
  pack.pending = 0
  local percent = energy.percent(car)
  if drawn == 0 then
    show_power(car, resting_volts(pack, percent), 0)
    return false
  end
  local amperes, lost, volts = current(pack, drawn * 3600 / dt, percent, pack.celsius)
  lost = (lost + lost_by_swing(pack, dt, percent)) * dt / 3600
  local stored = percent / 100 * pack.capacity
  local part_of_it = room(stored, -drawn - lost, pack.capacity)
  drawn, lost = drawn * part_of_it, lost * part_of_it
  book(car, pack, math.max(0, -drawn), math.max(0, drawn) + lost)
  pack.celsius = pack.celsius + lost * joules / pack.joules_per_degree
  learn(pack, drawn + lost)
  show_charge(car, pack, math.max(0, math.min(100, (stored - drawn - lost) / pack.capacity * 100)))
  show_power(car, volts, -amperes)
  return physics.longest
end

-- Pumps and heater of the pack. A hot one is cooled while it works, a cold one warmed if that is wished.
local conditioned_to = { fast_charging = 25, driving = 15 }

local function condition(car, dt, body)
  local pack = body.pack
  local wish = conditioned_to[car:get("battery.conditioning")]
  if pack.celsius > 35 and (body.steps.driving or energy.charging(car)) then
    pack.celsius = pack.celsius - pack.cooling_kilowatts * 1000 * dt / pack.joules_per_degree
    energy.draw(car, pack.cooling_kilowatts / 2.5, dt, "battery")
    return physics.longest
  elseif wish and pack.celsius < wish and energy.percent(car) > 10 then
    local most = pack.celsius + pack.heating_kilowatts * 1000 * dt / pack.joules_per_degree
    local reached = math.min(wish + 0.5, most)
    energy.draw(car, (reached - pack.celsius) * pack.joules_per_degree / 1000 / dt, dt, "battery")
    pack.celsius = reached
    return physics.longest
  else
    if wish then
      car:set("battery.conditioning", "off")
    end
    return false
  end
end

return part("battery", function(options)
  local percent = options.state_of_charge or 70
  local full_range = 1000 * (options.full_range_km or 350)
  local net = options.kilowatt_hours or 52
  local health = options.state_of_health or 100

  local new_pack = physics.kind {
    step = step, pending = 0, pushed = 0, squared = 0, metres = 0, consumed = 0, energy_in = 0, energy_out = 0,
    cells = options.cells or 96, ohms = (options.milliohms or 5200 / net) / 1000,
    joules_per_degree = 5800 * net, seconds_to_cool = options.seconds_to_cool or 25000,
    cooling_kilowatts = options.cooling_kilowatts or 5, heating_kilowatts = options.heating_kilowatts or 5,
    reserve = options.reserve_percent or 15, -- of hybrids: below it the engine drives, and fills it
    generator_kilowatts = options.generator_kilowatts or 3,
    drive_efficiency = options.drive_efficiency or 0.88, recuperation = options.recuperation or 0.7,
    current = current, to_store = to_store,
  }

  local function embody(car, body, before)
    local old = before.pack or {}
    body.pack = new_pack {
      capacity = car:get("battery.capacity") * car:get("battery.health") / 100,
      consumption = old.consumption or net / (car:get("battery.full_range") / 1000), -- kWh/km
      metres = old.metres, consumed = old.consumed, energy_in = old.energy_in, energy_out = old.energy_out,
      celsius = old.celsius or sky.outside(car),
    }
    physics.show(car, temperature, physics.round(body.pack.celsius, 1))
    show_range(car, body.pack)
    show_power(car, resting_volts(body.pack, energy.percent(car)), 0)
  end

  local function settle(car, seconds, body)
    local pack = body.pack
    pack.celsius = physics.decay(pack.celsius, sky.outside(car), seconds, pack.seconds_to_cool)
    physics.show(car, temperature, physics.round(pack.celsius, 1))
    if pack.celsius > 40 and not body.steps.conditioning then
      physics.start(car, "conditioning", condition)
    end
    show_range(car, pack)
  end

  local function desire(car, wishes)
    local wish = wishes["battery.conditioning"]
    if wish ~= "off" and energy.percent(car) < 20 and not energy.charging(car) then
      car:refuse("LOW_BATTERY", string.format("the battery is at %.1f %%, 20 %% are needed", energy.percent(car)))
    end
    car:set("battery.conditioning", wish)
    physics.start(car, "conditioning", condition)
  end

  return {
    signals = {
      { charge, type = "float", report_every = 60, unit = "percent", min = 0, max = 100, initial = percent,
        vss = "Vehicle.Powertrain.TractionBattery.StateOfCharge.Current" },
      { "battery.range", type = "integer", report_every = 60,
        unit = "m", min = 0, initial = full_range * percent // 100,
        vss = "Vehicle.Powertrain.TractionBattery.Range" },
      { "battery.capacity", type = "integer", unit = "kWh", min = 1, initial = net,
        vss = "Vehicle.Powertrain.TractionBattery.NetCapacity" },
      { "battery.conditioning", type = "enum", values = { "off", "fast_charging", "driving" }, desired = true,
        vss = "Vehicle.Powertrain.TractionBattery.BatteryConditioning.RequestedMode" },
      { temperature, type = "integer", report_every = 60, unit = "celsius", initial = 12,
        vss = "Vehicle.Powertrain.TractionBattery.Temperature.Average" },
      { "battery.full_range", type = "integer", unit = "m", reported = false, initial = full_range },
      { "battery.health", type = "float", unit = "percent", reported = false, initial = health,
        vss = "Vehicle.Powertrain.TractionBattery.StateOfHealth" },
      { "battery.energy", type = "float", unit = "kWh", reported = false,
        vss = "Vehicle.Powertrain.TractionBattery.StateOfCharge.CurrentEnergy" },
      { "battery.voltage", type = "float", unit = "V", reported = false,
        vss = "Vehicle.Powertrain.TractionBattery.CurrentVoltage" },
      { "battery.current", type = "float", unit = "A", reported = false,
        vss = "Vehicle.Powertrain.TractionBattery.CurrentCurrent" },
      { "battery.power", type = "float", unit = "W", reported = false,
        vss = "Vehicle.Powertrain.TractionBattery.CurrentPower" },
      { "battery.energy_in", type = "float", unit = "kWh", reported = false },
      { "battery.energy_out", type = "float", unit = "kWh", reported = false },
    },
    embody = embody,
    settle = settle,
    refresh = physics.settle,
    desire = desire,
    start = function(car)
      if car:get("battery.conditioning") ~= "off" then
        physics.start(car, "conditioning", condition)
      end
    end,
  }
end)
