-- An update comes over HTTPS from a server of artifacts, by a URL that permits it for a while; what goes wrong on the
-- way is tried again where it was, and what has arrived is checked. docs/jobs.md

local function bytes_of(count)
  local pieces, state = {}, 7
  for i = 1, count // 4 do
    state = state * 1103515245 + 12345 & 0x7fffffff
    pieces[i] = string.pack("<I4", state)
  end
  return table.concat(pieces)
end

local function connected(t, options)
  options = options or {}
  options.model = "compact_ev_ota"
  local car = t:vehicle(options)
  local app = t:companion()
  car:wait_online()
  return car, app
end

local function release(artifact, version)
  return {
    operation = "update", version = version or "2.0", size = artifact.size, url = artifact.url,
    sha256 = artifact.sha256, codesign = artifact.codesign,
  }
end

-- The file that only this car is sent to.
local function put(app, car, bytes, options)
  return app:put_artifact("firmware/" .. car.name .. "/2.0.bin", bytes, options)
end

local function fails(t, car, app, document, reason, options)
  local execution = app:create_job(car, document, options):wait_execution(car, "FAILED", 400)
  t:equal(execution.statusDetails.reason, reason)
  t:equal(car.state.update.version, "1.0")
  return execution
end

-- contract 3.7, step 4: "ordinary HTTPS".
scenario("an update comes over HTTPS", { timeout = 90 }, function(t)
  local car, app = connected(t)
  local artifact = put(app, car, bytes_of(400000))

  local job = app:create_job(car, release(artifact))
  t:match(job:status().document.url, "^%${aws:iot:s3%-presigned%-url:") -- the operator sees what it has asked for
  t:equal(job:await(40).count.succeeded, 1)
  t:equal(car.state.update.version, "2.0")
  t:equal(car.state.update.slot, "B")
end)

-- How the server answers, request by request, and all of these are recovered from.
for _, case in ipairs {
  { "an overloaded server", { "503", "500" } },
  { "a connection that ends too early", { "truncate 150000", "truncate 10" } },
  { "a server that falls silent", { "stall 100000" }, virtual = true },
  { "a range that the server does not have", { "truncate 150000", "416" } },
} do
  scenario("a download survives " .. case[1], { timeout = 90 }, function(t)
    if case.virtual then
      t:needs_virtual_time()
    end
    local car, app = connected(t)
    local artifact = put(app, car, bytes_of(400000), { faults = case[2] })

    -- The timeline keeps the last of what happened only.
    local told
    t:spawn(function()
      told = t:eventually(80, function() return car:timeline(1000):match("download %a[%a ]+ at byte %d+: ") end)
    end)
    t:equal(app:create_job(car, release(artifact)):await(120).count.succeeded, 1)
    t:is_true(told, "the car tells of it")
  end)
end

scenario("a download that loses power goes on at the byte where it was", { timeout = 90 }, function(t)
  t:needs_virtual_time()
  t:needs_radio()
  local car, app = connected(t)
  local artifact = put(app, car, bytes_of(400000))

  car:radio { down = 800000 } -- 4 s
  local job = app:create_job(car, release(artifact))
  car:wait_until(function() return car.state.update.progress >= 30 end, 30)
  local began = car:clock()
  car:power_off()
  t:wait(1)
  t:is_true(car.state.update.progress < 60)
  car:power_on()
  car:wait_until(function() return car.state.update.state ~= "downloading" end, 30)
  t:is_true(car:clock() - began < 4, "only the rest, and the way back")
  t:equal(job:await(40).count.succeeded, 1)
end)

scenario("over a slow radio a download takes its time", { timeout = 90 }, function(t)
  t:needs_virtual_time()
  t:needs_radio()
  local car, app = connected(t)
  local artifact = put(app, car, bytes_of(400000))

  car:radio { down = 256000, up = 256000, rtt = 0.1 }
  local began = car:clock()
  t:equal(app:create_job(car, release(artifact)):await(60).count.succeeded, 1)
  t:is_true(car:clock() - began > 400000 * 8 / 256000 + 4) -- and a restart
end)

scenario("a file that is replaced during its download is fetched anew", { timeout = 90 }, function(t)
  t:needs_virtual_time()
  t:needs_radio()
  local car, app = connected(t)
  put(app, car, bytes_of(400000), { faults = { "truncate 200000" } })

  car:radio { down = 800000 }
  local second = bytes_of(400004):sub(5)
  local url = "${aws:iot:s3-presigned-url:https://s3.local.amazonaws.com/firmware/" .. car.name .. "/2.0.bin}"
  local job = app:create_job(car, release { url = url, size = 400000 })
  car:wait_until(function() return car.state.update.progress >= 10 end, 30)
  local artifact = put(app, car, second)
  t:equal(artifact.size, 400000)
  t:equal(job:await(60).count.succeeded, 1)
  t:match(car:timeline(1000), "the file has changed: its download begins anew")
end)

scenario("a URL that has expired is asked for anew", { timeout = 90 }, function(t)
  t:needs_virtual_time()
  t:needs_radio()
  local car, app = connected(t)
  local artifact = put(app, car, bytes_of(400000), { faults = { "truncate 200000" } })

  car:radio { down = 24000 } -- half of it takes 66 s
  local job = app:create_job(car, release(artifact), { url_seconds = 60 })
  t:eventually(100, function() return car:timeline(1000):find("HTTP 403: Request has expired", 1, true) end)
  t:equal(job:await(400).count.succeeded, 1)
end)

scenario("what is not there, not allowed or not the file that was meant fails the update", { timeout = 90 }, function(t)
  t:needs_virtual_time()
  local car, app = connected(t)
  local artifact = put(app, car, bytes_of(40000))
  local wrong = release(artifact)

  wrong.sha256 = ("0"):rep(64)
  fails(t, car, app, wrong, "DIGEST_MISMATCH")
  wrong.size = 50000
  fails(t, car, app, wrong, "SIZE_MISMATCH")
  wrong.url = "${aws:iot:s3-presigned-url:https://s3.local.amazonaws.com/none-" .. car.name .. "}"
  fails(t, car, app, wrong, "ARTIFACT_NOT_FOUND")
  wrong.url = "https://127.0.0.1:1/nobody-listens"
  fails(t, car, app, wrong, "DOWNLOAD_FAILED")
  local execution = fails(t, car, app,
    release(put(app, car, bytes_of(40000), { faults = { "403", "403", "403", "403", "403", "403", "403", "403" } })),
    "DOWNLOAD_FORBIDDEN")
  t:match(execution.statusDetails.description, "Access Denied")
end)

scenario("a car installs what is signed by whom it trusts", { timeout = 90 }, function(t)
  local car, app = connected(t)
  local artifact = put(app, car, bytes_of(40000), { sign = "release" })

  t:match(artifact.codesign.certificate, "BEGIN CERTIFICATE")
  t:equal(app:create_job(car, release(artifact)):await(40).count.succeeded, 1)
end)

scenario("a car does not install what is signed wrongly", { timeout = 90 }, function(t)
  local car, app = connected(t)
  local bytes = bytes_of(40000)
  local artifact = put(app, car, bytes)
  local now = os.time()

  local function signed(codesign)
    local document = release(artifact)
    document.codesign = codesign
    return document
  end
  fails(t, car, app, signed(app:sign("other bytes")), "SIGNATURE_INVALID")
  fails(t, car, app, signed(app:sign(bytes, { by = "old", from = now - 1000, till = now - 10 })), "SIGNER_EXPIRED")
  local early = app:sign(bytes, { by = "early", from = now + 1000000, till = now + 2000000 })
  fails(t, car, app, signed(early), "SIGNER_EXPIRED")
  local stranger = app:sign(bytes)
  stranger.certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
  fails(t, car, app, signed(stranger), "SIGNATURE_UNREADABLE")
  fails(t, car, app, signed { signature = 5 }, "SIGNATURE_UNREADABLE")
  t:equal(app:create_job(car, signed(app:sign(bytes))):await(40).count.succeeded, 1)
end)

scenario("what comes by stream is signed as well", { timeout = 90 }, function(t)
  local car, app = connected(t)
  local bytes = bytes_of(20000)
  local stream = app:put_stream("signed-" .. car.name, bytes)

  local document = { operation = "update", version = "2.0", size = #bytes, stream = stream, codesign = app:sign("no") }
  fails(t, car, app, document, "SIGNATURE_INVALID")
  document.codesign = app:sign(bytes)
  t:equal(app:create_job(car, document):await(40).count.succeeded, 1)
end)

scenario("an update whose source cannot be one is refused", { timeout = 90 }, function(t)
  local car, app = connected(t)

  for _, wrong in ipairs { { url = "http://plain.example/a" }, { url = 5 }, { url = "https://x/a", sha256 = "abc" },
    { codesign = {} } } do
    wrong.operation, wrong.version, wrong.size = "update", "2.0", 1000
    t:equal(app:create_job(car, wrong):wait_execution(car, "REJECTED").statusDetails.reason, "INVALID_DOCUMENT")
  end
end)
