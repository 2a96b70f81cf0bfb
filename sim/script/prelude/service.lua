-- The command service: what stands between people's apps, voices and web pages and their cars.

local core, api, prelude, tools = ...

-- From somebody's word to the service, in seconds, by the channel that it takes: speech is recorded, recognised and
-- understood first; a web page has a server of its own in between; an app is what the service is made for.
local channels = {
  app = { 0, 0 },
  web = { median = 0.12, sigma = 0.4 },
  voice = { median = 1.1, sigma = 0.3 },
}

local function check_delay(name, delay)
  if type(delay) ~= "table" then
    error("t:command_service: channels." .. name .. " is { from, to } or { median =, sigma = }, in seconds", 4)
  end
  tools.check_options("t:command_service: channels." .. name, delay, { median = true, sigma = true, [1] = true, [2] = true })
  local low, high = delay[1] or 0, delay[2] or delay[1] or 0
  for _, value in pairs { low, high, delay.median or 0, delay.sigma or 0 } do
    if type(value) ~= "number" or not (value >= 0 and value <= 3600) then
      error("t:command_service: channels." .. name .. ": from 0 to 3600 seconds", 4)
    end
  end
  if low > high then
    error("t:command_service: channels." .. name .. ": from low to high, low first", 4)
  end
  return { low = low, high = high, median = delay.median, sigma = delay.sigma or 0 }
end

local function draw(delay)
  local a, b = core.random(), core.random()
  if not delay.median then
    return delay.low + a * (delay.high - delay.low)
  end
  -- Box and Muller; 1 - a is never 0.
  return delay.median * math.exp(delay.sigma * math.sqrt(-2 * math.log(1 - a)) * math.cos(2 * math.pi * b))
end

-- ---- commands of a service --------------------------------------------------------------------

local order = tools.seal({}, "a command of a service")

-- Its answer once it is over; by itself it is over when its expiry has passed.
function order:await(timeout)
  local deadline = core.now() + (timeout or self.lasts)
  while not self:done() do
    local left = deadline - core.now()
    if left <= 0 then
      self.service.s:give_up(self.n)
      core.count_assertion()
      tools.fail(string.format("command %s to %s: expected an answer within %g s, saw %s (the car is %s, for the service %s)",
        self:id(), tostring(self.car), timeout or self.lasts, self:status(), self.car.link,
        self.service:presence(self.car)), self.car)
    end
    self.service.s:wait(math.min(left, 2))
  end
  return self:answer()
end

-- Waits until it has had that status.
function order:await_status(status, timeout)
  timeout = timeout or 10
  local deadline = core.now() + timeout
  core.count_assertion()
  while true do
    for _, change in ipairs(self.service.s:history(self.n)) do
      if change.status == status then
        return change.at
      end
    end
    local left = deadline - core.now()
    if left <= 0 or self:done() then
      tools.fail(string.format("command %s to %s: expected %s within %g s, saw %s", self:id(), tostring(self.car),
        status, timeout, table.concat(self:statuses(), ", ")), self.car)
    end
    self.service.s:wait(left)
  end
end

function order:id()
  local _, id = self.service.s:state(self.n)
  return id
end

function order:status()
  return (self.service.s:state(self.n))
end

function order:done()
  local _, _, over = self.service.s:state(self.n)
  return over
end

function order:answer()
  local answer = self.service.s:answer(self.n)
  local reason = answer and answer.statusReason
  if type(reason) == "table" then
    answer.reason = reason.reasonCode
    answer.description = reason.reasonDescription
  end
  return answer
end

-- All that it has been, in order.
function order:statuses()
  local list = {}
  for i, change in ipairs(self.service.s:history(self.n)) do
    list[i] = change.status
  end
  return list
end

-- ---- users and their apps ---------------------------------------------------------------------

local user_app = tools.seal({}, "a user's app")
for name, method in pairs(tools.app_class) do
  if type(method) == "function" and name:sub(1, 2) ~= "__" then
    user_app[name] = method
  end
end

-- Takes in what the service has told since.
local function take_news(app)
  while true do
    local message = app.a:take(app.topic)
    if not message then
      return
    end
    local news = core.from_json(message.payload)
    app.news_list[#app.news_list + 1] = news
  end
end

local function id_of(command)
  return type(command) == "table" and command:id() or command
end

-- What this app was told, in order: { requestId, car, user, channel, status, … }; of one command if it is given.
function user_app:news(command)
  take_news(self)
  local list, id = {}, command and id_of(command)
  for _, news in ipairs(self.news_list) do
    if not id or news.requestId == id then
      list[#list + 1] = news
    end
  end
  return list
end

-- Waits until this app was told that a command has that status; returns what it was told.
function user_app:wait_status(command, status, timeout)
  timeout = timeout or 10
  local deadline = core.now() + timeout
  core.count_assertion()
  while true do
    local seen = {}
    for _, news in ipairs(self:news(command)) do
      if news.status == status then
        return news
      end
      seen[#seen + 1] = news.status
    end
    local left = deadline - core.now()
    if left <= 0 then
      tools.fail(string.format("app of %s: expected to hear %s of command %s within %g s, heard %s", self.user_name, status,
        id_of(command), timeout, #seen > 0 and table.concat(seen, ", ") or "nothing"))
    end
    self.a:wait_change(math.min(left, 0.5))
  end
end

local user = tools.seal({}, "a user")

-- One more app of this user, connected and listening to what the service tells.
function user:app(options)
  options = options or {}
  tools.check_options("user:app", options, { timeout = true })
  local made = tools.new_companion(false, 1, options.timeout or 10)
  local app = { a = made.a, topic = "app/fleetsim/" .. self.name .. "/commands/+", news_list = {}, user_name = self.name }
  setmetatable(app, user_app)
  app:subscribe(app.topic, { qos = 1 })
  return app
end

-- ---- the service ------------------------------------------------------------------------------

local service = tools.seal({}, "a command service")

-- This user, who owns these cars, and any that were given before.
function service:user(name, options)
  options = options or {}
  tools.check_options("service:user", options, { cars = true })
  for _, car in ipairs(options.cars or {}) do
    self.s:own(name, car)
  end
  return setmetatable({ name = name, service = self }, user)
end

local command_options = { id = true, user = true, channel = true, expiry = true }

-- Gives a command; returns at once.
function service:command(car, what, options)
  options = options or {}
  tools.check_options("service:command", options, command_options)
  local channel = options.channel or "app"
  if not self.channels[channel] then
    error("service:command: no channel '" .. tostring(channel) .. "'" .. tools.did_you_mean(channel, self.channels), 2)
  end
  local expiry = options.expiry or 60
  local who = options.user
  local id = options.id
  local front = draw(self.channels[channel])
  local n = self.s:command(car, what, {
    id = type(id) == "table" and id:id() or id,
    user = type(who) == "table" and who.name or who,
    channel = channel, front = front, expiry = expiry,
  })
  return setmetatable({ service = self, n = n, car = car, lasts = expiry + 5 }, order)
end

-- "unknown", "online", "leaving" or "offline": what lifecycle events say, and no more.
function service:presence(car)
  return self.s:presence(car)
end

local function await_ready(self, timeout)
  local deadline = core.now() + timeout
  while true do
    local ready, trouble = self.s:ready()
    if ready then
      return
    end
    local left = deadline - core.now()
    if left <= 0 then
      core.count_assertion()
      tools.fail(string.format("command service: expected it to be ready within %g s%s", timeout,
        trouble ~= "" and " (" .. trouble .. ")" or ""))
    end
    self.s:wait(math.min(left, 0.5))
  end
end

-- The service goes away, as for a new release; its session waits for it at the broker.
function service:close()
  self.s:close()
end

-- It comes back; returns when it is ready.
function service:open(timeout)
  self.s:open()
  await_ready(self, timeout or 10)
end

-- { ready, losses, client_id }
function service:connection()
  local ready = self.s:ready()
  return { ready = ready, losses = self.s:losses(), client_id = self.s:client_id() }
end

local service_options = {
  confirm_offline = true, trust_goodbye = true, subscribe_within = true, session_expiry = true, tap = true,
  channels = true, timeout = true, watch = true,
}

-- A command service of the scenario's own, connected and told of its cars.
function tools.command_service(test, options)
  options = options or {}
  tools.check_options("t:command_service", options, service_options)
  local tap = options.tap or {}
  tools.check_options("t:command_service: tap", tap, { every = true, backoff = true, most = true })
  local known = {}
  for name, delay in pairs(channels) do
    known[name] = check_delay(name, delay)
  end
  for name, delay in pairs(options.channels or {}) do
    known[name] = check_delay(name, delay)
  end
  core.wait(0) -- in virtual time: when nothing else is on its way
  local s = core.command_service {
    confirm_offline = options.confirm_offline, trust_goodbye = options.trust_goodbye,
    subscribe_within = options.subscribe_within, session_expiry = options.session_expiry,
    watch_all = options.watch == "all" or test.cars > 10,
    tap_every = tap.every, tap_backoff = tap.backoff, taps = tap.most,
  }
  local made = setmetatable({ s = s, channels = known }, service)
  await_ready(made, options.timeout or 10)
  return made
end
