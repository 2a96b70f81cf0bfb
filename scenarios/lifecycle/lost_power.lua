-- Power is lost at each single action of an update, by every way that it comes, and comes back: in the end the car has
-- one working software, the job is in the right state, and nothing was installed twice.
--
-- An action is a message, a signal or a state of the connection. Every 17th is tried here; all of them, which takes
-- a minute, with --param every=1.

local every = param("every", 17, { min = 1 })
local first = param("first", 1, { min = 1 })

local actions = { "in", "out", "signal", "state" }
local size = 120000

local function bytes_of(count)
  local pieces, state = {}, 5
  for i = 1, count // 4 do
    state = state * 1103515245 + 12345 & 0x7fffffff
    pieces[i] = string.pack("<I4", state)
  end
  return table.concat(pieces)
end

-- The document of an update to that version.
local ways = {
  time = function() return {} end,
  https = function(app, car, bytes)
    local file = app:put_artifact("cuts/" .. car.name .. ".bin", bytes, { sign = "release" })
    return { url = file.url, sha256 = file.sha256, codesign = file.codesign }
  end,
  stream = function(app, car, bytes)
    return { stream = app:put_stream("cuts-" .. car.name, bytes), codesign = app:sign(bytes) }
  end,
}

-- Until the n-th action, or the end of the update: true if that came first.
local function wait_action(car, n, over)
  local seen = 0
  local stream = car:events(actions)
  car:wait_until(function()
    while seen < n and stream:next() do
      seen = seen + 1
    end
    return seen == n or over()
  end, 600)
  stream:close()
  return seen < n
end

local function sweep(t, car, document, case)
  local app = t.app
  local n, cuts = first, 0
  while true do
    local version = "2." .. n
    document.operation, document.version, document.size = "update", version, size
    local before = { version = car.state.update.version, slot = car.state.update.slot }
    local switches = car:events("signal", { path = "update.slot" })
    local job = app:create_job(car, document)
    local ended = wait_action(car, n, function() return case.over(job, car, before) end)
    if not ended then
      car:power_off()
      t:wait(({ 0.05, 0.5, 4 })[n % 3 + 1])
      car:power_on()
      cuts = cuts + 1
    end
    local status = job:await(600)
    car:wait_until(function() return car.link == "online" and car.state.update.state == "idle" end, 60)
    case.check(t, { car = car, job = job, status = status, before = before, version = version, action = n,
      switches = #switches:list() })
    switches:close()
    t:eventually(20, function() return app:shadow(car).reported.update.version == car.state.update.version end)
    if ended then
      return cuts
    end
    n = n + every
  end
end

local succeeds = {
  over = function(_, car, before)
    return car.state.update.state == "idle" and car.state.update.version ~= before.version
  end,
  check = function(t, is)
    local at = "power lost at action " .. is.action
    t:equal(is.status.count.succeeded, 1, at)
    t:equal(is.job:execution(is.car).executionNumber, 1, at)
    t:equal(is.car.state.update.version, is.version, at)
    t:equal(is.switches, 1, at .. ": one slot, once")
  end,
}

-- The new software runs and fails its self-test.
local fails = {
  pin = "fail_at:97:SELF_TEST_FAILED",
  over = function(job, car) return car.state.update.state == "idle" and job:status().count.failed == 1 end,
  check = function(t, is)
    local at = "power lost at action " .. is.action
    t:equal(is.status.count.failed, 1, at)
    t:equal(is.job:execution(is.car).statusDetails.reason, "SELF_TEST_FAILED", at)
    t:equal(is.car.state.update.version, is.before.version, at)
    t:equal(is.car.state.update.slot, is.before.slot, at)
    t:equal(is.switches, 2, at .. ": there and back, once")
  end,
}

for _, one in ipairs {
  { "that takes a while", "time", succeeds }, { "over HTTPS", "https", succeeds }, { "by stream", "stream", succeeds },
  { "that is rolled back", "time", fails },
} do
  scenario("an update " .. one[1] .. " survives a loss of power at any point", { timeout = 900 }, function(t)
    t:needs_virtual_time()
    local car = t:vehicle { model = "compact_ev_ota" }
    t.app = t:companion()
    car:wait_online()
    if one[3].pin then
      car:pin("update", one[3].pin)
    end
    local cuts = sweep(t, car, ways[one[2]](t.app, car, bytes_of(size)), one[3])
    print(string.format("%d cuts", cuts))
    t:is_true(cuts > 0)
  end)
end
