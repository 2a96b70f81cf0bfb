-- AWS IoT Jobs as their operator sees them: the app that creates, watches and cancels them.

local core, _, _, tools = ...

local app = tools.app_class

local job = tools.seal({}, "a job")

local ask_cloud = tools.ask_cloud

local function ask(self, what, call, document)
  return ask_cloud(self, what, "fleetsim/jobs/" .. call, document)
end

-- ---- creating -----------------------------------------------------------------------------------

local function target_of(car)
  local group = type(car) == "table" and rawget(car, "group_name")
  return group and "group/" .. group or type(car) == "string" and car or car.name
end

local function targets_of(cars)
  if type(cars) ~= "table" or rawget(cars, "group_name") then
    cars = { cars }
  end
  local targets = {}
  for i, car in ipairs(cars) do
    targets[i] = target_of(car)
  end
  if #targets == 0 then
    error("app:create_job: which cars? (a car, a fleet, a group, or a list)", 3)
  end
  return targets
end

-- { of =, percent =, after = }, or a list of them.
local function abort_of(abort)
  if not abort then
    return nil
  end
  local list = {}
  for i, one in ipairs(abort[1] and abort or { abort }) do
    tools.check_options("app:create_job: abort", one, { of = true, percent = true, after = true })
    list[i] = {
      failureType = one.of or "FAILED", action = "CANCEL", thresholdPercentage = one.percent,
      minNumberOfExecutedThings = one.after or 1,
    }
  end
  return { criteriaList = list }
end

local create_options = {
  url_seconds = true,
  id = true, description = true, rate = true, abort = true, timeout = true, retries = true,
  continuous = true,
}

-- A job for these cars; returns at once. options: id, description, rate, abort, timeout, retries, continuous.
function app:create_job(cars, document, options)
  options = options or {}
  tools.check_options("app:create_job", options, create_options)
  local id = options.id
  if not id then
    local number = (rawget(self, "jobs_created") or 0) + 1
    rawset(self, "jobs_created", number)
    -- The job of an earlier run that has this id is another one, done already.
    id = (self:connection().client_id .. core.run_mark() .. "-job-" .. number):gsub("[^%w_-]", "-"):sub(-64)
  end
  ask(self, "app:create_job", id .. "/create", {
    targets = targets_of(cars), targetSelection = options.continuous and "CONTINUOUS" or nil,
    document = document, description = options.description,
    jobExecutionsRolloutConfig = options.rate and { maximumPerMinute = options.rate } or nil,
    abortConfig = abort_of(options.abort),
    presignedUrlConfig = options.url_seconds and { expiresInSec = options.url_seconds } or nil,
    timeoutConfig = options.timeout and { inProgressTimeoutInMinutes = options.timeout } or nil,
    jobExecutionsRetryConfig = options.retries
      and { criteriaList = { { failureType = "ALL", numberOfRetries = options.retries } } } or nil,
  })
  return setmetatable({ app = self, id = id }, job)
end

-- The job of that id, whoever has created it.
function app:job(id)
  ask(self, "app:job", id .. "/get", {})
  return setmetatable({ app = self, id = id }, job)
end

local counts = {
  queued = "Queued", in_progress = "InProgress", succeeded = "Succeeded", failed = "Failed", rejected = "Rejected",
  timed_out = "TimedOut", canceled = "Canceled", removed = "Removed",
}

local function with_count(said)
  said.count = {}
  for name, part in pairs(counts) do
    said.count[name] = said.jobProcessDetails["numberOf" .. part .. "Things"]
  end
  return said
end

-- All jobs that the service knows, oldest first, as job:status() has them but without the document.
function app:jobs()
  local list, next_token = {}, nil
  repeat
    local page = ask(self, "app:jobs", "list", { nextToken = next_token })
    table.move(page.jobs, 1, #page.jobs, #list + 1, list)
    next_token = page.nextToken
  until not next_token
  for _, said in ipairs(list) do
    with_count(said)
  end
  return list
end

-- From now on the service publishes events of jobs and executions, or not.
function app:job_events(on)
  ask(self, "app:job_events", "events", { JOB = on, JOB_EXECUTION = on })
end

-- ---- files --------------------------------------------------------------------------------------

local piece_bytes = 90000 -- a message holds 128 KB of base64

-- Puts a file into a stream, which cars fetch in blocks: what job documents say of it, { id, file, size, sha256 }.
function app:put_stream(id, bytes, options)
  options = options or {}
  tools.check_options("app:put_stream", options, { file = true })
  local file, digest = options.file or 0, core.sha256()
  digest:add(bytes)
  for offset = 0, #bytes - 1, piece_bytes do
    ask_cloud(self, "app:put_stream", "fleetsim/streams/" .. id .. "/put", {
      fileId = file, size = #bytes, offset = offset,
      data = core.to_base64(bytes:sub(offset + 1, offset + piece_bytes)),
    })
  end
  return { id = id, file = file, size = #bytes, sha256 = digest:hex() }
end

-- Forgets a stream and its files.
function app:delete_stream(id)
  ask_cloud(self, "app:delete_stream", "fleetsim/streams/" .. id .. "/delete", {})
end

-- ---- artifacts ----------------------------------------------------------------------------------

local artifact_options = { faults = true, sign = true }
local sign_options = { by = true, from = true, till = true }

-- Who has made these bytes: what `codesign` of a job document says. options: by (the signer, "release"; made if there is
-- none), from and till (Unix seconds: the signer is made anew, good between them).
function app:sign(bytes, options) -- luacheck: ignore
  options = options or {}
  tools.check_options("app:sign", options, sign_options)
  local digest = core.sha256()
  digest:add(bytes)
  local signature, certificate = core.sign_code(digest:hex(), options.by or "release", options.from, options.till)
  if not signature then
    error({ skip = "app:sign: there is no code-signing authority without a PKI of fleetsim's" }, 0)
  end
  return {
    signature = signature, certificate = certificate, hashAlgorithm = "SHA256", signatureAlgorithm = "ECDSA",
  }
end

-- Puts a file where the local cloud's artifact server hands it out: what a job document says of it, { url, size, sha256,
-- codesign? }; the URL is a placeholder that the cloud makes a presigned one of. options: faults, a list of how the next
-- requests for it go wrong; sign, the name of who signs it.
function app:put_artifact(path, bytes, options)
  options = options or {}
  tools.check_options("app:put_artifact", options, artifact_options)
  tools.local_cloud_only("app:put_artifact")
  if type(path) ~= "string" or #path > 500 or ("/" .. path .. "/"):find("/%.*/") or not path:find("^[%w._~/-]+$") then
    error("app:put_artifact: '" .. tostring(path) .. "' is no path of letters, digits, - . _ ~ and /", 2)
  end
  local digest = core.sha256()
  digest:add(bytes)
  if not core.put_artifact(path, bytes, table.concat(options.faults or {}, "\n")) then
    error({ skip = "app:put_artifact: this cloud has no artifact server" }, 0)
  end
  return {
    url = "${aws:iot:s3-presigned-url:https://s3.local.amazonaws.com/" .. path .. "}",
    size = #bytes, sha256 = digest:hex(), codesign = options.sign and self:sign(bytes, { by = options.sign }) or nil,
  }
end

-- ---- watching -----------------------------------------------------------------------------------

-- What the service says of it; `count` has the things by status: { queued =, in_progress =, succeeded =, … }.
function job:status()
  return with_count(ask(self.app, "job:status", self.id .. "/get", {}).job)
end

-- A list of { thingName, status, statusDetails, executionNumber, versionNumber, … }; `status`: those of it alone.
function job:executions(status)
  local list, next_token = {}, nil
  repeat
    local page = ask(self.app, "job:executions", self.id .. "/executions", { status = status, nextToken = next_token })
    table.move(page.executions, 1, #page.executions, #list + 1, list)
    next_token = page.nextToken
  until not next_token
  return list
end

-- That of one car: the latest. statusDetails is a table, empty if there are none.
function job:execution(car)
  local said = ask(self.app, "job:execution", self.id .. "/executions/" .. car.name .. "/get", {}).execution
  said.statusDetails = said.statusDetails or {}
  return said
end

local function poll(self, timeout, look, complain)
  local deadline = core.now() + timeout
  while true do
    local result = look()
    if result then
      return result
    end
    local left = deadline - core.now()
    if left <= 0 then
      core.count_assertion()
      complain()
    end
    self.app.a:wait_change(math.min(left, 0.5))
  end
end

-- Waits until it has ended and nothing is queued or in progress any more; what job:status() returns then.
function job:await(timeout)
  timeout = timeout or 60
  local said
  return poll(self, timeout, function()
    said = self:status()
    return said.status ~= "IN_PROGRESS" and said.count.queued + said.count.in_progress == 0 and said
  end, function()
    tools.fail(string.format("job %s: expected it to end within %g s, it is %s: %s", self.id, timeout, said.status,
      tools.show(said.count)))
  end)
end

-- Waits until a car's execution is as fn(execution) wants it, or in that status; returns the execution.
function job:wait_execution(car, wanted, timeout)
  timeout = timeout or 30
  local said
  return poll(self, timeout, function()
    said = self:execution(car)
    if type(wanted) == "function" then
      return wanted(said) and said
    end
    return said.status == wanted and said
  end, function()
    tools.fail(string.format("job %s: expected the execution of %s to be %s within %g s, it is %s: %s", self.id,
      tostring(car), type(wanted) == "function" and "as it should" or wanted, timeout, said.status,
      tools.show(said.statusDetails)), car)
  end)
end

-- ---- ending -------------------------------------------------------------------------------------

local end_options = { force = true, reason = true, comment = true }

-- Ends what is queued; with force what is in progress, too.
function job:cancel(options)
  options = options or {}
  tools.check_options("job:cancel", options, end_options)
  ask(self.app, "job:cancel", self.id .. "/cancel",
    { force = options.force or false, reasonCode = options.reason, comment = options.comment })
end

-- The execution of one car.
function job:cancel_execution(car, options)
  options = options or {}
  tools.check_options("job:cancel_execution", options, { force = true })
  ask(self.app, "job:cancel_execution", self.id .. "/executions/" .. car.name .. "/cancel",
    { force = options.force or false })
end

-- As if the car's thing were deleted.
function job:remove(car)
  ask(self.app, "job:remove", self.id .. "/executions/" .. car.name .. "/remove", {})
end

-- Forgets it, once it has ended; with force at once.
function job:delete(options)
  options = options or {}
  tools.check_options("job:delete", options, { force = true })
  ask(self.app, "job:delete", self.id .. "/delete", { force = options.force or false })
end
