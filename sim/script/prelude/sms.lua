-- Text messages: what the gateway does with them, and what a car does with one that has come.

local core, api, prelude, tools = ...

local message = { __metatable = false }

function message:__index(name)
  if name == "status" then
    return self.m:status()
  end
  return message[name]
end

-- Its delivery report: "delivered", "failed" or "expired".
function message:await(timeout)
  timeout = timeout or 10
  local deadline = core.now() + timeout
  while self.status == "pending" do
    local left = deadline - core.now()
    if left <= 0 then
      core.count_assertion()
      tools.fail(string.format("text message: expected its delivery report within %g s, saw none", timeout))
    end
    self.m:wait(left)
  end
  return self.status
end

function core.car_methods.sms(car, text)
  return setmetatable({ m = core.sms_to_car(car, text) }, message)
end

-- The car with that number gets a text message.
function tools.send_sms(_, msisdn, text)
  return setmetatable({ m = core.sms(msisdn, text) }, message)
end

local gateway_options = { delay = true, loss = true, duplicates = true, validity = true }
local delay_options = { median = true, sigma = true, [1] = true, [2] = true }

-- How the gateway treats messages to the scenario's cars from now on.
function tools.sms_gateway(_, options)
  tools.check_options("t:sms_gateway", options, gateway_options)
  local delay = options.delay or {}
  if type(delay) ~= "table" then
    error("t:sms_gateway: delay is { from, to } or { median =, sigma = }, in seconds", 2)
  end
  tools.check_options("t:sms_gateway: delay", delay, delay_options)
  core.sms_gateway {
    low = delay[1], high = delay[2] or delay[1], median = delay.median, sigma = delay.median and delay.sigma or 0,
    loss = options.loss, duplicates = options.duplicates, validity = options.validity,
  }
end

-- The part that minds the car's sleep decides; without one, a message wakes the TCU.
function prelude.sms(car, text)
  local model = core.model_of(car)
  for _, part in ipairs(model.parts) do
    if part.sms then
      return part.sms(car, text)
    end
  end
  car:wake()
end
