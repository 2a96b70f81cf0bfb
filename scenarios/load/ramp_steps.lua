-- A fleet that grows in five steps, with the same load for each car: where the percentiles bend is what the cloud
-- carries.

load_profile("a fleet in steps", {
  vehicles = 2000,
  ramp = { spread = 10 },
  commands = { per_car = 0.1 },
  telemetry = { per_car = 0.05 },
  phases = {
    { name = "20 %", duration = 30, vehicles = 0.2, commands = 0.2, telemetry = 0.2 },
    { name = "40 %", duration = 30, vehicles = 0.4, commands = 0.4, telemetry = 0.4 },
    { name = "60 %", duration = 30, vehicles = 0.6, commands = 0.6, telemetry = 0.6 },
    { name = "80 %", duration = 30, vehicles = 0.8, commands = 0.8, telemetry = 0.8 },
    { name = "100 %", duration = 30, vehicles = 1, commands = 1, telemetry = 1 },
  },
})
