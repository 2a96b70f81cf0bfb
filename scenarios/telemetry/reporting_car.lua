-- No scenario, but the model of in_a_model.lua: models are found beside the script that asks for them.

local driving = require "parts.driving"
local locks = require "parts.locks"
local telemetry = require "parts.telemetry"

return model {
  name = "reporting_car",
  parts = {
    driving {},
    locks {},
    telemetry {
      campaigns = false, batch = { count = 1 },
      rules = { { signals = { "locks.all" }, on_change = true }, { signals = { "driving.odometer" }, every = 3600 } },
    },
  },
}
