-- A third of the cars has no network for a while, as when a region's masts are out, and comes back; people notice, and
-- send their commands again.

load_profile("a region without network", {
  vehicles = 1000,
  commands = { per_car = 0.03, patience = 60 },
  telemetry = { per_car = 0.05 },
  phases = {
    { name = "before", duration = 15 },
    { name = "outage", duration = 20, outage = 1 / 3 },
    { name = "return", duration = 25, commands = { 2, 1 } },
  },
})
