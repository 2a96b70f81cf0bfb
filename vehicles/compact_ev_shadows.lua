-- The compact electric car of a platform that keeps comfort and charging in named shadows of their own: who may set the
-- cabin need not see where the car stands, and what charging reports does not count up everybody else's versions.

local charging = require "parts.charging"
local climate = require "parts.climate"
local compact = require "compact_ev"

local elsewhere = {
  climate = climate { heat_kilowatts = 5, cool_kilowatts = 4, shadow = "comfort" },
  charging = charging { limit = 80, ac_kilowatts = 11, dc_kilowatts = 100, shadow = "charging" },
}

local parts = {}
for i, part in ipairs(compact.parts) do
  parts[i] = elsewhere[part.name] or part
end

return model {
  name = "compact_ev_shadows", title = "Compact EV with named shadows", picture = { body = "hatch" }, parts = parts,
}
