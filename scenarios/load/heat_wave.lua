-- The first hot afternoon: within a minute nearly everybody has the cabin cooled before getting in, by desired state.

load_profile("everybody preconditions", {
  vehicles = 1000,
  mix = { compact_ev = 4, long_range_saloon = 2, plug_in_hybrid_suv = 2, electric_bus = 1 },
  state = { ["climate.outside_temperature"] = 36 },
  commands = { per_car = 0.1, kinds = { climate = 9, locks = 1 }, by = "shadow" },
  phases = {
    { name = "noon", duration = 15, commands = 0.1 },
    { name = "everybody", duration = 40, commands = { 0.1, 1 } },
    { name = "evening", duration = 15, commands = 0.1 },
  },
})
