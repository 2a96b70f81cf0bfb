-- No scenario, but the model of defender.lua: models are found beside the script that asks for them.

local compact = require "compact_ev"
local defender = require "parts.defender"

local parts = table.move(compact.parts, 1, #compact.parts, 1, {})
parts[#parts + 1] = defender {
  first = 10, tcp_ports = { 22 },
  metrics = { charge = "battery.state_of_charge", apps = function() return { "maps", "music" } end },
}

return model { name = "watched_car", parts = parts }
