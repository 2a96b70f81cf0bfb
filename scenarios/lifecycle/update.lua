-- Software updates by AWS IoT Jobs: how they go well, and the ways in which they do not. docs/jobs.md

local release = { operation = "update", version = "2.0", size = 1200000 } -- bytes: a good second

local function connected(t, options)
  options = options or {}
  options.model = options.model or "compact_ev_ota"
  local car = t:vehicle(options)
  local app = t:companion()
  car:wait_online()
  return car, app
end

scenario("a job installs the software that it names", function(t)
  local car, app = connected(t)

  t:equal(car.state.update.version, "1.0")
  local job = app:create_job(car, release, { description = "spring release" })
  local status = job:await(40)
  t:equal(status.status, "COMPLETED")
  t:equal(status.count.succeeded, 1)
  t:equal(status.description, "spring release")
  t:equal(job:execution(car).statusDetails.version, "2.0")
  t:equal(car.state.update.version, "2.0")
  t:eventually(10, function() return app:shadow(car).reported.update.version == "2.0" end)
end)

-- contract 3.7, step 5: progress is reported as it is made.
scenario("the app sees how far an update is", function(t)
  local car, app = connected(t)
  local job = app:create_job(car, { operation = "update", version = "2.0", size = 3000000 })

  local half = job:wait_execution(car, function(e) return tonumber(e.statusDetails.progress or 0) >= 30 end)
  t:equal(half.status, "IN_PROGRESS")
  t:equal(half.statusDetails.step, "downloading")
  t:is_true(half.approximateSecondsBeforeTimedOut > 500)
  job:wait_execution(car, function(e) return e.statusDetails.step == "installing" end)
  job:wait_execution(car, "SUCCEEDED")
end)

-- contract 3.7, step 3: REJECTED with the reason.
scenario("a car that drives refuses an update, and says why", function(t)
  local car, app = connected(t)

  car:drive(50, 90)
  local job = app:create_job(car, release)
  local execution = job:wait_execution(car, "REJECTED")
  t:equal(execution.statusDetails.reason, "VEHICLE_MOVING")
  t:equal(car.state.update.version, "1.0")
  t:equal(job:await().count.rejected, 1)
end)

scenario("a car whose battery is low refuses an update", function(t)
  local car, app = connected(t, { state = { ["battery.state_of_charge"] = 12 } })

  local execution = app:create_job(car, release):wait_execution(car, "REJECTED")
  t:equal(execution.statusDetails.reason, "LOW_BATTERY")
  t:match(execution.statusDetails.description, "30 %% are needed")
end)

scenario("an update that fails at 63 % says so, and leaves the software as it was", function(t)
  local car, app = connected(t)

  car:pin("update", "fail_at:63", { times = 1 })
  local job = app:create_job(car, release)
  local execution = job:wait_execution(car, "FAILED")
  t:equal(execution.statusDetails.reason, "FLASH_FAULT")
  t:equal(execution.statusDetails.progress, "63")
  t:equal(execution.statusDetails.step, "installing")
  t:equal(car.state.update.version, "1.0")
  t:eventually(5, function() return car.state.update.state == "idle" end)
end)

-- contract 3.7, step 6: install, restart, self-test.
scenario("what fails its self-test is rolled back", function(t)
  local car, app = connected(t)

  car:pin("update", "fail_at:97:SELF_TEST_FAILED")
  local restarts = car:events("state", { to = "asleep" })
  local job = app:create_job(car, release)
  local execution = job:wait_execution(car, "FAILED", 40)
  t:equal(execution.statusDetails.reason, "SELF_TEST_FAILED")
  t:equal(car.state.update.version, "1.0")
  restarts:wait()
  restarts:wait() -- to the new software, and back
end)

scenario("a job is tried again as often as it says", function(t)
  local car, app = connected(t)

  car:pin("update", "fail_at:20", { times = 1 })
  local job = app:create_job(car, release, { retries = 1 })
  t:equal(job:await(40).count.succeeded, 1)
  t:equal(job:execution(car).executionNumber, 2)
end)

-- contract 3.7, step 8: the following job.
scenario("two jobs are done in the order in which they came", function(t)
  local car, app = connected(t)

  local first = app:create_job(car, release)
  local second = app:create_job(car, { operation = "update", version = "2.1", size = 600000 })
  t:equal(second:execution(car).status, "QUEUED")
  t:equal(second:await(60).count.succeeded, 1)
  t:equal(first:execution(car).status, "SUCCEEDED")
  t:equal(car.state.update.version, "2.1")
end)

-- contract 3.1: "A device should check that the thing name in an incoming topic is its own."
scenario("a car that hears of a job of another minds its own", function(t)
  t:needs_local_cloud()
  local car, app = connected(t)
  local other = t:vehicle { model = "compact_ev_ota", power = "off" }
  local jobs, name = "$aws/things/" .. other.name .. "/jobs/", "nosy-" .. t:random(100000)

  app:put_policy(name, { Effect = "Allow", Action = { "iot:Subscribe", "iot:Receive" },
    Resource = { "topicfilter/" .. jobs .. "*", "topic/" .. jobs .. "*" } })
  app:attach_policy(name, car)
  car:subscribe(jobs .. "notify-next")
  local theirs = app:create_job(other, release)
  t:equal(decode_json(car:wait_message(jobs .. "notify-next").payload).execution.jobId, theirs.id)
  local own = app:create_job(car, { operation = "update", version = "2.1", size = 600000 })
  t:equal(own:await(40).count.succeeded, 1)
  t:equal(car.state.update.version, "2.1")
  t:equal(theirs:execution(other).status, "QUEUED")
end)

scenario("what is installed already is not installed again", function(t)
  local car, app = connected(t, { state = { ["update.version"] = "2.0" } })

  local execution = app:create_job(car, release):wait_execution(car, "SUCCEEDED")
  t:equal(execution.statusDetails.reason, "ALREADY_INSTALLED")
end)

scenario("a job that no part knows is rejected", function(t)
  local car, app = connected(t)

  local execution = app:create_job(car, { operation = "dance" }):wait_execution(car, "REJECTED")
  t:equal(execution.statusDetails.reason, "UNKNOWN_OPERATION")
  execution = app:create_job(car, { operation = "update", version = "2.0" }):wait_execution(car, "REJECTED")
  t:equal(execution.statusDetails.reason, "INVALID_DOCUMENT")
end)

scenario("bad documents end no more than their jobs", function(t)
  local car, app = connected(t)
  local function refused(document, reason)
    local execution = app:create_job(car, document):wait_execution(car, "REJECTED")
    t:equal(execution.statusDetails.reason, reason)
  end

  refused({ operation = "a\nb" .. ("ä"):rep(2000) }, "UNKNOWN_OPERATION")
  refused({ operation = "update", version = "2\n0", size = 1000 }, "INVALID_DOCUMENT")
  for _, stream in ipairs { { id = "+" }, { id = "a/b" }, { id = "#" }, { id = "" }, { id = "a", file = "0" },
    { id = "a", file = 256 }, { id = "a", file = 0.5 } } do
    refused({ operation = "update", version = "2.0", size = 1000, stream = stream }, "INVALID_DOCUMENT")
  end
  t:equal(app:create_job(car, release):await(40).count.succeeded, 1)
end)

scenario("an update waits for hours until the car is parked", function(t)
  t:needs_virtual_time()
  local car, app = connected(t)
  local job = app:create_job(car, { operation = "update", version = "2.0", size = 30000000 })

  car:wait_until(function() return car.state.update.progress >= 20 end, 60)
  car:drive(150, 60)
  job:wait_execution(car, function(e) return e.statusDetails.step == "waiting for the car to be parked" end, 120)
  t:wait(1800)
  t:equal(job:execution(car).status, "IN_PROGRESS")
  car:stop()
  t:equal(job:await(120).count.succeeded, 1)
end)

scenario("cars whose model knows no jobs do not ask for them", function(t)
  local car, app = connected(t, { model = "compact_ev" })

  local job = app:create_job(car, release)
  t:never(1, function() return job:execution(car).status ~= "QUEUED" end)
  t:equal(car:messages("$aws/things/+/jobs/#"), {})
end)
