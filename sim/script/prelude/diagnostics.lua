-- Remote diagnostics, as the workshop's side asks for them (docs/diagnostics.md).

local core, _, _, tools = ...

local app = tools.app_class

local ask_options = { parameters = true, id = true, timeout = true }

local ask_again = 2 -- seconds: the car may not have subscribed yet, and does nothing twice

-- Asks a car, and waits for its answer: a table with status, components, data or result.
function app:diagnose(car, command, options)
  options = options or {}
  tools.check_options("app:diagnose", options, ask_options)
  local number = (rawget(self, "diagnoses") or 0) + 1
  rawset(self, "diagnoses", number)
  local id = options.id or (self:connection().client_id .. "-" .. number):gsub("[^%w_-]", "-")
  local base = "vehicles/" .. car.name .. "/diagnostics/"
  local heard = rawget(self, "diagnosed") or {}
  rawset(self, "diagnosed", heard)
  if not heard[car.name] then
    heard[car.name] = true
    self:subscribe(base .. "+/response")
  end
  local request = {
    correlation_id = id, command_type = command, parameters = options.parameters, timestamp = os.time(),
  }
  local deadline, next_at = core.now() + (options.timeout or 10), core.now()
  while core.now() < deadline do
    if core.now() >= next_at then
      next_at = core.now() + ask_again
      self:publish(base .. id .. "/request", request, { qos = 1 })
    end
    local message = self.a:take(base .. id .. "/response")
    if message then
      return core.from_json(message.payload)
    end
    self.a:wait_change(math.max(0, math.min(next_at, deadline) - core.now()))
  end
  core.count_assertion()
  tools.fail(string.format("app:diagnose: expected an answer of %s to %s within %g s, saw none", tostring(car), command,
    options.timeout or 10), car)
end
