-- The traction battery: charge, range, size. What drains and fills it are other parts.

local energy = require "parts.energy"

return part("battery", function(options)
  local percent = options.state_of_charge or 70
  local full_range = 1000 * (options.full_range_km or 350)

  return {
    signals = {
      { "battery.state_of_charge", type = "float", unit = "percent", min = 0, max = 100, initial = percent,
        vss = "Vehicle.Powertrain.TractionBattery.StateOfCharge.Current" },
      { "battery.range", type = "integer", unit = "m", min = 0, initial = full_range * percent // 100,
        vss = "Vehicle.Powertrain.TractionBattery.Range" },
      { "battery.capacity", type = "integer", unit = "kWh", min = 1, initial = options.kilowatt_hours or 52,
        vss = "Vehicle.Powertrain.TractionBattery.GrossCapacity" },
      { "battery.full_range", type = "integer", unit = "m", reported = false, initial = full_range },
    },
    start = energy.refresh,
  }
end)
