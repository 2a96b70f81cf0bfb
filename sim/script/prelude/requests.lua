-- What an operator asks of the cloud's services: AWS has HTTPS APIs for it, the local cloud messages of its own below
-- fleetsim/<service>/…, which it answers to the asker alone, on …/accepted or …/rejected.

local core, _, _, tools = ...

-- Skips the scenario unless the cloud is ours.
local function local_cloud_only(what)
  if not core.cloud_is_local() then
    error({ skip = what .. ": AWS takes this over HTTPS, for which only the local cloud has a stand-in" }, 0)
  end
end

tools.local_cloud_only = local_cloud_only

-- The answers come on topics below the one that is asked, of as many levels.
local function filter_of(topic)
  if topic:find("/executions/[^/]+/[^/]+$") then
    return "fleetsim/jobs/+/executions/+/+"
  end
  local kind, rest = topic:match("^fleetsim/(%l+)/(.*)$")
  return "fleetsim/" .. kind .. "/" .. rest:gsub("[^/]+", "+")
end

local function listen(self, topic)
  local filter = filter_of(topic)
  local heard = rawget(self, "asked_filters") or {}
  rawset(self, "asked_filters", heard)
  if not heard[filter] then
    heard[filter] = true
    self:subscribe { filter .. "/accepted", filter .. "/rejected" }
  end
end

local function take_answer(self, topic, token)
  local message = self.a:take(topic)
  while message do
    local answer = core.from_json(message.payload)
    if type(answer) == "table" and answer.clientToken == token then
      return answer
    end
    message = self.a:take(topic)
  end
end

-- Asks a service of the cloud; what it answers, or raises what it rejects. what: who asks, for errors.
function tools.ask_cloud(self, what, topic, document, timeout)
  local_cloud_only(what)
  listen(self, topic)
  local number = (rawget(self, "asked") or 0) + 1
  rawset(self, "asked", number)
  document.clientToken = "ask-" .. number
  self:publish(topic, document, { qos = 1 })
  local deadline = core.now() + (timeout or 10)
  while true do
    local accepted = take_answer(self, topic .. "/accepted", document.clientToken)
    local rejected = not accepted and take_answer(self, topic .. "/rejected", document.clientToken)
    if accepted then
      return accepted
    elseif rejected then
      error(string.format("%s: %s: %s", what, rejected.code, rejected.message), 4)
    end
    local left = deadline - core.now()
    if left <= 0 then
      core.count_assertion()
      tools.fail(string.format("%s: expected an answer within %g s, saw none", what, timeout or 10))
    end
    self.a:wait_change(math.min(left, 0.5))
  end
end
