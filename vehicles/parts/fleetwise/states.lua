-- Last known states of FleetWise (docs/fleetwise.md): templates that the cloud has sent, what commands make of them,
-- and the values that active ones bring. Templates and which of them are active outlive a loss of power.

local decoder = require "parts.fleetwise.decoder"

local states = {}

local gathered = 0.1 -- seconds: changes so close to each other go in one message

local function find(held, id)
  for place, template in ipairs(held.templates) do
    if template.id == id then
      return template, place
    end
  end
end

-- ---- what goes to the cloud ---------------------------------------------------------------------

local function captured(agent, run, ids)
  local list = {}
  for _, id in ipairs(ids) do
    local value = agent:read(id)
    if value ~= nil then
      run.sent[id] = value
      list[#list + 1] = { signal_id = id, [decoder.member(agent, id, value)] = value }
    end
  end
  return list
end

-- Nobody keeps what cannot be sent: what is wanted is how it is now.
local function send(agent, run, ids)
  local list = captured(agent, run, ids)
  if #list > 0 then
    agent:publish("last_known_states/data", encode_fleetwise("LastKnownStateData", {
      collection_event_time_ms_epoch = agent:now(),
      captured_state_template_signals = {
        { state_template_sync_id = run.template.id, captured_signals = list },
      },
    }), { wait = false })
  end
end

local function is_collecting(agent, run)
  return agent.states[run.template.id] == run and run.template.decoder == agent:held().decoder
end

local function repeat_all(agent, run)
  while agent.states[run.template.id] == run do
    agent:pause(run.template.period_ms)
    if is_collecting(agent, run) then
      send(agent, run, run.template.signal_ids)
    end
  end
end

-- A signal has a new value.
function states.changed(agent, id)
  for _, run in pairs(agent.states) do
    if run.wanted[id] and not run.template.period_ms and is_collecting(agent, run) then
      run.pending[id] = true
      if not run.gathering then
        run.gathering = true
        agent:spawn(function()
          wait(gathered)
          run.gathering = false
          local ids = {}
          for _, wanted in ipairs(run.template.signal_ids) do
            if run.pending[wanted] and agent:read(wanted) ~= run.sent[wanted] then
              ids[#ids + 1] = wanted
            end
          end
          run.pending = {}
          if is_collecting(agent, run) then
            send(agent, run, ids)
          end
        end)
      end
    end
  end
end

-- ---- templates ----------------------------------------------------------------------------------

local function show(agent)
  local names = {}
  for _, template in ipairs(agent:held().states.templates) do
    if template.active then
      names[#names + 1] = template.id
    end
  end
  agent.car:set("fleetwise.states", table.concat(names, " "))
end

local function stop(agent, template)
  template.active, template.until_ms = false, 0
  agent.states[template.id] = nil
end

local function start(agent, template)
  local run = { template = template, sent = {}, pending = {}, wanted = {} }
  for _, id in ipairs(template.signal_ids) do
    run.wanted[id] = true
  end
  agent.states[template.id] = run
  if template.period_ms then
    agent:spawn(repeat_all, agent, run)
  end
  if template.until_ms > 0 then
    agent:spawn(function()
      agent:pause(template.until_ms - agent:now())
      if agent.states[template.id] == run then
        stop(agent, template)
        show(agent)
      end
    end)
  end
  return run
end

-- What a car without history has of it.
function states.none()
  return { version = 0, templates = {} }
end

-- Those that were active go on; their snapshot has been sent before.
function states.begin(agent)
  agent.states = {}
  for _, template in ipairs(agent:held().states.templates) do
    if template.active then
      start(agent, template)
    end
  end
  show(agent)
end

-- StateTemplates: some go, some come. Which are active stays, by their names.
function states.take(agent, message)
  local held = agent:held().states
  if message.version < held.version then
    agent:refuse("states", ("state templates of version %.0f: those of version %.0f have come before")
      :format(message.version, held.version))
    return
  end
  held.version = message.version
  agent:forget_refusals("states")
  for _, id in ipairs(message.state_template_sync_ids_to_remove) do
    local _, place = find(held, id)
    if place then
      table.remove(held.templates, place)
    end
  end
  for _, new in ipairs(message.state_templates_to_add) do
    local template = find(held, new.state_template_sync_id)
    if not template then
      template = { id = new.state_template_sync_id, active = false, until_ms = 0 }
      held.templates[#held.templates + 1] = template
    end
    template.decoder, template.signal_ids = message.decoder_manifest_sync_id, new.signal_ids
    template.period_ms = new.periodic_update_strategy and math.max(new.periodic_update_strategy.period_ms, 1)
  end
  states.begin(agent)
end

-- Which it has, for a check-in.
function states.names(agent, list)
  for _, template in ipairs(agent:held().states.templates) do
    list[#list + 1] = template.id
  end
end

-- ---- commands -----------------------------------------------------------------------------------

local operations = {}

-- It begins with all that there is.
function operations.activate_operation(agent, template, operation)
  local was = template.active
  template.active = true
  template.until_ms = operation.deactivate_after_seconds > 0
    and agent:now() + operation.deactivate_after_seconds * 1000 or 0
  local run = start(agent, template)
  if is_collecting(agent, run) then
    send(agent, run, template.signal_ids)
  end
  return was and "STATE_TEMPLATE_ALREADY_ACTIVATED" or "UNSPECIFIED"
end

function operations.deactivate_operation(agent, template)
  local was = template.active
  stop(agent, template)
  return was and "UNSPECIFIED" or "STATE_TEMPLATE_ALREADY_DEACTIVATED"
end

function operations.fetch_snapshot_operation(agent, template)
  local run = agent.states[template.id] or { template = template, sent = {} }
  if template.decoder == agent:held().decoder then
    send(agent, run, template.signal_ids)
  end
  return "UNSPECIFIED"
end

local function operation_of(information)
  for name, fn in pairs(operations) do
    if information[name] then
      return fn, information[name]
    end
  end
end

-- LastKnownStateCommand: all of it, or none. Its status, the reason's name and a description.
function states.command(agent, command)
  local held = agent:held().states
  for _, information in ipairs(command.state_template_information) do
    if not find(held, information.state_template_sync_id) then
      return "COMMAND_STATUS_EXECUTION_FAILED", "STATE_TEMPLATE_OUT_OF_SYNC",
        "no state template " .. information.state_template_sync_id
    elseif not operation_of(information) then
      return "COMMAND_STATUS_EXECUTION_FAILED", "NOT_SUPPORTED", "no operation that it knows"
    end
  end
  local reason = "UNSPECIFIED"
  for _, information in ipairs(command.state_template_information) do
    local fn, operation = operation_of(information)
    local said = fn(agent, find(held, information.state_template_sync_id), operation)
    reason = said ~= "UNSPECIFIED" and said or reason
  end
  show(agent)
  return "COMMAND_STATUS_SUCCEEDED", reason, ""
end

return states
