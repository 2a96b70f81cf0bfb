-- A whole fleet loses its network at once, and gets it back at once. The size of the fleet is what --vehicles says,
-- else 1,000.

scenario("a thousand cars enter a dead zone at once and come back", {
  timeout = 180, alone = true, tags = { "large_fleet" },
}, function(t)
  t:needs_radio()
  t:needs_virtual_time()
  local fleet = t:fleet { count = 1000, radio = "lte_good", mqtt = { keep_alive = 10 } }

  fleet:wait_online(90)
  fleet:radio("garage")
  t:wait(20) -- keep-alives run out meanwhile
  for _, car in ipairs(fleet) do
    t:not_equal(car.link, "online")
  end
  fleet:radio("lte_good")
  fleet:wait_online(90)
end)
