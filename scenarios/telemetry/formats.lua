-- What a car collects arrives, in every format, as it was.

local signals = { "driving.speed", "battery.state_of_charge", "locks.all", "charging.plugged", "position.latitude" }

local function read(t, app, car, key)
  local message = app:wait_message("dt/fleetsim/" .. car.name .. "/#")
  local report, why = decode_telemetry(message, key)
  t:is_true(report, why)
  return report, message
end

-- The last value of each signal.
local function values(report)
  local last = {}
  for _, sample in ipairs(report.samples) do
    last[sample.signal] = sample.value
  end
  return last
end

local function try(t, options, content_type)
  local car = t:vehicle { state = { ["battery.state_of_charge"] = 61.5 } }
  local app = t:companion()
  app:subscribe("dt/fleetsim/" .. car.name .. "/#")
  car:wait_online()

  options.signals, options.every, options.batch = signals, 1, { count = 3 * #signals }
  car:collect(options)
  local report, message = read(t, app, car)

  t:equal(report.format, options.format)
  t:equal(report.thing, car.name)
  t:equal(report.seq, 0)
  t:equal(#report.samples, 3 * #signals)
  t:equal(message.topic, "dt/fleetsim/" .. car.name .. "/telemetry")
  if message.content_type then -- not on MQTT 3.1.1
    t:equal(message.content_type, content_type)
    t:equal(message.user.format, options.format .. "/1")
    t:equal(message.user.model, "compact_ev")
    t:equal(message.user["content-encoding"], report.compressed and "deflate" or nil)
  end
  local apart = report.samples[2 * #signals + 1].time - report.samples[1].time
  t:near(apart, 2, t:is_virtual() and 0.5 or 1.5, "each sample has its own time")
  local seen = values(report)
  for _, signal in ipairs(signals) do
    t:equal(seen[signal], car:get(signal), signal)
  end
  return report, message
end

scenario("JSON arrives as it was", function(t)
  try(t, { format = "json" }, "application/json")
end)

scenario("CBOR arrives as it was", function(t)
  try(t, { format = "cbor" }, "application/cbor")
end)

scenario("the compact format arrives as it was, and is the smallest", function(t)
  local _, compact = try(t, { format = "compact" }, "application/vnd.fleetsim.telemetry")
  local _, cbor = try(t, { format = "cbor" }, "application/cbor")
  local _, json = try(t, { format = "json" }, "application/json")

  t:is_true(#compact.payload < #cbor.payload and #cbor.payload < #json.payload)
end)

scenario("a compressed batch is smaller, and says so", function(t)
  local report, message = try(t, { format = "json", compress = "deflate" }, "application/json")
  local _, plain = try(t, { format = "json" }, "application/json")

  t:is_true(report.compressed)
  t:is_true(#message.payload < #plain.payload / 2, "deflate halves JSON")
end)

scenario("what a car drives is in its telemetry: by change, with a deadband", function(t)
  local car = t:vehicle()
  local app = t:companion()
  app:subscribe("dt/fleetsim/" .. car.name .. "/#")
  car:wait_online()
  car:collect { signals = { "driving.speed" }, on_change = 5, batch = { count = 3 } }
  for _, speed in ipairs { 3, 6, 8, 10.5, 12 } do
    car:set("driving.speed", speed)
  end

  local report = read(t, app, car)
  local seen = {}
  for i, sample in ipairs(report.samples) do
    seen[i] = sample.value
  end
  t:equal(seen, { 0, 6, 12 }, "steps of at least 5 km/h")
end)

scenario("a topic by template, in basic ingest of AWS IoT as well", function(t)
  t:needs_local_cloud() -- its rule "republish"
  local car = t:vehicle()
  local app = t:companion()
  app:subscribe("dt/fleetsim/" .. car.name .. "/#")
  car:wait_online()
  car:collect {
    signals = { "driving.speed" }, every = 1, batch = { count = 1 }, kind = "trip",
    topic = "$aws/rules/republish/dt/fleetsim/{thing}/{model}/{kind}",
  }

  local message = app:wait_message("dt/fleetsim/" .. car.name .. "/compact_ev/trip")
  t:equal(decode_telemetry(message).samples[1].signal, "driving.speed")

  car:collect {
    signals = { "driving.speed" }, every = 0.5, batch = { count = 1 },
    topic = "$aws/rules/nobody/dt/fleetsim/{thing}/lost",
  }
  t:wait(1.2)
  t:equal(car.link, "online", "an unknown rule is no reason to hang up")
  t:equal(#app:messages("dt/fleetsim/" .. car.name .. "/lost"), 0)
end)

scenario("what is wrong with the options is said", function(t)
  local car = t:vehicle { power = "off" }
  local function refused(options, pattern)
    local ok, why = pcall(car.collect, car, options)
    t:is_true(not ok)
    t:match(why, pattern)
  end

  refused({ signals = { "driving.sped" }, every = 1 }, "no signal 'driving.sped'")
  refused({ signals = { "driving.speed" } }, "when to collect")
  refused({ signals = { "driving.speed" }, every = 1, format = "xml" }, "json, cbor or compact")
  refused({ signals = { "driving.speed" }, evry = 1 }, "evry")
  refused({ signals = { "driving.speed" }, every = 1, encrypt = { "driving.speed" }, key = "short" }, "64 hexadecimal")
  refused({ campaigns = false }, "nothing to collect")
end)
