-- Updates for a fleet: how fast they reach it, and when they stop.

local by = param("by", "time", { choices = { "time", "https" } }) -- how the whole fleet gets its update's bytes

local release = { operation = "update", version = "2.0", size = 600000 }

-- The release as it is, or with a file of 200 KB that is downloaded and whose signature is checked.
local function release_for(app)
  if by == "time" then
    return release
  end
  local file = app:put_artifact("wave/2.0.bin", ("fleetsim"):rep(25000), { sign = "release" })
  return {
    operation = "update", version = "2.0", size = file.size, url = file.url, sha256 = file.sha256,
    codesign = file.codesign,
  }
end

local function fleet_of(t, count)
  local fleet = t:fleet { count = count, model = "compact_ev_ota" }
  local app = t:companion()
  fleet:wait_online()
  return fleet, app
end

scenario("a wave reaches a fleet at the rate that it was given", { timeout = 60 }, function(t)
  local fleet, app = fleet_of(t, 6)
  local job = app:create_job(fleet, release, { rate = 120 }) -- one each half second

  t:is_true(#job:executions() < 6, "not all at once")
  local status = job:await(40)
  t:equal(status.count.succeeded, 6)
  local first, last = math.huge, 0
  for _, execution in ipairs(job:executions("SUCCEEDED")) do
    first, last = math.min(first, execution.queuedAt), math.max(last, execution.queuedAt)
  end
  t:is_true(last - first >= 2 and last - first <= 4, "2.5 s from the first to the last, in whole seconds")
end)

scenario("a wave stops when too many fail", { timeout = 60 }, function(t)
  local fleet, app = fleet_of(t, 8)

  for i = 1, 3 do
    fleet[i]:pin("update", "fail_at:5")
  end
  local job = app:create_job(fleet, release, { rate = 60, abort = { of = "FAILED", percent = 50, after = 2 } })
  local status = job:await(40)
  t:equal(status.status, "CANCELED")
  t:equal(status.reasonCode, "ABORT_THRESHOLD_REACHED")
  t:is_true(status.count.failed >= 2 and status.count.succeeded < 5)
  t:is_true(#job:executions() < 8, "the last were not reached")
end)

-- With --vehicles 1000 it is a wave over 1,000 cars, with --param by=https they all download it.
scenario("a release reaches a whole fleet", { timeout = 60, timeout_per_car = 0.3 }, function(t)
  local fleet, app = fleet_of(t, 10)
  local wrong = 0

  fleet:each(function(car, i)
    if i % 10 == 0 then
      car:pin("update", "fail_at:63")
      wrong = wrong + 1
    end
  end)
  local status = app:create_job(fleet, release_for(app), { rate = 1000 }):await(30 + 0.2 * #fleet)
  t:equal(status.status, "COMPLETED")
  t:equal(status.count.failed, wrong)
  t:equal(status.count.succeeded, #fleet - wrong)
end)

-- contract 3.6: events for the fleet side.
scenario("events of a wave come to who wants them", { timeout = 60 }, function(t)
  t:needs_local_cloud()
  local fleet, app = fleet_of(t, 2)

  app:subscribe { "$aws/events/job/+/completed", "$aws/events/jobExecution/+/succeeded" }
  app:job_events(true)
  local job = app:create_job(fleet, release, { description = "both" })
  local event = decode_json(app:wait_message("$aws/events/job/" .. job.id .. "/completed", 40).payload)
  t:equal(event.jobProcessDetails.numberOfSucceededThings, 2)
  t:equal(event.description, "both")
  event = decode_json(app:wait_message("$aws/events/jobExecution/" .. job.id .. "/succeeded").payload)
  t:equal(event.statusDetails.version, "2.0")
end)

scenario("what a job cannot be is refused with the reason", function(t)
  local car = t:vehicle { power = "off" }
  local app = t:companion()

  for _, case in ipairs {
    { release, { rate = 5000 }, "maximumPerMinute" },
    { release, { timeout = 0 }, "inProgressTimeoutInMinutes" },
    { release, { abort = { percent = 120 } }, "thresholdPercentage" },
    { release, { retries = 99 }, "numberOfRetries" },
    { "no JSON", {}, "document" },
  } do
    local ok, why = pcall(app.create_job, app, car, case[1], case[2])
    t:equal(ok, false)
    t:match(why, case[3])
  end
  app:create_job(car, release, { id = "twice-" .. car.name })
  local ok, why = pcall(app.create_job, app, car, { operation = "other" }, { id = "twice-" .. car.name })
  t:equal(ok, false)
  t:match(why, "ResourceAlreadyExists")
  t:equal(app:job("twice-" .. car.name):status().count.queued, 1)
  local found = false
  for _, job in ipairs(app:jobs()) do
    found = found or job.jobId == "twice-" .. car.name and job.count.queued == 1
  end
  t:is_true(found)
end)
