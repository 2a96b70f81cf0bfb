-- What was collected without a network arrives later, in order, with its own times.

local function watched(t)
  local car = t:vehicle()
  local app = t:companion()
  app:subscribe("dt/fleetsim/" .. car.name .. "/telemetry")
  car:wait_online()
  return car, app
end

-- Reads until a sample that was taken at `time` or later has come.
local function read_until(t, app, time)
  local samples, dropped, seq = {}
  repeat
    local report = decode_telemetry(app:wait_message("dt/fleetsim/+/telemetry", 30))
    if not seq or report.seq > seq then -- QoS 1: some come twice
      t:is_true(not seq or report.seq == seq + 1, "no batch is missing")
      seq, dropped = report.seq, report.dropped
      table.move(report.samples, 1, #report.samples, #samples + 1, samples)
    end
  until samples[#samples].time >= time
  return samples, dropped
end

-- Drops the connection again and again, so that for so long not a word gets through.
local function outage(t, car, seconds)
  local ends = t:now() + seconds
  while t:now() < ends do
    car:drop_connection()
    car:wait_change(ends - t:now())
  end
end

for _, try in ipairs { { every = 0.2, seconds = 3 }, { every = 5, seconds = 600, virtual = true } } do
  scenario(try.seconds .. " s offline: all arrives in its order with its own times", { timeout = 60 }, function(t)
    if try.virtual and not t:is_virtual() then
      t:skip("takes ten minutes unless time is virtual")
    end
    local car, app = watched(t)
    car:collect {
      signals = { "driving.speed" }, every = try.every, batch = { count = 4, seconds = 4 * try.every },
    }
    app:wait_message("dt/fleetsim/+/telemetry", 30)
    local began = os.time()
    outage(t, car, try.seconds)
    local ended = os.time()
    car:wait_online(60)

    local samples, dropped = read_until(t, app, ended)
    t:equal(dropped, 0)
    t:is_true(samples[1].time < began + 1 + 3 * try.every and #samples >= (try.seconds - 1) / try.every - 4)
    -- A busy machine takes a sample late; in virtual time none is.
    local late = t:is_virtual() and math.max(0.15, try.every / 20) or 1
    for i = 2, #samples do
      local apart = samples[i].time - samples[i - 1].time
      t:is_true(apart > 0 and apart < try.every + late, "nothing is missing: " .. apart .. " s")
    end
  end)
end

-- The first batch after number `seq`: one whose acknowledgement was lost comes twice (QoS 1).
local function read_after(app, seq)
  while true do
    local report = decode_telemetry(app:wait_message("dt/fleetsim/+/telemetry"))
    if report.seq > seq then
      return report
    end
  end
end

scenario("beyond the ceiling the oldest samples go, and the car says how many", function(t)
  local car, app = watched(t)
  car:collect {
    signals = { "driving.odometer" }, on_change = true, batch = { count = 10, seconds = 1 }, offline = { samples = 10 },
  }
  read_after(app, -1)
  car:sleep()
  car:power_off()
  local silent = car.link
  t:equal(silent, "off")
  car:power_on()
  for metres = 1, 25 do
    car:set("driving.odometer", metres)
  end
  t:not_equal(car.link, "online")
  car:wait_online()

  local report = read_after(app, 0)
  t:equal(#report.samples, 10)
  t:equal(report.samples[1].value, 16, "1 to 15 had to go")
  t:equal(report.samples[10].value, 25)
  t:equal(report.dropped, 15)
end)

scenario("what waits survives sleep, and a loss of power if it is to", function(t)
  for _, persist in ipairs { true, false } do
    local car, app = watched(t)
    car:collect {
      signals = { "driving.odometer" }, on_change = true, batch = { count = 100, seconds = 1 },
      offline = { persist = persist },
    }
    read_after(app, -1)
    car:set("driving.odometer", 17)
    car:disconnect()
    t:equal(car.link, "asleep")
    car:set("driving.odometer", 18) -- the TCU is asleep: nobody notes it
    car:power_off()
    car:power_on()
    car:wait_online()

    local report = read_after(app, 0)
    t:equal(report.samples[1].value, persist and 17 or 18)
    t:equal(report.dropped, persist and 0 or 1)
  end
end)
