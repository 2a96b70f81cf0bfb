-- No scenario, but a model of fleetwise_manifests.lua: its signals are on a CAN bus, and only a manifest says where.

local compact = require "compact_ev"
local fleetwise = require "parts.fleetwise"

local parts = table.move(compact.parts, 1, #compact.parts, 1, {})
parts[#parts + 1] = fleetwise {
  bus = {
    { signal = "driving.speed", message_id = 0x101, start_bit = 0, length = 16, factor = 0.01 },
    { signal = "climate.target", message_id = 0x101, start_bit = 16, length = 8, factor = 0.5, offset = -40 },
    { signal = "battery.state_of_charge", message_id = 0x102, start_bit = 14, length = 10, factor = 0.1,
      is_big_endian = true },
    { signal = "doors.all_closed", message_id = 0x102, start_bit = 63, length = 1 },
    { signal = "locks.all", message_id = 0x102, start_bit = 60, length = 2,
      values = { unlocked = 1, locked = 2 } },
  },
}

return model { name = "campaign_car_bus", parts = parts }
