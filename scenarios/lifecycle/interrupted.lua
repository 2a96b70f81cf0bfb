-- Updates that are interrupted: by the operator, by time, by a loss of power or of the connection, by somebody else's
-- word. In the end the car has one working software, and the job is in the right state.

local function job_for(t, size, options)
  local car = t:vehicle { model = "compact_ev_ota" }
  local app = t:companion()
  car:wait_online()
  local job = app:create_job(car, { operation = "update", version = "2.0", size = size or 1800000 }, options)
  return car, job
end

local function wait_step(job, car, step)
  return job:wait_execution(car, function(e) return e.statusDetails.step == step end)
end

-- contract 3.7, step 7: "the job was cancelled or timed out: roll back, stop".
scenario("a job that is canceled in the middle is undone", function(t)
  local car, job = job_for(t)

  wait_step(job, car, "downloading")
  job:cancel { force = true, reason = "WRONG_RELEASE", comment = "the one for buses" }
  t:eventually(10, function() return car.state.update.state == "idle" end)
  t:equal(car.state.update.version, "1.0")
  local status = job:await()
  t:equal(status.status, "CANCELED")
  t:equal(status.reasonCode, "WRONG_RELEASE")
  t:equal(job:execution(car).status, "CANCELED")
  t:match(car:timeline(1000), "was ended by the service: CANCELED")
end)

scenario("a job that is canceled without force goes on in cars that have begun", function(t)
  local car, job = job_for(t, 1200000)

  wait_step(job, car, "downloading")
  job:cancel()
  local status = job:await()
  t:equal(status.status, "CANCELED")
  t:equal(status.count.succeeded, 1)
  t:equal(car.state.update.version, "2.0")
end)

scenario("a car that is gone for longer than a step may take finds its job timed out", function(t)
  t:needs_virtual_time()
  local car, job = job_for(t)

  wait_step(job, car, "downloading")
  car:power_off()
  t:equal(job:wait_execution(car, "TIMED_OUT", 700).executionNumber, 1)
  car:power_on()
  car:wait_online()
  t:eventually(10, function() return car.state.update.state == "idle" end)
  t:equal(car.state.update.version, "1.0")
end)

-- contract 3.4: the job's timer "cannot be extended by the device".
scenario("a job has a time of its own, which a car cannot lengthen", function(t)
  t:needs_virtual_time()
  local car, job = job_for(t, 200000000, { timeout = 2 }) -- it would take 200 s

  local execution = job:wait_execution(car, "TIMED_OUT", 130)
  t:equal(execution.status, "TIMED_OUT")
  t:eventually(30, function() return car.state.update.state == "idle" end)
end)

-- Where power is cut, and how far the update is then at least.
for _, cut in ipairs {
  { during = "downloading", progress = 10 }, { during = "installing", progress = 61 },
  { during = "restarting", progress = 90 }, { during = "testing", progress = 96 },
} do
  -- contract 3.7, step 2: what was interrupted by power loss is resumed.
  scenario("an update that loses power while " .. cut.during .. " goes on where it was", function(t)
    local car, job = job_for(t)

    car:wait_until(function()
      return car.state.update.state == cut.during and car.state.update.progress >= cut.progress
    end, 30)
    car:power_off()
    t:wait(0.5)
    local left = car.state.update.progress
    t:equal(car.state.update.state, cut.during)
    t:is_true(left >= cut.progress)
    car:power_on()
    t:equal(job:await(40).count.succeeded, 1)
    t:match(car:timeline(1000), "job [%w-]+: resumed")
    t:equal(car.state.update.version, "2.0")
    t:equal(job:execution(car).executionNumber, 1)
  end)
end

scenario("an update that loses power while it is rolled back is rolled back", function(t)
  local car, job = job_for(t, 1200000)

  car:pin("update", "fail_at:97:SELF_TEST_FAILED", { times = 1 })
  car:wait_until(function() return car.state.update.state == "rolling_back" end, 30)
  car:power_off()
  t:wait(0.5)
  car:power_on()
  t:equal(job:wait_execution(car, "FAILED", 40).statusDetails.reason, "SELF_TEST_FAILED")
  t:equal(car.state.update.version, "1.0")
end)

scenario("a lost connection holds a download up, and no more", function(t)
  local car, job = job_for(t)

  wait_step(job, car, "downloading")
  car:drop_connection()
  car:wait_online(20)
  t:equal(job:await(40).count.succeeded, 1)
end)

scenario("an execution of another version than expected is looked at again", function(t)
  local car, job = job_for(t)

  wait_step(job, car, "downloading")
  -- Somebody reports in the car's name: its next report expects the version before.
  local topic = "$aws/things/" .. car.name .. "/jobs/" .. job.id .. "/update"
  car:publish(topic, { status = "IN_PROGRESS", statusDetails = { step = "who knows" } })
  t:eventually(10, function() return car:timeline(1000):find("not the one that was expected", 1, true) end)
  t:equal(job:await(40).count.succeeded, 1)
end)

scenario("jobs outlive the cloud's restart", { alone = true }, function(t)
  local car, job = job_for(t)

  wait_step(job, car, "downloading")
  t:restart_cloud()
  car:wait_online(20)
  t:eventually(20, function() return job.app:connection().connected end)
  t:equal(job:await(40).count.succeeded, 1)
end)

scenario("a car that was away does its job when it is back", function(t)
  local car = t:vehicle { model = "compact_ev_ota", power = "off" }
  local app = t:companion()
  local job = app:create_job(car, { operation = "update", version = "2.0", size = 600000 })

  car:power_on()
  t:equal(job:await(40).count.succeeded, 1)
end)

scenario("a thing that is removed has nothing to do any more", function(t)
  local car, job = job_for(t)

  wait_step(job, car, "downloading")
  job:remove(car)
  t:eventually(10, function() return car.state.update.state == "idle" end)
  t:equal(job:await().count.removed, 1)
  job:delete()
  local ok, why = pcall(job.status, job)
  t:equal(ok, false)
  t:match(why, "ResourceNotFound")
end)
