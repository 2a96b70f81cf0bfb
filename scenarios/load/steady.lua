-- A steady load: a thousand compact cars, and people who lock and unlock them, each car every twenty seconds. It is
-- what `fleetsim load` runs when no profile is named.

load_profile("a steady load", {
  vehicles = 1000,
  mix = { compact_ev = 1 },
  warm_up = 10,
  duration = 60,
  commands = { per_car = 0.05, arrivals = "poisson", kinds = { locks = 1 } },
})
