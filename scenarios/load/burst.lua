-- Everybody at once: a calm evening, ten times the commands for ten seconds, and how long it takes until it is calm
-- again.

load_profile("a burst of commands", {
  vehicles = 1000,
  commands = { per_car = 0.03 },
  phases = {
    { name = "calm", duration = 20 },
    { name = "burst", duration = 10, commands = 10 },
    { name = "recovery", duration = 30 },
  },
})
