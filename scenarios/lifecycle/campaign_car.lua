-- No scenario, but the model of fleetwise.lua: models are found beside the script that asks for them.

local compact = require "compact_ev"
local fleetwise = require "parts.fleetwise"

local parts = table.move(compact.parts, 1, #compact.parts, 1, {})
parts[#parts + 1] = fleetwise {
  decoder = "manifest-1",
  signals = {
    [1] = "driving.speed", [2] = "battery.state_of_charge", [3] = "locks.all", [4] = "doors.all_closed",
    [5] = "climate.target", [6] = "windows.front_left", [7] = "alarm.muted",
  },
}

return model { name = "campaign_car", parts = parts }
