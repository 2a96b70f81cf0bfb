-- AWS IoT Jobs in a car: after each connect it resumes what was interrupted, hands every execution to the part that
-- knows its operation, and reports. Only cars whose model has such a part subscribe.
--
-- A part's `jobs` is a table by operation (jobDocument.operation), each
--     { run = function(car, job) … end,        ends well, by car:refuse() or car:fail()
--       undo = function(car, code) … end,      it has failed, or was ended by the service
--       done = function(car) … end,            the service knows how it ended
--       gone = function(car) … end,            it is not to be done any more; how it ended is not known
--       details = function(car) … end,         how far it is, for a job that fails
--       unfinished = function(car) … end }     the id of the job that is begun and neither done nor undone, or ""

local core, _, prelude, tools = ...

local patience = 10 -- seconds for an answer
local detail_characters = 1024

local car_job = tools.seal({}, "a car's job")
tools.car_job = car_job

local over = { __metatable = false }
over.__tostring = function(self)
  return "the job has ended: " .. self.status
end

local sent = setmetatable({}, { __mode = "k" }) -- requests, by car

local function topic(car, rest)
  return "$aws/things/" .. car.name .. "/jobs/" .. rest
end

-- The next message for one of its own jobs that matches, as a table; nil: there is none.
local function take(car, filter)
  local message = core.car_take(car, topic(car, filter))
  while message do
    local said = core.from_json(message.payload)
    if type(said) == "table" then
      return said
    end
    car:log("jobs: not a JSON object: " .. message.topic)
    message = core.car_take(car, topic(car, filter))
  end
end

-- The answer with that token; others are repetitions.
local function take_answer(car, filter, token)
  local answer = take(car, filter)
  while answer and answer.clientToken ~= token do
    answer = take(car, filter)
  end
  return answer
end

-- Asks, and waits: the answer and whether it was accepted; nil if the connection ends first, or none comes in time.
local function ask(car, call, document)
  sent[car] = (sent[car] or 0) + 1
  document.clientToken = "job-" .. sent[car]
  if car.link ~= "online" or not core.car_publish(car, topic(car, call), core.to_json(document), { qos = 1 }, false) then
    return nil
  end
  -- One AWS table has the answer to $next on the topic of the job.
  local filter = call == "$next/get" and "+/get" or call
  local deadline = core.now() + patience
  while car.link == "online" do
    local accepted = take_answer(car, filter .. "/accepted", document.clientToken)
    local rejected = not accepted and take_answer(car, filter .. "/rejected", document.clientToken)
    local left = deadline - core.now()
    if accepted or rejected then
      return accepted or rejected, accepted ~= nil
    elseif left <= 0 then
      return nil
    end
    car:wait_change(left)
  end
end

local function wait_online(car)
  while car.link ~= "online" do
    car:wait_change(86400)
  end
end

-- In each connection: the broker may have forgotten the session. False if it ends first.
local function listen(car)
  local filters = {
    topic(car, "notify-next"), topic(car, "start-next/+"), topic(car, "+/get/+"), topic(car, "+/update/+"),
  }
  local id = car.link == "online" and core.car_subscribe(car, filters, { qos = 1 })
  local deadline = core.now() + patience
  while id and car.link == "online" and core.now() < deadline do
    if core.car_answer(car, id) then
      return true
    end
    car:wait_change(math.max(0, deadline - core.now()))
  end
  return false
end

-- ---- a job, as parts see it ---------------------------------------------------------------------

local function version_of(state)
  return type(state) == "table" and math.type(state.versionNumber) == "integer" and state.versionNumber or nil
end

-- What a rejection means: "done", if it is an answer to what an earlier try has brought about, or "again".
local function judge(self, answer, status)
  local state = answer.executionState
  local known = type(state) == "table" and state.status or nil
  if answer.code == "VersionMismatch" and version_of(state) then
    self.version = version_of(state)
    self.car:log(string.format("job %s: version %d, not the one that was expected", self.id, self.version))
    return "again"
  elseif answer.code == "InvalidStateTransition" and known == status and self.tried == status then
    return "done"
  elseif answer.code == "RequestThrottled" or answer.code == "InternalError" then
    core.wait(1)
    return "again"
  elseif answer.code == "InvalidRequest" or answer.code == "InvalidJson" or answer.code == "InvalidTopic" then
    error(string.format("job %s: %s: %s", self.id, answer.code, tostring(answer.message)), 0)
  end
  error(setmetatable({ status = known or "GONE" }, over), 0)
end

-- For the run's numbers: each execution is begun once, and ends once.
local function count(self, status)
  if not self.begun then
    self.begun = true
    core.count_job("begun")
  end
  if status ~= "IN_PROGRESS" then
    core.count_job(status:lower())
  end
end

-- Reports until the service has taken it, over as many connections as that needs.
local function update(self, status, details, minutes)
  while true do
    wait_online(self.car)
    local answer, accepted = ask(self.car, self.id .. "/update", {
      status = status, statusDetails = details, expectedVersion = self.version, executionNumber = self.number,
      includeJobExecutionState = true, stepTimeoutInMinutes = minutes,
    })
    if accepted then
      self.version = version_of(answer.executionState) or self.version + 1
      self.tried = false
      count(self, status)
      return
    elseif answer and judge(self, answer, status) == "done" then
      count(self, status)
      return
    elseif not answer then
      self.tried = status -- it may have arrived
      wait_online(self.car)
      listen(self.car)
    end
  end
end

-- As the service takes it: without control characters, and not too long.
local function detail(value)
  local text = tostring(value):gsub("%c", " "):gsub("\xc2[\x80-\x9f]", " ")
  local past = utf8.len(text) and utf8.offset(text, detail_characters + 1) or detail_characters + 1
  return text:sub(1, past - 1)
end

-- Details are texts; none at all are left out.
local function merge(...)
  local all = {}
  for _, details in ipairs { ... } do
    for name, value in pairs(details) do
      all[name] = detail(value)
    end
  end
  return next(all) and all or nil
end

-- How far it is; the first report starts it. The details are texts by name; minutes: how long the next step may take.
function car_job:progress(details, minutes)
  self.details = details or {}
  update(self, "IN_PROGRESS", merge(self.details), minutes)
end

-- The document as the service hands it out now: URLs in it are good again. As it was, if the service does not say.
function car_job:refresh()
  wait_online(self.car)
  local answer, accepted = ask(self.car, self.id .. "/get", { executionNumber = self.number })
  local execution = accepted and answer.execution
  if type(execution) == "table" and type(execution.jobDocument) == "table" then
    self.document = execution.jobDocument
  end
end

-- ---- executions ---------------------------------------------------------------------------------

local function is_execution(e)
  return type(e) == "table" and type(e.jobId) == "string" and version_of(e) and type(e.jobDocument) == "table"
end

-- It was refused or has failed.
local function report_failure(self, handler, raised)
  local details = handler.details and raised.failed and handler.details(self.car) or self.details
  if handler.undo and raised.failed then
    handler.undo(self.car, raised.code)
  end
  update(self, raised.failed and "FAILED" or "REJECTED",
    merge(details, { reason = raised.code, description = raised.description }))
  if handler.done and raised.failed then
    handler.done(self.car)
  end
end

local function report_success(self, handler, details)
  update(self, "SUCCEEDED", merge(details or {}))
  if handler.done then
    handler.done(self.car)
  end
end

-- Ends well, or raises why not.
local function run(self, handler)
  local ok, raised = xpcall(handler.run, tools.traceback, self.car, self)
  if ok then
    report_success(self, handler, raised)
  elseif tools.is_refusal(raised) then
    report_failure(self, handler, raised)
  else
    error(raised, 0)
  end
end

-- The service has ended it meanwhile: canceled, timed out, or removed.
local function give_up(self, handler, raised)
  count(self, "ENDED")
  self.car:log(string.format("job %s was ended by the service: %s", self.id, raised.status))
  if handler.undo then
    handler.undo(self.car, raised.status)
  end
  if handler.done then
    handler.done(self.car)
  end
end

local function is_over(raised)
  return debug.getmetatable(raised) == over
end

local function first_line(raised)
  return type(raised) == "string" and raised:match("^[^\n]*") or "an error that is no text"
end

-- Whoever has the car is told of it, as of every error, in a task of its own: this one goes on.
local function tell(car, raised)
  car:log("jobs: " .. first_line(raised))
  core.spawn(error, raised, 0)
end

-- An error in a part ends its job, not all that come after it.
local function end_by_error(self, handler, raised)
  tell(self.car, raised)
  report_failure(self, handler, { failed = true, code = "INTERNAL_ERROR", description = first_line(raised) })
end

local function execute(car, e)
  local self = setmetatable({
    car = car, id = e.jobId, document = e.jobDocument, version = e.versionNumber, number = e.executionNumber,
    resumed = e.status == "IN_PROGRESS", begun = e.status == "IN_PROGRESS", details = type(e.statusDetails) == "table" and e.statusDetails or {},
    tried = false,
  }, car_job)
  local handler = core.model_of(car).jobs[e.jobDocument.operation]
  car:log(string.format("job %s: %s", e.jobId, self.resumed and "resumed" or "begun"))
  local ok, raised
  if handler then
    ok, raised = xpcall(run, tools.traceback, self, handler)
  else
    ok, raised = xpcall(update, tools.traceback, self, "REJECTED", merge {
      reason = "UNKNOWN_OPERATION", description = "no part of this car knows " .. tostring(e.jobDocument.operation),
    })
  end
  if not ok and is_over(raised) then
    give_up(self, handler or {}, raised)
  elseif not ok then
    end_by_error(self, handler or {}, raised)
  end
end

-- What was begun and is not the service's any more is undone.
local function forget_others(car, id)
  for _, handler in pairs(core.model_of(car).jobs) do
    local unfinished = handler.unfinished and handler.unfinished(car) or ""
    if unfinished ~= "" and unfinished ~= id then
      car:log("job " .. unfinished .. " is not to be done any more")
      handler.gone(car)
    end
  end
end

-- Does what there is, one after the other. False: the service did not say.
local function work_off(car)
  while true do
    local answer, accepted = ask(car, "$next/get", {})
    if not accepted then
      return false
    end
    local e = answer.execution
    if not is_execution(e) then
      forget_others(car, nil)
      return true
    end
    forget_others(car, e.jobId)
    execute(car, e)
    wait_online(car)
  end
end

-- Waits for news: what they say is looked up, for it may be old. False: the connection has ended.
local function wait_for_news(car)
  while car.link == "online" do
    local news = false
    while take(car, "notify-next") do
      news = true
    end
    if news then
      return true
    end
    car:wait_change(86400)
  end
  return false
end

-- What neither the part nor the service can end stays until there is news: it is not tried again at once.
local function work_off_or_tell(car)
  local ok, raised = xpcall(work_off, tools.traceback, car)
  if not ok then
    tell(car, raised)
  end
  return not ok or raised
end

local function serve(car)
  while true do
    wait_online(car)
    if listen(car) then
      while work_off_or_tell(car) and wait_for_news(car) do -- luacheck: ignore
      end
    end
    if car.link == "online" then
      core.wait(1)
    end
  end
end

-- Power came. A broker without device shadows has no jobs either.
function tools.serve_jobs(car)
  if next(core.model_of(car).jobs) and core.shadows() then
    core.spawn_for(car, serve, car)
  end
end
