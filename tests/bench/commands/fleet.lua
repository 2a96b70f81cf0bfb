-- The fleet of fleetsim-bench-commands; --vehicles says how large. The program sends the commands.

scenario("cars that obey", { timeout = 86400 }, function(t)
  t:fleet { model = "quick_ev" }
  t:wait(86400)
end)
