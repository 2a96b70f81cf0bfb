-- A weekday morning: hardly anybody at first, then more and more who warm their cars up and unlock them, and drive
-- off.

load_profile("a morning rush", {
  vehicles = 2000,
  mix = { compact_ev = 5, plug_in_hybrid_suv = 3, long_range_saloon = 2 },
  commands = { per_car = 0.1, kinds = { locks = 3, climate = 2 } },
  telemetry = { per_car = 0.1 },
  phases = {
    { name = "early", duration = 20, commands = 0.1, telemetry = 0.2 },
    { name = "rush", duration = 40, commands = { 0.1, 1 }, telemetry = { 0.2, 1 } },
    { name = "peak", duration = 20 },
    { name = "settling", duration = 20, commands = { 1, 0.2 } },
  },
})
