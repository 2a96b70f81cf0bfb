-- compact_ev whose locks need no time: what is left of a command is the simulator's own work.

local parts = {}
for i, name in ipairs { "doors", "windows", "climate", "lights", "horn", "battery", "charging", "driving", "tyres" } do
  parts[i] = require("parts." .. name) {}
end
parts[#parts + 1] = require "parts.locks" { motor_seconds = 0 }

return model { name = "quick_ev", title = "Compact EV with instant locks", parts = parts }
