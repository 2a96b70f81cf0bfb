-- Every car loses its connection at the same moment, as when a broker fails over, and all want back in while people go
-- on sending commands.

load_profile("a reconnect storm", {
  vehicles = 1000,
  commands = { per_car = 0.03, patience = 60 },
  phases = {
    { name = "before", duration = 15 },
    { name = "storm", duration = 30, storm = 1 },
    { name = "after", duration = 15 },
  },
})
