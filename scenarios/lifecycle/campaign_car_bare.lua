-- No scenario, but a model of fleetwise.lua: nobody has said what its signals are called.

local compact = require "compact_ev"
local fleetwise = require "parts.fleetwise"

local parts = table.move(compact.parts, 1, #compact.parts, 1, {})
parts[#parts + 1] = fleetwise {}

return model { name = "campaign_car_bare", parts = parts }
