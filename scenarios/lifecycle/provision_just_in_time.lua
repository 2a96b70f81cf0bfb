-- A car with a certificate of its factory knocks for the first time: it is refused, registered, activated by whoever
-- is in charge, and gets in at a later attempt (contract 4.2, 4.3).

local numbers = 0

local function factory_name(t)
  numbers = numbers + 1
  return "plant-" .. numbers .. "-" .. t:random(1, 1000000000)
end

-- contract 4.2, steps 1 to 4.
scenario("an operator hears of it and lets it in", { timeout = 90 }, function(t)
  local app, factory = t:companion(), factory_name(t)
  local authority = app:register_factory(factory)
  local events = "$aws/events/certificates/registered/" .. authority

  app:subscribe(events)
  local car = t:vehicle { provision = { by = "just_in_time", factory = factory } }
  local event = decode_json(app:wait_message(events, 10).payload)
  t:equal(event.certificateId, car:certificate())
  t:equal(event.caCertificateId, authority)
  t:equal(event.certificateStatus, "PENDING_ACTIVATION")
  t:equal(app:certificate(car).status, "PENDING_ACTIVATION")
  t:not_equal(car.link, "online")

  app:create_thing(car, { attributes = { plant = factory } })
  app:attach_thing(car, car)
  app:attach_policy("vehicle", "cert/" .. car:certificate())
  app:set_certificate(car, "ACTIVE")
  car:wait_online(60)
  t:equal(app:certificate(car).caCertificateId, authority)
  t:equal(app:thing(car).connected, true)
end)

-- contract 4.2, step 5: every attempt re-publishes the event.
scenario("every attempt while it is pending is told again", { timeout = 60 }, function(t)
  local app, factory = t:companion(), factory_name(t)
  local authority = app:register_factory(factory)
  local events = "$aws/events/certificates/registered/" .. authority

  app:subscribe(events)
  t:vehicle { provision = { by = "just_in_time", factory = factory } }
  -- Events may come twice, and in any order.
  local told, count, registered = {}, 0, {}
  t:eventually(30, function()
    for _, message in ipairs(app:messages(events)) do
      local event = decode_json(message.payload)
      count = count + (told[event.timestamp] and 0 or 1)
      told[event.timestamp] = event.certificateId
      registered[event.certificateRegistrationTimestamp] = true
    end
    return count >= 3
  end)
  t:is_true(next(registered) and not next(registered, (next(registered))), "it was registered once")
end)

scenario("the cloud activates it after a while, but lets it do nothing", { timeout = 90 }, function(t)
  local app, factory = t:companion(), factory_name(t)

  app:register_factory(factory, { activate_after = 3 })
  local car = t:vehicle { provision = { by = "just_in_time", factory = factory } }
  t:eventually(30, function()
    local ok, certificate = pcall(app.certificate, app, car)
    return ok and certificate.status == "ACTIVE"
  end)
  t:not_equal(car.link, "online")
  app:create_thing(car)
  app:attach_thing(car, car)
  app:attach_policy("vehicle", "cert/" .. car:certificate())
  car:wait_online(60)
end)

-- contract 4.3: ACTIVE by the authority's template, though the first connection is dropped.
scenario("a template provisions it at once", { timeout = 60 }, function(t)
  local app, factory = t:companion(), factory_name(t)

  app:register_factory(factory, { template = "fleetsim-jit" })
  local car = t:vehicle { provision = { by = "just_in_time", factory = factory }, power = "off" }
  local stream = car:events("state", { to = "backing off" })
  car:power_on()
  local refused = stream:wait(10)
  t:equal(refused.from, "connecting")
  car:wait_online(30)
  t:equal(app:certificate(car).status, "ACTIVE")
  t:equal(app:thing(car).principals, { car:certificate() })
end)

scenario("an authority that nobody has registered", { timeout = 30 }, function(t)
  local car = t:vehicle { provision = { by = "just_in_time", factory = factory_name(t) } }

  t:never(5, function() return car.link == "online" end)
end)

scenario("an authority that does not register any more", { timeout = 90 }, function(t)
  local app, factory = t:companion(), factory_name(t)
  local authority = app:register_factory(factory, { registers = false, template = "fleetsim-jit" })
  local car = t:vehicle { provision = { by = "just_in_time", factory = factory } }

  t:never(5, function() return car.link == "online" end)
  app:update_authority(authority, { registers = true })
  car:wait_online(60)
end)
