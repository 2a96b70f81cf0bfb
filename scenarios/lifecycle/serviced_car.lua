-- No scenario, but the model of diagnostics.lua: models are found beside the script that asks for them.

local compact = require "compact_ev"
local diagnostics = require "parts.diagnostics"

local parts = table.move(compact.parts, 1, #compact.parts, 1, {})
parts[#parts + 1] = diagnostics {
  routines = {
    seat_check = { safety = "STATIONARY", run = function() return { result = "PASSED", seats = 4 } end },
    broken = { safety = "INERT", run = function() error("the maker has forgotten something", 0) end },
  },
}

return model { name = "serviced_car", parts = parts }
