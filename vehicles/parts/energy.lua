-- Energy taken from and put into the traction battery (parts/battery.lua declares its signals).
-- Cars without such a battery have all they ask for.

local physics = require "parts.physics"

local energy = {}

local charge = "battery.state_of_charge"

-- Percent, with all its digits.
function energy.percent(car)
  if not car:has(charge) then
    return 100
  end
  return physics.exact(car, charge, 10)
end

local function show(car, percent)
  physics.set_exact(car, charge, 10, percent)
  car:set("battery.range", physics.round(car:get("battery.full_range") * percent / 100, 0.001))
end

-- Range follows from the charge; for when the charge was set from outside.
function energy.refresh(car)
  show(car, energy.percent(car))
end

-- Negative: takes.
function energy.add(car, kilowatt_hours)
  if not car:has(charge) then
    return
  end
  local percent = energy.percent(car) + 100 * kilowatt_hours / car:get("battery.capacity")
  show(car, math.max(0, math.min(100, percent)))
end

return energy
