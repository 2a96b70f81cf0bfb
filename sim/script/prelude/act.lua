-- Orders acted out by the parts of a car, or refused; what loss of power does to that.

local core, _, prelude, tools = ...
local car_methods = core.car_methods

local refusal = { __metatable = false }
refusal.__index = refusal
refusal.__tostring = function(self)
  return (self.failed and "failed: " or "refused: ") .. self.code .. ": " .. self.description
end

local function handler(raised)
  if type(raised) == "string" then
    return debug.traceback(raised, 2)
  end
  return raised
end

local function is_refusal(raised)
  return debug.getmetatable(raised) == refusal
end

tools.is_refusal = is_refusal
tools.traceback = handler

local function act_part(car, part, wishes)
  tools.outcomes.before(car, part, wishes)
  part.desire(car, wishes)
end

-- A part does one thing after another: a second wish waits until its motors have stopped.
local function exclusively(car, part, wishes)
  local busy = core.store(car)
  while busy[part] do
    busy[part]:wait(3600)
  end
  local queue = core.queue()
  busy[part] = queue
  local ok, raised = xpcall(act_part, handler, car, part, wishes)
  if not ok and is_refusal(raised) and raised.failed then
    tools.outcomes.after_fault(car, part, raised.code)
  end
  if busy[part] == queue then -- else the power was lost meanwhile
    busy[part] = nil
  end
  queue:notify()
  return ok, raised
end

-- "SUCCEEDED" | "REJECTED" | "FAILED", code, description; other errors are raised again.
local function outcome_of(ok, raised)
  if ok then
    return "SUCCEEDED"
  elseif is_refusal(raised) then
    return raised.failed and "FAILED" or "REJECTED", raised.code, raised.description
  end
  error(raised, 0)
end

local function by_part(car, changes)
  local model = core.model_of(car)
  local wishes, parts = {}, {}
  for i = 1, #changes, 2 do
    local path = changes[i]
    local part = model.owner[path]
    if part and part.desire then
      if not wishes[part] then
        wishes[part] = {}
        parts[#parts + 1] = part
      end
      wishes[part][path] = changes[i + 1]
    end
  end
  return parts, wishes
end

-- Parts move side by side; the first refusal decides the outcome.
local function act_all(car, parts, wishes)
  if #parts == 1 then
    return outcome_of(exclusively(car, parts[1], wishes[parts[1]]))
  end
  local left, results, all = #parts, {}, core.queue()
  for i, part in ipairs(parts) do
    core.spawn(function()
      results[i] = table.pack(exclusively(car, part, wishes[part]))
      left = left - 1
      all:notify()
    end)
  end
  while left > 0 do
    all:wait(3600)
  end
  local first = { "SUCCEEDED" }
  for i = 1, #parts do
    local outcome = table.pack(outcome_of(results[i][1], results[i][2]))
    if first[1] == "SUCCEEDED" then
      first = outcome
    end
  end
  return table.unpack(first)
end

-- Acts on it; a desired state has no answer, so why not is reported.
local function settle_order(car, parts, wishes, order)
  local outcome, code, description = act_all(car, parts, wishes)
  if outcome ~= "SUCCEEDED" and core.order_kind(order) == "desired" then
    car:set("refusal.reason", code)
    car:set("refusal.description", description)
    car:set("refusal.token", core.order_token(order))
  end
  return outcome, code, description
end

function prelude.act(car, order, changes)
  local parts, wishes = by_part(car, changes)
  tools.refresh(car, core.model_of(car))
  tools.outcomes.before_order(car, parts, wishes)
  local twice, outcome, code, description = tools.outcomes.around(settle_order, car, parts, wishes, order)
  tools.acted(car, core.model_of(car), "command")
  core.order_done(order, outcome, code, description, twice)
end

-- Somebody at the car presses its buttons: as a command, but what is refused is raised, and nobody is answered.
function tools.press(car, changes)
  local parts, wishes = by_part(car, changes)
  tools.refresh(car, core.model_of(car))
  tools.outcomes.before_order(car, parts, wishes)
  local _, outcome, code, description = tools.outcomes.around(act_all, car, parts, wishes)
  tools.acted(car, core.model_of(car), "command")
  if outcome ~= "SUCCEEDED" then
    error(setmetatable({ code = code, description = description, failed = outcome == "FAILED" }, refusal), 0)
  end
end

-- One after the other, but those behind one that waits do not wait for it.
function prelude.start_parts(car, first)
  local starts = core.model_of(car).starts
  for i = first, #starts do
    if core.hand_over(i < #starts and i + 1 or 0) then
      return
    end
    starts[i](car)
  end
end

function prelude.power_came(car)
  tools.outcomes.power_came(car)
  tools.refresh(car, core.model_of(car))
  tools.serve_jobs(car)
  core.start_parts(car)
end

function prelude.power_lost(car)
  tools.refresh(car, core.model_of(car)) -- what was with power is not to be taken for without
  core.stop_tasks(car)
  local store, queues = core.store(car), {}
  for _, part in ipairs(core.model_of(car).parts) do
    queues[#queues + 1] = store[part]
  end
  for key in pairs(store) do
    store[key] = nil
  end
  for _, queue in ipairs(queues) do -- who is no task of the car's still waits
    queue:notify()
  end
end

-- ---- what parts and scripts say of a car --------------------------------------------------------

-- Somebody presses buttons, by the paths of what they ask for: { ["locks.all"] = "unlocked" }.
function car_methods.press(car, wishes)
  local changes = {}
  for path, value in pairs(wishes) do
    changes[#changes + 1] = path
    changes[#changes + 1] = value
  end
  tools.press(car, changes)
end

-- Ends the wish that is being acted out: understood, but will not.
function car_methods.refuse(_, code, description)
  error(setmetatable({ code = code, description = description or code }, refusal), 0)
end

-- Likewise: tried, and could not.
function car_methods.fail(_, code, description)
  error(setmetatable({ code = code, description = description or code, failed = true }, refusal), 0)
end
