-- The compact electric car, and its software comes over the air: the part update handles AWS IoT Jobs (docs/jobs.md).

local update = require "parts.update"
local compact = require "compact_ev"

local parts = table.move(compact.parts, 1, #compact.parts, 1, {})
parts[#parts + 1] = update {}

return model { name = "compact_ev_ota", title = "Compact EV with updates over the air", parts = parts }
