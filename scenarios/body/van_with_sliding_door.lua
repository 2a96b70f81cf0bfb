-- No scenario, but the model of sliding_door.lua: models are found beside the script that asks for them.

local doors = require "parts.doors"
local locks = require "parts.locks"
local sliding_door = require "parts.sliding_door"

return model {
  name = "van_with_sliding_door",
  parts = { doors {}, locks {}, sliding_door { door = "rear_right", seconds = 6 } },
}
