-- A car reports to AWS IoT Device Defender every five minutes; one that misbehaves is noticed, and put into quarantine.

local interval = 300

local function watched(t, behavior, more)
  t:needs_virtual_time()
  local car = t:vehicle { model = "watched_car" }
  local app = t:companion()
  local profile = more or {}
  profile.behaviors, profile.cars = { behavior }, { car }
  app:put_security_profile("of-" .. car.name, profile)
  app:subscribe("fleetsim/defender/alerts/" .. car.name)
  car:wait_online()
  car:wait_until(function() return car.state.defender.status == "ACCEPTED" end, interval)
  return car, app
end

local heard = {}

-- The next alert of the car; one that is delivered once more is not next.
local function wait_alert(app, car, kind)
  local payload
  repeat
    payload = app:wait_message("fleetsim/defender/alerts/" .. car.name, 4 * interval).payload
  until payload ~= heard[car.name]
  heard[car.name] = payload
  local alert = decode_json(payload)
  if alert.violationEventType ~= kind then
    error("expected " .. kind .. ", saw " .. alert.violationEventType)
  end
  return alert
end

-- What an operator asks of the cloud's registry.
local function ask(app, topic, document)
  app:subscribe(topic .. "/+")
  app:publish(topic, document or {}, { qos = 1 })
  return decode_json(app:wait_message(topic .. "/accepted").payload)
end

-- contract 5: long keys and short keys.
scenario("a {model} reports, and its report is taken", {
  cases = { { model = "watched_car" }, { model = "watched_car_short" } },
}, function(t, case)
  t:needs_virtual_time()
  local car = t:vehicle { model = case.model }
  car:wait_online()
  for _ = 1, 3 do
    car:wait_event("signal", { path = "defender.report_id" }, 2 * interval)
    car:wait_until(function() return car.state.defender.status == "ACCEPTED" end)
    car:set("defender.status", "")
  end
end)

scenario("a custom metric keeps its name in a report with short names", function(t)
  t:needs_virtual_time()
  local car, app = t:vehicle { model = "watched_car_short" }, t:companion()
  app:put_security_profile("seven", { behaviors = { { metric = "total", less_than = 7 } }, cars = car })
  app:subscribe("fleetsim/defender/alerts/" .. car.name)
  car:wait_online()
  t:equal(wait_alert(app, car, "in-alarm").metricValue.count, 7)
end)

-- contract 5: network_stats "are deltas since the previous report".
scenario("the first report after a loss of power counts from then on", function(t)
  local car, app = watched(t, { metric = "aws:all-bytes-out", less_than = 100000 })

  t:wait(10)
  car:leak(300000)
  t:wait(5)
  car:power_off()
  t:wait(interval)
  car:power_on()
  car:wait_online()
  car:set("defender.status", "")
  car:wait_until(function() return car.state.defender.status == "ACCEPTED" end, 2 * interval)
  t:equal(#app:violations(car), 0)
end)

scenario("a profile for more cars than one message holds says what to do", function(t)
  local app, names = t:companion(), {}
  for i = 1, 6600 do
    names[i] = string.format("WFSCPMSC6TA%06d", i)
  end
  local ok, why = pcall(app.put_security_profile, app, "many", {
    behaviors = { { metric = "total", less_than = 7 } }, cars = names,
  })
  t:equal(ok, false)
  t:match(why, "6600 do not fit into one message %(leave cars away")
end)

-- contract 5: "At most one report per 300 s per device".
scenario("a report that comes too soon is throttled", function(t)
  t:needs_virtual_time()
  local car = t:vehicle()
  local topic = "$aws/things/" .. car.name .. "/defender/metrics/json"
  local function send(id)
    car:publish(topic, {
      header = { report_id = id, version = "1.0" }, custom_metrics = { seats = { { number = 4 } } },
    })
    return decode_json(car:wait_message(topic .. "/+").payload)
  end

  car:wait_online()
  car:subscribe { topic .. "/accepted", topic .. "/rejected" }
  t:equal(send(1).status, "ACCEPTED")
  t:wait(200)
  t:equal(send(2).statusDetails.ErrorCode, "Throttled")
  t:wait(100)
  t:equal(send(3).status, "ACCEPTED")
end)

-- contract 5: one of metrics and custom_metrics must be there.
scenario("a report that says nothing is rejected", function(t)
  local car = t:vehicle()
  local topic = "$aws/things/" .. car.name .. "/defender/metrics/json"

  car:wait_online()
  car:subscribe(topic .. "/rejected")
  car:publish(topic, { header = { report_id = 1, version = "1.0" } })
  local answer = decode_json(car:wait_message(topic .. "/rejected").payload)
  t:equal(answer.statusDetails.ErrorCode, "InvalidPayload")
  t:equal(answer.thingName, car.name)
end)

scenario("a port that nobody has opened raises an alarm", function(t)
  local car, app = watched(t, { name = "ports", metric = "aws:listening-tcp-ports", in_port_set = { 22, 443 } })

  car:open_port(23)
  local alert = wait_alert(app, car, "in-alarm")
  t:equal(alert.metricValue.ports, { 22, 23 })
  car:power_off()
  car:power_on()
  wait_alert(app, car, "alarm-cleared")
  t:equal(#app:violations(car), 2)
end)

scenario("a profile of a dynamic group is for whoever is in it", function(t)
  t:needs_virtual_time()
  local car, app = t:vehicle { model = "watched_car" }, t:companion()
  local plant = "plant-" .. t:random(1000000000)
  local group = app:create_group(plant, { query = "attributes.plant:" .. plant })

  app:put_security_profile(plant, {
    behaviors = { { metric = "aws:num-listening-tcp-ports", less_than = 1 } }, targets = { "thing/nobody" },
  })
  app:attach_security_profile(plant, group)
  app:subscribe("fleetsim/defender/alerts/" .. car.name)
  car:wait_online()
  t:wait(2 * interval)
  t:equal(#app:violations(car), 0)
  app:set_thing(car, { attributes = { plant = plant } })
  t:equal(wait_alert(app, car, "in-alarm").securityProfileName, plant)
  app:set_thing(car, { attributes = { plant = "" } })
  wait_alert(app, car, "alarm-invalidated")
  app:delete_security_profile(plant)
end)

scenario("a scan of the neighbourhood is seen, and over with the next report", function(t)
  local car, app = watched(t, {
    name = "the cloud alone", metric = "aws:destination-ip-addresses", in_cidr_set = { "192.0.2.0/24" },
  })

  car:scan_ports(20)
  t:equal(#wait_alert(app, car, "in-alarm").metricValue.cidrs, 21)
  wait_alert(app, car, "alarm-cleared")
end)

scenario("data that leaks raises an alarm when it goes on", function(t)
  local car, app = watched(t, {
    name = "talks little", metric = "aws:all-bytes-out", less_than = 200000, alarm_after = 2,
  })

  car:leak(300000)
  t:wait(interval + 10)
  t:equal(#app:violations(car), 0)
  car:leak(300000)
  t:wait(interval)
  car:leak(300000)
  t:is_true(wait_alert(app, car, "in-alarm").metricValue.count > 300000)
end)

scenario("a car that comes and goes all the time raises an alarm", function(t)
  local car, app = watched(t, {
    name = "stays", metric = "aws:num-connection-attempts", less_than = 5,
  })

  car:flood_connections(8)
  t:is_true(wait_alert(app, car, "in-alarm").metricValue.count >= 8)
end)

scenario("a car that has drawn attention is put into a group", function(t)
  local car, app = watched(t, { metric = "aws:num-listening-tcp-ports", less_than = 2 }, {
    mitigations = { "ADD_THINGS_TO_THING_GROUP" }, group = "watched",
  })

  car:open_port(4444)
  wait_alert(app, car, "in-alarm")
  local things = ask(app, "fleetsim/groups/watched/things").things
  t:match(table.concat(things, " "), car.name)
end)

scenario("a car that goes where it must not is put into quarantine until somebody lets it out", { timeout = 60 },
  function(t)
    local car, app = watched(t, { metric = "aws:num-authorization-failures", less_than = 3 }, {
      mitigations = { "UPDATE_DEVICE_CERTIFICATE" },
    })

    car:trespass(4)
    t:is_true(wait_alert(app, car, "in-alarm").metricValue.count >= 3)
    car:wait_until(function() return car.link ~= "online" end)
    t:never(120, function() return car.link == "online" end)

    local id = ask(app, "fleetsim/things/" .. car.name .. "/get").thing.principals[1]
    t:equal(ask(app, "fleetsim/certificates/" .. id .. "/get").certificate.status, "INACTIVE")
    ask(app, "fleetsim/certificates/" .. id .. "/update", { status = "ACTIVE" })
    car:wait_online(120)
  end)
