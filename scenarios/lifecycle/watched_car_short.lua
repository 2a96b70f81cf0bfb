-- No scenario, but a model of defender.lua: its reports are CBOR, with short names.

local compact = require "compact_ev"
local defender = require "parts.defender"

local parts = table.move(compact.parts, 1, #compact.parts, 1, {})
parts[#parts + 1] = defender {
  first = 10, format = "cbor", names = "short",
  metrics = { total = function() return 7 end }, -- a name that reports have, too
}

return model { name = "watched_car_short", parts = parts }
