-- Remote diagnostics (docs/diagnostics.md): a workshop far away reads faults and data, clears faults, runs routines.
-- What could hurt somebody is refused while the car moves, or outside a workshop.
--
--   diagnostics {
--     routines = { seat_check = {
--       safety = "STATIONARY", run = function(car, parameters) return { result = "PASSED" } end,
--     } },
--   }
--
-- A request on vehicles/<car>/diagnostics/<id>/request: { "correlation_id", "command_type", "parameters" }; the answer
-- on …/response: { "correlation_id", "status", "components" | "data" | "result", "latency_ms", "storage_uri" }.

local openings = require "parts.openings"
local physics = require "parts.physics"

local in_workshop = "diagnostics.in_workshop"
local remembered = 32 -- answers, for requests that come again

local units = { P = "powertrain", B = "body", C = "chassis", U = "network" }

-- ---- reading ------------------------------------------------------------------------------------

local freeze_signals = {
  { "driving.speed", "faults.freeze_speed", "km/h" },
  { "battery.state_of_charge", "faults.freeze_charge", "percent" },
  { "battery.temperature", "faults.freeze_temperature", "celsius" },
}

local function freeze_frame(car, fault)
  local frame = {}
  for _, signal in ipairs(freeze_signals) do
    frame[signal[1]] = { value = car:get(signal[2]), unit = signal[3], timestamp = fault.first * 1000 }
  end
  return frame
end

-- The faults by control unit; `with_frame`: with what was frozen when the first one was found.
local function components(car, with_frame)
  local found, set = {}, physics.body(car).faults.set
  for code, fault in pairs(set) do
    local unit = units[code:sub(1, 1)]
    found[unit] = found[unit] or { id = unit, faults = {} }
    table.insert(found[unit].faults, {
      code = code, status = fault.state, occurrence_count = fault.count, first_seen_ms = fault.first * 1000,
      last_seen_ms = fault.last * 1000,
      freeze_frame = with_frame and code == car:get("faults.freeze_code") and freeze_frame(car, fault) or nil,
    })
  end
  for _, unit in pairs(found) do
    table.sort(unit.faults, function(a, b) return a.code < b.code end)
  end
  return found
end

local function read_data(car, parameters)
  local data = {}
  local paths = type(parameters.signals) == "table" and parameters.signals or {}
  for _, path in ipairs(paths) do
    if type(path) ~= "string" or not car:has(path) then
      car:refuse("UNKNOWN_DATA", "there is no signal " .. tostring(path))
    end
    data[path] = { value = car:get(path), timestamp = os.time() * 1000 }
  end
  if next(data) == nil then
    car:refuse("INVALID_REQUEST", "signals: a list of paths")
  end
  return { data = data }
end

local function read_identity(car)
  return { data = {
    vin = car.vin, model = car.model, imei = car.imei, iccid = car.iccid,
    software = car:has("update.version") and car:get("update.version") or nil,
  } }
end

-- ---- doing --------------------------------------------------------------------------------------

local routines = {
  self_test = {
    safety = "INERT",
    run = function(car)
      car:work(2)
      local count = car:get("faults.count")
      return { result = count == 0 and "PASSED" or "FAILED", faults = count }
    end,
  },
  lamp_test = {
    safety = "STATIONARY",
    run = function(car)
      car:set("lights.hazard", true)
      car:work(3)
      car:set("lights.hazard", false)
      return { result = "PASSED" }
    end,
  },
  reset_service = {
    safety = "SERVICE_ONLY",
    run = function(car)
      car:service()
      return { result = "PASSED", due_in_days = car:get("service.days") }
    end,
  },
}

local safety_of = {
  read_faults = "INERT", read_freeze_frame = "INERT", read_identity = "INERT", read_data = "INERT",
  clear_faults = "STATIONARY",
}

local function check_safety(car, safety)
  if safety ~= "INERT" and openings.moving(car) then
    car:refuse("VEHICLE_MOVING", "the car is moving")
  elseif safety == "SERVICE_ONLY" and not car:get(in_workshop) then
    car:refuse("SERVICE_ONLY", "only in a workshop")
  end
end

return part("diagnostics", function(options)
  local own = options.routines or {}
  local commands = { read_data = read_data, read_identity = read_identity }

  function commands.read_faults(car)
    return { components = components(car, false) }
  end

  function commands.read_freeze_frame(car)
    return { components = components(car, true) }
  end

  -- As an app asks for it.
  function commands.clear_faults(car)
    car:work(options.clear_seconds or 1.5)
    car:clear_faults()
    return { components = components(car, false) }
  end

  function commands.run_routine(car, parameters)
    local name = parameters.routine
    local routine = type(name) == "string" and (own[name] or routines[name])
    if not routine then
      car:refuse("UNKNOWN_ROUTINE", "there is no routine " .. tostring(name))
    end
    check_safety(car, routine.safety)
    return { result = routine.run(car, parameters) }
  end

  local function run(car, request)
    local command = commands[request.command_type]
    if not command then
      car:refuse("UNKNOWN_COMMAND", "there is no command " .. tostring(request.command_type))
    end
    check_safety(car, safety_of[request.command_type] or "INERT")
    return command(car, type(request.parameters) == "table" and request.parameters or {})
  end

  local function answer_to(car, request)
    local began = car:clock()
    local ok, result = pcall(run, car, request)
    local answer = { status = "SUCCEEDED" }
    if ok then
      for name, value in pairs(result) do
        answer[name] = value
      end
    elseif type(result) == "table" and result.code then
      answer = { status = "REJECTED", reason = result.code, description = result.description }
    else
      car:log("diagnostics: " .. tostring(result))
      answer = { status = "FAILED", reason = "INTERNAL_ERROR", description = tostring(result) }
    end
    answer.correlation_id = request.correlation_id
    answer.latency_ms = math.floor(1000 * (car:clock() - began) + 0.5)
    answer.storage_uri = null
    return answer
  end

  local function topic(car, rest)
    return "vehicles/" .. car.name .. "/diagnostics/" .. rest
  end

  local function remember(memory, id, answer)
    memory.answers, memory.ids = memory.answers or {}, memory.ids or {}
    memory.answers[id] = answer
    table.insert(memory.ids, id)
    if #memory.ids > remembered then
      memory.answers[table.remove(memory.ids, 1)] = nil
    end
  end

  local function serve(car, message)
    local id = message.topic:match("/([^/]+)/request$")
    local memory = car:memory()
    local answer = memory.answers and memory.answers[id]
    if not answer then
      local request = decode_json(message.payload)
      answer = type(request) == "table" and answer_to(car, request)
        or { status = "REJECTED", reason = "INVALID_REQUEST", description = "not a JSON object" }
      remember(memory, id, answer)
    end
    car:publish(topic(car, id .. "/response"), answer, { wait = false })
  end

  -- In each connection: the broker may have forgotten the session.
  local function listen(car)
    while true do
      if car.link == "online" then
        pcall(car.subscribe, car, topic(car, "+/request"))
      end
      pcall(car.wait_event, car, "state", { to = "online" }, 86400)
    end
  end

  local function start(car)
    car:spawn(listen, car)
    while true do
      local came, message = pcall(car.wait_message, car, topic(car, "+/request"), 86400)
      if came then
        serve(car, message)
      end
    end
  end

  return {
    signals = { { in_workshop, type = "boolean" } },
    actions = {
      enter_workshop = function(car) car:set(in_workshop, true) end,
      leave_workshop = function(car) car:set(in_workshop, false) end,
    },
    start = start,
  }
end)
