-- Where power comes from and goes to: the one way into the traction battery and out of it, and to the wheels.
-- Cars without such a battery have all the electricity they ask for: their engine sees to it.

local physics = require "parts.physics"

local energy = {}

local charge = "battery.state_of_charge"

-- Percent, with all its digits.
function energy.percent(car)
  if not car:has(charge) then
    return 100
  end
  return physics.exact(car, charge)
end

function energy.charging(car)
  return car:has("charging.active") and car:get("charging.active")
end

local function start_battery(car, body)
  if not body.steps.battery then
    physics.start(car, "battery", body.pack.step, "battery")
  end
end

-- What the charger leaves of the kWh that are drawn in this step; negative: what it gives.
function energy.feed(car, body, kilowatt_hours)
  body.pack.pending = kilowatt_hours
  start_battery(car, body)
end

-- Something takes so much power for so long (negative: gives it). `what` is whom it is booked on. The battery sees
-- the sum of all at the end of the step: parts/battery.lua, which keeps the ledger, or the station's cable before it.
function energy.draw(car, kilowatts, seconds, what)
  local body = physics.body(car)
  local pack = body.pack
  if not pack or kilowatts == 0 then
    return
  end
  local kilowatt_hours = kilowatts * seconds / 3600
  pack.pending = pack.pending + kilowatt_hours
  local used = pack.used
  if not used then
    used = {}
    pack.used = used
  end
  used[what] = (used[what] or 0) + kilowatt_hours
  if body.supply and not body.steps.charging then
    physics.start(car, "charging", body.supply, "charger")
  end
  start_battery(car, body)
end

-- A hybrid's engine starts when the battery is at its reserve, fills it a little, and stops again.
local function on_fuel(car, pack, tank)
  if not pack or not tank then
    return tank ~= nil
  end
  local percent = energy.percent(car)
  tank.running = tank.running and percent < pack.reserve + 5 or percent <= pack.reserve
  return tank.running and physics.exact(car, "fuel.litres") > 0
end

-- Mechanical power at the wheels, for so long; negative when braking. `metres` is how far that brought the car: its
-- range follows from it.
function energy.propel(car, kilowatts, seconds, metres)
  local body = physics.body(car)
  local pack, tank = body.pack, body.tank
  if on_fuel(car, pack, tank) then
    local generator = pack and pack.generator_kilowatts or 0
    energy.draw(car, -generator, seconds, "generator")
    tank.burn(car, (math.max(kilowatts, tank.idle_kilowatts) + generator) * seconds / 3600 / tank.engine_efficiency,
      metres)
  elseif pack then
    local electric = kilowatts < 0 and kilowatts * pack.recuperation or kilowatts / pack.drive_efficiency
    pack.metres = pack.metres + metres
    pack.pushed, pack.squared = pack.pushed + electric * seconds, pack.squared + electric * electric * seconds
    energy.draw(car, electric, seconds, "driving")
  end
end

-- Is there anything left to drive with?
function energy.exhausted(car)
  local body = physics.body(car)
  return not (body.pack and energy.percent(car) > 0 or body.tank and physics.exact(car, "fuel.litres") > 0
    or not body.pack and not body.tank)
end

return energy
