-- The compact electric car, and it changes its certificate when a job says so: the part certificate handles AWS IoT
-- Jobs (docs/certificates.md).

local certificate = require "parts.certificate"
local compact = require "compact_ev"

local parts = table.move(compact.parts, 1, #compact.parts, 1, {})
parts[#parts + 1] = certificate {}

return model { name = "compact_ev_certified", title = "Compact EV with rotating certificates", parts = parts }
