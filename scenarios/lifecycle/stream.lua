-- The bytes of an update come over MQTT, in blocks (AWS IoT's MQTT-based file delivery), and are checked.

local function bytes_of(count)
  local pieces, state = {}, 1
  for i = 1, count // 4 do
    state = state * 1103515245 + 12345 & 0x7fffffff
    pieces[i] = string.pack("<I4", state)
  end
  return table.concat(pieces)
end

local function connected(t)
  local car = t:vehicle { model = "compact_ev_ota" }
  local app = t:companion()
  car:wait_online()
  return car, app
end

local function release(stream)
  return { operation = "update", version = "2.0", size = stream.size, stream = stream }
end

-- contract 3.7, step 4: "MQTT file delivery streams".
scenario("an update comes by a stream, block by block", { timeout = 90 }, function(t)
  local car, app = connected(t)
  local stream = app:put_stream("blocks-" .. car.name, bytes_of(200000))

  local job = app:create_job(car, release(stream))
  t:equal(job:await(40).count.succeeded, 1)
  t:equal(car.state.update.version, "2.0")
  app:delete_stream(stream.id)
end)

scenario("more releases come in one connection than it may have subscriptions", { timeout = 90 }, function(t)
  local car, app = connected(t)

  for i = 1, 20 do
    local stream = app:put_stream("release-" .. i .. "-" .. car.name, bytes_of(400))
    stream.sha256 = ("0"):rep(64) -- not to be installed: only the download counts
    local execution = app:create_job(car, release(stream)):wait_execution(car, "FAILED")
    t:equal(execution.statusDetails.reason, "DIGEST_MISMATCH")
    app:delete_stream(stream.id)
  end
end)

scenario("a file that is not the one that was meant is not installed", { timeout = 90 }, function(t)
  local car, app = connected(t)
  local stream = app:put_stream("wrong-" .. car.name, bytes_of(20000))

  stream.sha256 = ("0"):rep(64)
  local execution = app:create_job(car, release(stream)):wait_execution(car, "FAILED")
  t:equal(execution.statusDetails.reason, "DIGEST_MISMATCH")
  t:equal(execution.statusDetails.step, "downloading")
  t:equal(car.state.update.version, "1.0")
end)

scenario("a stream that is not there fails the update", { timeout = 90 }, function(t)
  local car, app = connected(t)

  local job = app:create_job(car, release { id = "none-" .. car.name, size = 1000 })
  t:equal(job:wait_execution(car, "FAILED").statusDetails.reason, "RESOURCE_NOT_FOUND")
end)

scenario("a download by stream that loses power goes on with the next block", { timeout = 90 }, function(t)
  local car, app = connected(t)
  local stream = app:put_stream("power-" .. car.name, bytes_of(1200000))

  local job = app:create_job(car, release(stream))
  car:wait_until(function() return car.state.update.progress >= 20 end, 30)
  car:power_off()
  t:wait(0.5)
  t:is_true(car.state.update.progress < 60)
  car:power_on()
  t:equal(job:await(40).count.succeeded, 1)
end)

scenario("a release that is replaced during its download is fetched anew", { timeout = 90 }, function(t)
  local car, app = connected(t)
  local id = "replaced-" .. car.name
  local first, second = bytes_of(1200000), bytes_of(300000)
  app:put_stream(id, first)

  local job = app:create_job(car, release { id = id, size = 300000 })
  car:wait_until(function() return car.state.update.progress >= 10 end, 30)
  app:put_stream(id, second)
  t:equal(job:await(40).count.succeeded, 1)
end)

scenario("over a slow radio a stream takes its time", { timeout = 90 }, function(t)
  t:needs_radio()
  t:needs_virtual_time()
  local car, app = connected(t)
  local stream = app:put_stream("radio-" .. car.name, bytes_of(100000))

  car:radio { down = 256000, up = 256000, rtt = 0.1 }
  local began = car:clock()
  local job = app:create_job(car, release(stream))
  t:equal(job:await(60).count.succeeded, 1)
  t:is_true(car:clock() - began > 100000 * 8 / 256000 + 4) -- and a restart
end)
