-- A car whose clock is wrong trusts no cloud: it says why, backs off, and comes online once GNSS or the network has
-- told it the time.

local year = 365 * 86400

-- What it says about the cloud's certificate, and by which clock.
local function tells(t, failed, why)
  local detail = failed:wait(30).detail
  t:match(detail, "certificate verify failed: " .. why)
  t:match(detail, "the car's clock says %d%d%d%d%-")
end

for why, offset in pairs { ["certificate is not yet valid"] = -5 * year, ["certificate has expired"] = 5 * year } do
  scenario("a car to whose clock the cloud's " .. why, { timeout = 90 }, function(t)
    local car = t:vehicle { clock = { offset = offset }, power = "off" }
    local app = t:companion()
    local failed = car:events("note", { note = "connection failed" })
    app:subscribe("$aws/events/presence/connected/" .. car.name)
    car:power_on()
    tells(t, failed, why)
    t:never(5, function() return car.link == "online" end)
    t:equal(car:clock_offset(), offset)
    t:equal(#app:messages("$aws/events/presence/connected/" .. car.name), 0)
    -- The time has come, and the next attempt succeeds.
    car:set_clock(0)
    car:wake()
    car:wait_online(30)
    app:wait_message("$aws/events/presence/connected/" .. car.name, 10)
  end)
end

scenario("a clock that is lost on the way", { timeout = 150 }, function(t)
  local car = t:vehicle { model = "compact_ev" }
  local app = t:companion()
  car:wait_online()
  -- The connection was made by the right clock, and stays.
  car:set_clock(-20 * year)
  app:desire(car, { locks = { all = "locked" } })
  t:eventually(20, function() return car.state.locks.front_left == "locked" end)
  local failed = car:events("note", { note = "connection failed" })
  car:power_off()
  car:power_on()
  tells(t, failed, "certificate is not yet valid")
  -- Told by the network, while it backs off: it comes online by itself.
  t:wait(3)
  car:set_clock(0)
  car:wait_online(70)
end)

scenario("a clock that is an hour wrong does no harm", function(t)
  for _, offset in ipairs { -3600, 3600 } do
    t:vehicle { clock = { offset = offset } }:wait_online(30)
  end
end)

scenario("a batch of cars that were parked for years", { timeout = 90 }, function(t)
  local cars = t:fleet { count = 6, mix = { {}, { clock = { offset = -10 * year } }, { clock = { offset = 0 } } } }
  local sleepers = cars:filter(function(car) return car:clock_offset() ~= 0 end)
  t:equal(#sleepers, 2)
  cars:filter(function(car) return car:clock_offset() == 0 end):each(function(car) car:wait_online(30) end)
  sleepers:each(function(car)
    t:never(3, function() return car.link == "online" end)
    car:set_clock(0):wait_online(70)
  end)
end)
