-- Telemetry: what the car collects and sends of its own accord, and the campaigns that it takes from
-- the cloud. Options, formats and campaigns: docs/telemetry.md.
--
--   telemetry {
--     format = "compact", every = 10, signals = { "driving.speed", "position.latitude" },
--     rules = { { signals = { "locks.all" }, on_change = true } },
--   }

return part("telemetry", function(options)
  return {
    start = function(car)
      car:collect(options)
    end,
  }
end)
