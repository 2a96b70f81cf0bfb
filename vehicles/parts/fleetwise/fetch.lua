-- Signals that a FleetWise scheme has fetched (`signal_fetch_information`), by time or when a condition holds: the car
-- reads them, though nothing has changed. Whatever a scheme's actions are called, reading is all that a car can do.

local conditions = require "parts.fleetwise.conditions"

local fetch = {}

local function fetches_of(run)
  return run.scheme.signal_fetch_information or {}
end

-- What of the fetches is not done: why, for the car's log.
function fetch.refusals(scheme, refuse)
  for _, information in ipairs(scheme.signal_fetch_information or {}) do
    local function refuse_fetch(why)
      refuse(("signal_fetch_information of signal %d: %s"):format(information.signal_id, why))
    end
    if not information.time_based and not information.condition_based then
      refuse_fetch("neither by time nor by condition: it is not fetched")
    elseif #information.actions == 0 then
      refuse_fetch("no action: it is not fetched")
    end
    for _, action in ipairs(information.actions) do
      if not action.node_function or not action.node_function.custom_function then
        refuse_fetch("an action that is no custom_function: it is passed over")
      end
    end
  end
end

local function read(agent, information)
  for _, action in ipairs(information.actions) do
    if action.node_function and action.node_function.custom_function then
      agent:look_again(information.signal_id, true)
    end
  end
end

local function repeat_read(agent, run, information, is_active)
  local config = information.time_based
  local count, since = 0, agent:now()
  while agent.runs == run.of and agent:now() < run.scheme.expiry_time_ms_epoch do
    agent:pause(math.max(config.execution_frequency_ms, 1))
    if config.reset_max_execution_count_interval_ms > 0
      and agent:now() - since >= config.reset_max_execution_count_interval_ms then
      count, since = 0, agent:now()
    end
    if agent.runs == run.of and is_active(agent, run.scheme)
      and (config.max_execution_count == 0 or count < config.max_execution_count) then
      count = count + 1
      read(agent, information)
    end
  end
end

function fetch.begin(agent, run, is_active)
  for _, information in ipairs(fetches_of(run)) do
    if information.time_based and information.time_based.execution_frequency_ms > 0 then
      agent:spawn(repeat_read, agent, run, information, is_active)
    end
  end
end

-- A signal has a value that nobody fetched.
function fetch.look(agent, run)
  for i, information in ipairs(fetches_of(run)) do
    local config = information.condition_based
    local now = config and conditions.hold(config.condition_tree, agent.values, run.windows)
    local was = run.fetched[i]
    run.fetched[i] = now
    if now and (config.condition_trigger_mode ~= "TRIGGER_ONLY_ON_RISING_EDGE" or not was) then
      read(agent, information)
    end
  end
end

return fetch
