-- FleetWise's commands in protobuf (docs/fleetwise.md#commands): an actuator is a signal by its number, which is set as
-- somebody at the car would; or last known states are switched on, off, and asked for.

local decoder = require "parts.fleetwise.decoder"
local states = require "parts.fleetwise.states"

local commands = {}

local slow = 2 -- seconds after which it says that it is at work

-- What the edge agent's reasons are numbered; those of a car's maker begin with OEM.
local reasons = {
  UNSPECIFIED = 0x00, DECODER_MANIFEST_OUT_OF_SYNC = 0x02, NO_DECODING_RULES_FOUND = 0x03,
  COMMAND_REQUEST_PARSING_FAILED = 0x04, STATE_TEMPLATE_OUT_OF_SYNC = 0x06, ARGUMENT_TYPE_MISMATCH = 0x07,
  NOT_SUPPORTED = 0x08, INTERNAL_ERROR = 0x0D, STATE_TEMPLATE_ALREADY_ACTIVATED = 0x10,
  STATE_TEMPLATE_ALREADY_DEACTIVATED = 0x11, TIMED_OUT_BEFORE_DISPATCH = 0x12, NO_RESPONSE = 0x13, OEM = 0x10000,
}

local value_names = {
  "double_value", "boolean_value", "int8_value", "uint8_value", "int16_value", "uint16_value", "int32_value",
  "uint32_value", "int64_value", "uint64_value", "float_value", "string_value",
}

local failed, succeeded, timed_out = "COMMAND_STATUS_EXECUTION_FAILED", "COMMAND_STATUS_SUCCEEDED",
  "COMMAND_STATUS_EXECUTION_TIMEOUT"

local function topic(agent, rest)
  return "$aws/commands/things/" .. agent.car.name .. "/executions/" .. rest
end

function commands.filter(agent)
  return topic(agent, "+/request/protobuf")
end

local function respond(agent, id, status, reason, description)
  pcall(agent.car.publish, agent.car, topic(agent, id .. "/response/protobuf"), encode_fleetwise("CommandResponse", {
    command_id = id, status = status, reason_code = reasons[reason], reason_description = description,
  }), { wait = false })
end

local function wanted_value(command)
  for _, name in ipairs(value_names) do
    if command[name] ~= nil then
      return command[name]
    end
  end
end

-- Status, reason and description of what the car has made of it.
local function actuate(agent, command)
  if command.decoder_manifest_sync_id ~= agent:held().decoder then
    return failed, "DECODER_MANIFEST_OUT_OF_SYNC",
      ("for manifest %q, and it has %q"):format(command.decoder_manifest_sync_id, agent:held().decoder)
  end
  -- As with the edge agent, nobody writes to the bus.
  local car, path = agent.car, decoder.path(agent, command.signal_id)
  if not path or not car:has(path) then
    return failed, "NO_DECODING_RULES_FOUND", "no such actuator: " .. command.signal_id
  end
  local value = wanted_value(command)
  if type(value) ~= type(car:get(path)) then
    return failed, "ARGUMENT_TYPE_MISMATCH", ("%s is a %s"):format(path, type(car:get(path)))
  end
  local ok, raised = pcall(car.press, car, { [path] = value })
  if ok then
    return succeeded, "UNSPECIFIED", ""
  elseif type(raised) == "table" and raised.code then
    return failed, "OEM", raised.code .. ": " .. raised.description
  end
  return failed, "INTERNAL_ERROR", tostring(raised)
end

local function carry_out(agent, request)
  if request.actuator_command then
    return actuate(agent, request.actuator_command)
  elseif request.last_known_state_command then
    return states.command(agent, request.last_known_state_command)
  end
  return failed, "NOT_SUPPORTED", "no command that it knows"
end

-- It ends once: with what the car says, or with its time.
local function run(agent, id, request, deadline)
  local ended = false
  local function finish(...)
    if not ended then
      ended = true
      respond(agent, id, ...)
    end
  end

  agent:spawn(function()
    wait(slow)
    if not ended then
      respond(agent, id, "COMMAND_STATUS_IN_PROGRESS", "UNSPECIFIED", "")
    end
  end)
  if deadline then
    agent:spawn(function()
      agent:pause(deadline - agent:now())
      finish(timed_out, "NO_RESPONSE", "it was not done in its time")
    end)
  end
  agent:spawn(function()
    local ended_well, status, reason, description = pcall(carry_out, agent, request)
    if ended_well then
      finish(status, reason, description)
    else
      finish(failed, "INTERNAL_ERROR", tostring(status))
    end
  end)
end

-- One that comes again is not done again; one whose time is over is not begun.
function commands.serve(agent, message)
  local id = message.topic:match("/executions/([^/]+)/")
  if agent.commands[id] then
    return
  end
  agent.commands[id] = true
  local request, why = decode_fleetwise("CommandRequest", message.payload)
  if not request then
    respond(agent, id, failed, "COMMAND_REQUEST_PARSING_FAILED", why)
    return
  end
  local deadline = request.timeout_ms > 0 and request.issued_timestamp_ms > 0
    and request.issued_timestamp_ms + request.timeout_ms
  if deadline and agent:now() > deadline then
    respond(agent, id, timed_out, "TIMED_OUT_BEFORE_DISPATCH", "its time was over when it came")
    return
  end
  run(agent, id, request, deadline)
end

return commands
