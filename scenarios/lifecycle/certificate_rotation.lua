-- A car changes its certificate when a job says so: made in the car, tried on a real connection, committed, and the
-- old one ended; and power may be lost at any moment of it (contract 4.5).

local topics = {
  operation = "RotateCertificates",
  get = { subscribe = "cdf/certificates/{thingName}/get/+", publish = "cdf/certificates/{thingName}/get" },
  ack = { subscribe = "cdf/certificates/{thingName}/ack/+", publish = "cdf/certificates/{thingName}/ack" },
}

local patterns = {
  ["the certificate rotator's"] = { operation = "rotate_certificate" },
  ["the Connected Device Framework's"] = topics,
}

local function car_with_job(t, document, options)
  local car = t:vehicle { model = "compact_ev_certified" }
  local app = t:companion()
  car:wait_online()
  local old = car:certificate()
  return car, app, old, app:create_job(car, document or { operation = "rotate_certificate" }, options)
end

-- Those of its certificates that work.
local function active(app, car)
  local ids = {}
  for _, id in ipairs(app:thing(car).principals) do
    if app:certificate(id).status == "ACTIVE" then
      table.insert(ids, id)
    end
  end
  return ids
end

for name, document in pairs(patterns) do
  -- contract 4.5: both patterns, over a real connection with the new certificate.
  scenario("rotated by " .. name .. " topics", function(t)
    local car, app, old, job = car_with_job(t, document)

    t:equal(job:await(30).count.succeeded, 1)
    local new = car:certificate()
    t:not_equal(new, old)
    t:equal(job:execution(car).statusDetails.certificateId, new)
    t:equal(app:certificate(new).status, "ACTIVE")
    t:equal(app:certificate(old).status, "INACTIVE")
    t:equal(app:certificate(new).policies, app:certificate(old).policies)
    car:disconnect()
    car:wake()
    car:wait_online()
  end)
end

-- contract 4.5: the answer is "or {"location":url}"; there is no other way to the key.
scenario("a car without a key of its own downloads it with the certificate", function(t)
  local car = t:vehicle { model = "keyless_car" }
  local app = t:companion()
  car:wait_online()
  local old = car:certificate()
  local job = app:create_job(car, topics)

  t:equal(job:await(30).count.succeeded, 1)
  t:not_equal(car:certificate(), old)
  t:equal(active(app, car), { car:certificate() })
  car:disconnect()
  car:wake()
  car:wait_online()
end)

scenario("rotated twice, each time from what the car has then", function(t)
  local car, app, first, job = car_with_job(t)

  t:equal(job:await(30).count.succeeded, 1)
  local second = car:certificate()
  t:equal(app:create_job(car, { operation = "rotate_certificate" }):await(30).count.succeeded, 1)
  t:equal(app:certificate(first).status, "INACTIVE")
  t:equal(app:certificate(second).status, "INACTIVE")
  t:equal(app:certificate(car).status, "ACTIVE")
end)

-- contract 4.5: "Any failure: fall back to old certificate, update FAILED".
scenario("a new certificate that does not connect: back to the old one", { timeout = 120 }, function(t)
  t:needs_virtual_time() -- the car tries for a minute
  local car, app, old, job = car_with_job(t)

  -- Somebody ends the new one before the car has tried it, or before it is committed if the car is faster.
  car:wait_until(function() return car.state.certificate.step == "trying" end, 10)
  for _, id in ipairs(app:thing(car).principals) do
    if id ~= old then
      app:set_certificate(id, "REVOKED")
    end
  end
  local details = job:wait_execution(car, "FAILED", 100).statusDetails
  local expected = { NEW_CERTIFICATE_DOES_NOT_CONNECT = true, COMMIT_REFUSED = true }
  t:is_true(expected[details.reason], details.reason)
  car:wait_online(30)
  t:equal(car:certificate(), old)
  t:equal(app:certificate(old).status, "ACTIVE")
end)

local failures = { [20] = "before there is a key", [40] = "with the certificate in hand", [60] = "before the trial" }

for percent, step in pairs(failures) do
  -- contract 4.5: the same wherever it fails.
  scenario("it fails " .. step, function(t)
    local car = t:vehicle { model = "compact_ev_certified" }
    local app = t:companion()
    car:wait_online()
    local old = car:certificate()
    car:pin("certificate", "fail_at:" .. percent .. ":HSM_FAULT", { times = 1 })
    local job = app:create_job(car, { operation = "rotate_certificate" })
    t:equal(job:wait_execution(car, "FAILED", 20).statusDetails.reason, "HSM_FAULT")
    t:equal(car:certificate(), old)
    t:equal(app:certificate(old).status, "ACTIVE")
    -- What was made for the job goes with it.
    t:equal(active(app, car), { old })
    -- And the next one works.
    t:equal(app:create_job(car, { operation = "rotate_certificate" }):await(30).count.succeeded, 1)
    t:not_equal(car:certificate(), old)
  end)
end

scenario("a job that is canceled leaves the old one", function(t)
  local car, app, old, job = car_with_job(t)

  car:wait_until(function() return car.state.certificate.step == "requesting" end, 10)
  car:power_off()
  job:cancel { force = true }
  car:power_on()
  car:wait_online()
  t:eventually(10, function() return car.state.certificate.step == "idle" end)
  t:equal(car:certificate(), old)
  t:equal(app:certificate(old).status, "ACTIVE")
end)

scenario("a job that is canceled after the trial leaves what the car shows", function(t)
  local car, app, old, job = car_with_job(t)

  car:wait_until(function() return car.state.certificate.step == "committing" end, 30)
  car:power_off()
  job:cancel { force = true }
  t:not_equal(car:certificate(), old)
  t:equal(app:certificate(car).status, "ACTIVE")
  car:power_on()
  car:wait_online()
  t:eventually(10, function() return car.state.certificate.step == "idle" end)
  t:equal(app:certificate(car).status, "ACTIVE")
end)

scenario("a document without topics is refused", function(t)
  local car, _, old, job = car_with_job(t, { operation = "RotateCertificates", get = { publish = "x" } })

  t:equal(job:wait_execution(car, "REJECTED", 10).statusDetails.reason, "INVALID_DOCUMENT")
  t:equal(car:certificate(), old)
end)

scenario("nobody changes another car's certificate", function(t)
  local car, other = t:vehicle { model = "compact_ev_certified" }, t:vehicle { model = "compact_ev_certified" }
  local app = t:companion()

  car:wait_online()
  other:wait_online()
  local before = #app:thing(other).principals
  local lost = car:events("note", { note = "connection lost" })
  car:publish("awslabs/things/" .. other.name .. "/certificate/create", { csr = "…" }, { qos = 0 })
  lost:wait(10)
  t:equal(#app:thing(other).principals, before)
end)

-- ---- a loss of power ----------------------------------------------------------------------------

-- What a car has done so far: packets, and writes to its flash memory. A part of the sweep: --param first=N, every=N.
local function actions(car)
  local traffic = car:traffic()
  return traffic.packets_in + traffic.packets_out + car.state.certificate.writes
end

local every = param("every", 1, { min = 1 })
local first = param("first", 1, { min = 1 })

-- Power is lost at the n-th action of a rotation, or behind it if there are not so many: then the rotation is over
-- already, and this says so.
local function cut_at(t, app, n, model, document)
  local car = t:vehicle { model = model }
  car:wait_online()
  car:wait_in_step()
  local old, begin, writes = car:certificate(), actions(car), car.state.certificate.writes
  local job = app:create_job(car, document)
  local function over()
    return car.state.certificate.job == "" and car.state.certificate.writes > writes + 3
  end

  car:wait_until(function() return over() or actions(car) - begin >= n end, 100)
  if over() then
    car:power_off()
    return false
  end
  local cut_during = car.state.certificate.step
  car:power_off()
  -- While it is off: what it will show is ACTIVE, whatever it was about to do.
  t:equal(app:certificate(car).status, "ACTIVE", "cut at action " .. n .. ", " .. cut_during)
  t:wait(1)
  car:power_on()
  car:wait_online(30)
  t:equal(job:await(100).count.succeeded, 1, "cut at action " .. n .. ", " .. cut_during)
  t:eventually(10, function() return car.state.certificate.step == "idle" end)
  t:not_equal(car:certificate(), old)
  t:equal(app:certificate(car).status, "ACTIVE")
  t:equal(app:certificate(old).status, "INACTIVE")
  car:power_off()
  return true
end

local function sweep(t, step, model, document)
  t:needs_virtual_time()
  local app, n = t:companion(), first
  while cut_at(t, app, n, model, document) do
    n = n + step
  end
  t:is_true(n > 50, "a rotation has more actions than " .. n)
end

-- contract 4.5: "at no time may the TCU be without one working credential".
scenario("power is lost at each action of a rotation", { timeout = 600 }, function(t)
  sweep(t, every, "compact_ev_certified", { operation = "rotate_certificate" })
end)

scenario("power is lost while key and certificate are downloaded, and before and after", { timeout = 600 }, function(t)
  sweep(t, 3 * every, "keyless_car", topics)
end)
