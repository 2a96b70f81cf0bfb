-- A fleet that lives its day: mixed models, each with somebody who drives it, at all hours, physics second by second.
-- With --vehicles 100 or more it takes five minutes; what it costs is in docs/performance.md.

local lives = {
  { "compact_ev", "commuter" }, { "compact_ev", "retired" }, { "long_range_saloon", "commuter" },
  { "plug_in_hybrid_suv", "commuter" }, { "combustion_van", "delivery" }, { "compact_ev", "commuter" },
  { "combustion_van", "delivery" }, { "long_range_saloon", "commuter" }, { "plug_in_hybrid_suv", "retired" },
  { "electric_bus", "bus" },
}

-- Each life at every hour, so that at any moment as many drive as do over a day.
local mix = {}
for hour = 0, 23 do
  for i, life in ipairs(lives) do
    local clock = string.format("%02d:%02d", hour, i * 37 % 60)
    mix[#mix + 1] = { model = life[1], state = { ["clock.time"] = clock, ["driver.rhythm"] = life[2] } }
  end
end
for i = #mix, 2, -1 do
  local j = i * 7919 % i + 1 -- shuffled, the same way every time
  mix[i], mix[j] = mix[j], mix[i]
end

-- What is under way already: more than on a day's average, an eighth is on the road and a sixth is charging.
local function begin(car, i)
  if i % 8 == 0 then
    -- Refused where somebody is getting in just now: that car will drive by itself.
    if pcall(car.drive_route, car, ({ "munich_commute", "motorway", "city_delivery", "bus_line" })[i // 8 % 4 + 1]) then
      car:switch_climate(true)
    end
  elseif i % 6 == 1 and car:has("charging.plugged") then
    car.state.battery.state_of_charge = 40
    pcall(car.plug_in, car, 11)
  end
end

scenario("a fleet lives its day", { timeout = 420, timeout_per_car = 0.1, alone = true }, function(t)
  local fleet = t:fleet { count = 20, mix = mix }
  local seconds = #fleet < 100 and 10 or 300
  fleet:wait_online(30 + 0.05 * #fleet)
  fleet:each(begin)
  local before = {}
  for i, car in ipairs(fleet) do
    before[i] = car:get("driving.odometer")
  end

  local began = os.clock()
  wait(seconds)
  local cost = (os.clock() - began) / seconds * 100
  local moved, driving, metres = 0, 0, 0
  for i, car in ipairs(fleet) do
    local way = car:get("driving.odometer") - before[i]
    t:is_true(way >= 0 and way < (seconds + 60) * 45, "the odometer never jumps")
    moved, metres = moved + (way > 0 and 1 or 0), metres + way
    driving = driving + (car:get("driving.ignition") == "on" and 1 or 0)
  end
  print(string.format("%d cars for %d s: %d moved, %d drive now, %.0f km, %.1f %% of a core", #fleet, seconds, moved,
    driving, metres / 1000, cost))
  t:is_true(#fleet < 240 or moved > 0, "somebody drives")
end)
