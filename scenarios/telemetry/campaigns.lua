-- The cloud tells a car what to collect, and when; the car says what became of it.

local function ready(t, options)
  local car = t:vehicle { state = options and options.state }
  local app = t:companion()
  app:subscribe { "dt/fleetsim/" .. car.name .. "/telemetry", "dt/fleetsim/" .. car.name .. "/campaigns" }
  car:wait_online()
  return car, app
end

local function order(app, car, document)
  app:publish("cmd/fleetsim/" .. car.name .. "/config", document, { retain = true })
end

-- The car's word on its campaigns that matches; earlier ones may come again (QoS 1).
local function answer(app, pattern)
  local text
  repeat
    text = app:wait_message("dt/fleetsim/+/campaigns").payload
  until text:find(pattern)
  return text
end

local function next_report(t, app)
  local report, why = decode_telemetry(app:wait_message("dt/fleetsim/+/telemetry", 20))
  t:is_true(report, why)
  return report
end

scenario("a campaign by time, retained for a car that is not there yet", function(t)
  local car = t:vehicle { power = "off" }
  local app = t:companion()
  app:subscribe { "dt/fleetsim/" .. car.name .. "/telemetry", "dt/fleetsim/" .. car.name .. "/campaigns" }
  order(app, car, {
    token = "t1",
    campaigns = { { id = "speed-1", signals = { "driving.speed", "Vehicle.TraveledDistance" }, every = 0.5 } },
  })
  car:power_on()
  car:wait_online()
  car:collect { batch = { count = 6 } }

  t:match(answer(app, '^{"status":"ACCEPTED","token":"t1"'), '{"id":"speed%-1","status":"ACTIVE"}')
  local report = next_report(t, app)
  t:equal(report.campaign, "speed-1")
  t:equal(#report.samples, 6)
  t:equal(report.samples[2].signal, "driving.odometer", "named by its VSS path")
  t:near(report.samples[5].time - report.samples[1].time, 1, t:is_virtual() and 0.3 or 0.9) -- how busy the machine is

  order(app, car, "")
  answer(app, '"campaigns":%[%]')
  t:wait(1)
  app:messages()
  local before = #app:messages("dt/fleetsim/+/telemetry")
  t:wait(1.5)
  t:equal(#app:messages("dt/fleetsim/+/telemetry"), before, "none is left")
end)

scenario("a campaign by event has the seconds before it and after it", function(t)
  local car, app = ready(t)
  car:collect { batch = { count = 1000, seconds = 1000 } }
  order(app, car, {
    campaigns = {
      {
        id = "speeding", signals = { "driving.speed" }, when = 'driving.speed > 50 && locks.all != "ajar" || false',
        every = 0.2, before = 1, after = 0.6,
      },
    },
  })
  answer(app, "REJECTED") -- the condition is no condition
  order(app, car, {
    campaigns = {
      {
        id = "speeding", signals = { "driving.speed" }, when = "driving.speed > 50 && !(charging.plugged == true)",
        every = 0.2, before = 1, after = 0.6,
      },
    },
  })
  answer(app, "ACTIVE")
  car:set("driving.speed", 30)
  t:wait(2)
  t:equal(#app:messages("dt/fleetsim/+/telemetry"), 0, "30 km/h is no event")
  car:set("driving.speed", 80)
  t:wait(1)
  car:set("driving.speed", 40)

  local report = next_report(t, app)
  t:equal(report.campaign, "speeding")
  local before, during, after = 0, 0, 0
  for _, sample in ipairs(report.samples) do
    before = before + (sample.value == 30 and 1 or 0)
    during = during + (sample.value == 80 and 1 or 0)
    after = after + (sample.value == 40 and 1 or 0)
  end
  local late = t:is_virtual() and 0 or 3 -- a busy machine takes samples late
  t:near(before, 5, 1 + late, "one second before")
  t:near(during, 6, 2 + late, "one second of it")
  t:near(after, 3, 1 + late, "0.6 s after")
  t:equal(report.samples[1].value, 30)
  t:equal(report.samples[#report.samples].value, 40)
end)

scenario("a bad campaign is refused with a reason, and the others go on", function(t)
  local car, app = ready(t)
  car:collect {}
  local bad = {
    { { id = "a", signals = { "driving.sped" }, every = 1 }, "no signal 'driving.sped' in model compact_ev" },
    { { id = "a", signals = { "driving.speed" } }, "when to collect" },
    { { id = "a", signals = { "driving.speed" }, every = -1 }, "every: a number" },
    { { id = "a b", signals = { "driving.speed" }, every = 1 }, "id: 1 to 64 letters" },
    { { id = "a", signals = { "driving.speed" }, when = "driving.speed >" }, "when: a number expected" },
    { { id = "a", signals = { "driving.speed" }, when = 'locks.all == "ajar"' }, "locks.all is never" },
    { { id = "a", signals = { "driving.speed" }, when = "os.exit()" }, "no signal 'os.exit'" },
    { { id = "a", signals = { "driving.speed" }, evry = 1 }, "evry: not a member" },
  }
  local good = { id = "good", signals = { "driving.speed" }, every = 1 }
  for _, case in ipairs(bad) do
    order(app, car, { campaigns = { case[1], good } })
    local text = answer(app, '"status":"REJECTED","reason":"[^}]*' .. case[2]:gsub("%p", "%%%0"))
    t:match(text, '{"id":"good","status":"ACTIVE"}')
  end
  for _, document in ipairs { "{", "[]", '{"campaigns":1}', '{"campaigns":{}}', ("["):rep(200) } do
    order(app, car, document)
    answer(app, '^{"status":"REJECTED"')
  end
end)

scenario("a campaign ends when it is to", function(t)
  local car, app = ready(t)
  car:collect { batch = { count = 1000, seconds = 1000 } }
  order(app, car, {
    campaigns = { { id = "short", signals = { "driving.speed" }, every = 0.5, ["until"] = os.time() + 4 } },
  })
  answer(app, "ACTIVE")

  answer(app, '{"id":"short","status":"ENDED"}')
  local report = next_report(t, app)
  t:is_true(#report.samples >= 3, "what it had collected comes at its end")
end)
