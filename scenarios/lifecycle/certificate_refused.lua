-- A certificate that is revoked, deactivated, expired, not valid yet, or of an authority that nobody knows: what the
-- car sees, and what the cloud sees, each by its name (contract 4.4, 6.1, 7.3).

local function app_that_hears(t, ...)
  local app = t:companion()
  for _, topic in ipairs { ... } do
    app:subscribe(topic)
  end
  return app
end

-- Why it does not connect; Paho says no more than that it does not.
local function tells(t, failed, why)
  local detail = failed:wait(30).detail
  if not detail:find("cannot connect: TCP", 1, true) then
    t:match(detail, why)
  end
end

for _, status in ipairs { "REVOKED", "INACTIVE" } do
  -- contract 4.4: "Leaving ACTIVE disconnects existing sessions".
  scenario("a certificate that becomes " .. status .. " while its car is connected", { timeout = 90 }, function(t)
    local car = t:vehicle()
    local app = app_that_hears(t, "$aws/events/presence/disconnected/" .. car.name)
    car:wait_online()
    app:subscribe("fleetsim/certificates/" .. car:certificate() .. "/refused")
    local lost = car:events("note", { note = "connection lost" })
    local failed = car:events("note", { note = "connection failed" })
    app:set_certificate(car, status)
    -- The session ends, the cloud says that it was the one who ended it, and the car gets in no more: the TLS handshake
    -- succeeds, and the connection is closed without a word of MQTT.
    lost:wait(60)
    local gone = decode_json(app:wait_message("$aws/events/presence/disconnected/" .. car.name, 10).payload)
    t:equal(gone.disconnectReason, "SERVER_INITIATED_DISCONNECT")
    t:equal(gone.principalIdentifier, car:certificate())
    tells(t, failed, "closed")
    local refused = decode_json(app:wait_message("fleetsim/certificates/+/refused", 10).payload)
    t:equal(refused.status, status)
    t:equal(refused.clientId, car.name)
    t:equal(refused.certificateId, car:certificate())
    t:never(5, function() return car.link == "online" end)
    -- What is only INACTIVE can be undone.
    if status == "INACTIVE" then
      app:set_certificate(car, "ACTIVE")
      car:wake() -- its back-off has become long
      car:wait_online(70)
    end
  end)
end

for validity, says in pairs { expired = "certificate expired", not_yet_valid = "bad certificate" } do
  -- contract 4.4: an expired certificate is refused.
  scenario("a certificate that is " .. validity, function(t)
    local car = t:vehicle { provision = { by = "known", validity = validity }, power = "off" }
    local app = app_that_hears(t, "$aws/events/presence/#")
    local failed = car:events("note", { note = "connection failed" })
    car:power_on()
    -- TLS ends it by name; the cloud never hears of the car: "TLS-level failures raise nothing" (contract 2.3).
    tells(t, failed, says)
    t:never(5, function() return car.link == "online" end)
    t:equal(#app:messages("$aws/events/presence/+/" .. car.name), 0)
  end)
end

-- contract 4.4: "TLS failures (unknown CA, …)".
scenario("a certificate of an authority that nobody knows", function(t)
  local nobody = "nobody-" .. t:random(1, 1000000000)
  local car = t:vehicle { provision = { by = "just_in_time", factory = nobody }, power = "off" }
  local app = app_that_hears(t, "$aws/events/presence/#")
  local failed = car:events("note", { note = "connection failed" })
  car:power_on()
  tells(t, failed, "unknown ca")
  t:never(5, function() return car.link == "online" end)
  t:equal(#app:messages("$aws/events/presence/+/" .. car.name), 0)
end)

scenario("a certificate that was revoked is not taken back by a rotation", { timeout = 60 }, function(t)
  local car = t:vehicle { model = "compact_ev_certified" }
  local app = t:companion()
  car:wait_online()
  local old = car:certificate()
  t:equal(app:create_job(car, { operation = "rotate_certificate" }):await(30).count.succeeded, 1)
  app:set_certificate(old, "REVOKED")
  t:equal(app:certificate(old).status, "REVOKED")
  t:never(5, function() return car.link ~= "online" end)
end)
