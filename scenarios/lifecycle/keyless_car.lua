-- The compact electric car, which makes no key for a new certificate: it downloads both from where the cloud says.

local certificate = require "parts.certificate"
local compact = require "compact_ev"

local parts = table.move(compact.parts, 1, #compact.parts, 1, {})
parts[#parts + 1] = certificate { csr = false }

return model { name = "keyless_car", title = "Compact EV that downloads its certificates", parts = parts }
