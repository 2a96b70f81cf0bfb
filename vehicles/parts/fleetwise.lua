-- The edge agent of AWS IoT FleetWise (docs/fleetwise.md): it tells which documents it has, takes collection schemes,
-- and sends what they ask for, by time or when a condition comes true.
--
--   fleetwise { signals = { [1] = "driving.speed", [2] = "battery.state_of_charge" }, decoder = "manifest-1" }
--
-- `signals` stands for the decoder manifest: which number is which signal; a car needs no rules to decode its own bus.
-- What it has been sent outlives a loss of power.

local physics = require "parts.physics"

local campaigns, events = "fleetwise.campaigns", "fleetwise.events"

local samples_kept = 10 -- of a signal, if a scheme does not say
local data_kept = 100 -- while there is no connection

-- ---- conditions ---------------------------------------------------------------------------------

local function window_value(agent, node)
  local windows = agent.windows[node.signal_id]
  -- A type that is not known is a number.
  local last, kind = tostring(node.window_type):match("^(.*)LAST_WINDOW_(%u+)$")
  local window = windows and windows[last == "PREV_" and 2 or 1]
  if not kind or not window or window.count == 0 then
    return nil
  end
  if kind == "AVG" then
    return window.sum / window.count
  end
  return kind == "MIN" and window.min or window.max
end

local function compare(fn)
  return function(a, b) return type(a) == type(b) and type(a) ~= "boolean" and a ~= nil and fn(a, b) end
end

local function compute(fn)
  return function(a, b) return type(a) == "number" and type(b) == "number" and fn(a, b) or nil end
end

local operators = {
  COMPARE_SMALLER = compare(function(a, b) return a < b end),
  COMPARE_BIGGER = compare(function(a, b) return a > b end),
  COMPARE_SMALLER_EQUAL = compare(function(a, b) return a <= b end),
  COMPARE_BIGGER_EQUAL = compare(function(a, b) return a >= b end),
  COMPARE_EQUAL = function(a, b) return a ~= nil and a == b end,
  COMPARE_NOT_EQUAL = function(a, b) return a ~= nil and b ~= nil and a ~= b end,
  LOGICAL_AND = function(a, b) return a == true and b == true end,
  LOGICAL_OR = function(a, b) return a == true or b == true end,
  LOGICAL_NOT = function(a) return a == false end,
  ARITHMETIC_PLUS = compute(function(a, b) return a + b end),
  ARITHMETIC_MINUS = compute(function(a, b) return a - b end),
  ARITHMETIC_MULTIPLY = compute(function(a, b) return a * b end),
  ARITHMETIC_DIVIDE = compute(function(a, b) return b ~= 0 and a / b or nil end),
}

-- What a node of the tree comes to; nil: that is not known.
local function evaluate(agent, node)
  if not node then
    return nil
  elseif node.node_operator then
    local operator = node.node_operator
    local fn = operators[operator.operator]
    if not fn then
      return nil
    end
    return fn(evaluate(agent, operator.left_child), evaluate(agent, operator.right_child))
  elseif node.node_signal_id then
    return agent.values[node.node_signal_id]
  elseif node.node_function and node.node_function.window_function then
    return window_value(agent, node.node_function.window_function)
  end
  for _, name in ipairs { "node_double_value", "node_boolean_value", "node_string_value" } do
    if node[name] ~= nil then
      return node[name]
    end
  end
end

return part("fleetwise", function(options)
  local ids, signals = {}, options.signals or {}
  for id, path in pairs(signals) do
    ids[path] = ids[path] or {}
    table.insert(ids[path], id)
  end
  local prefix = options.prefix or "$aws/iotfleetwise/vehicles/"
  local every = options.checkin_seconds or 120

  local function topic(car, rest)
    return prefix .. car.name .. "/" .. rest
  end

  local function now_ms(agent, car)
    return math.floor((agent.epoch + car:clock()) * 1000 + 0.5)
  end

  local function store(car)
    return physics.body(car).fleetwise
  end

  -- False: there is no connection, or too much is on its way already.
  local function publish(car, rest, bytes, options_of)
    return car.link == "online" and (pcall(car.publish, car, topic(car, rest), bytes, options_of))
  end

  local at_once = { wait = false }

  -- Which documents it has: the cloud sends what is missing.
  local function check_in(car, agent)
    local held = store(car)
    local documents = { held.decoder ~= "" and held.decoder or nil }
    for _, scheme in ipairs(held.schemes) do
      documents[#documents + 1] = scheme.campaign_sync_id
    end
    publish(car, "checkins", encode_fleetwise("Checkin", {
      document_sync_ids = documents, timestamp_ms_epoch = now_ms(agent, car),
    }), at_once)
  end

  -- ---- collecting ---------------------------------------------------------------------------------

  local function is_active(car, agent, scheme)
    local now = now_ms(agent, car)
    return scheme.decoder_manifest_sync_id == store(car).decoder and scheme.start_time_ms_epoch <= now
      and now < scheme.expiry_time_ms_epoch
  end

  local function value_of(value)
    if type(value) == "boolean" then
      return value and 1 or 0
    end
    return value
  end

  local function keep(run, info, at, value)
    local list = run.samples[info.signal_id]
    if not list then
      list = {}
      run.samples[info.signal_id] = list
    end
    local last = list[#list]
    if last and at - last.at < info.minimum_sample_period_ms then
      return
    end
    list[#list + 1] = { at = at, value = value }
    if #list > (info.sample_buffer_size > 0 and info.sample_buffer_size or samples_kept) then
      table.remove(list, 1)
    end
  end

  local function captured(run, at)
    local list = {}
    for _, info in ipairs(run.scheme.signal_information) do
      for _, sample in ipairs(not info.condition_only_signal and run.samples[info.signal_id] or {}) do
        local signal = { relative_time_ms = sample.at - at, signal_id = info.signal_id }
        signal[type(sample.value) == "string" and "string_value" or "double_value"] = sample.value
        list[#list + 1] = signal
      end
    end
    return list
  end

  local function trouble_codes(car)
    local codes = {}
    for code in (car:has("faults.codes") and car:get("faults.codes") or ""):gmatch("%S+") do
      codes[#codes + 1] = code
    end
    return codes
  end

  -- What has been collected; it waits while there is no connection, if it is to.
  local function send(car, run, at)
    local held = store(car)
    held.event = held.event + 1
    local data = {
      campaign_sync_id = run.scheme.campaign_sync_id, decoder_sync_id = held.decoder, collection_event_id = held.event,
      collection_event_time_ms_epoch = at, captured_signals = captured(run, at),
    }
    if run.scheme.include_active_dtcs then
      data.dtc_data = { relative_time_ms = 0, active_dtc_codes = trouble_codes(car) }
    end
    run.samples = {}
    car:set(events, held.event)
    local bytes = encode_fleetwise("VehicleData", data)
    if run.scheme.compress_collected_data then
      bytes = compress_snappy(bytes)
    end
    if not publish(car, "signals", bytes, at_once) and run.scheme.persist_all_collected_data then
      held.waiting[#held.waiting + 1] = bytes
      if #held.waiting > data_kept then
        table.remove(held.waiting, 1)
      end
    end
  end

  -- Each waits for its acknowledgement: there may be more than can be on their way.
  local function send_waiting(car)
    local waiting = store(car).waiting
    while waiting[1] and car.link == "online" do
      local bytes = waiting[1]
      if not publish(car, "signals", bytes) then
        return
      end
      if waiting[1] == bytes then
        table.remove(waiting, 1)
      end
    end
  end

  local function each_run(car, agent, fn)
    for _, run in ipairs(agent.runs) do
      if is_active(car, agent, run.scheme) then
        fn(run)
      end
    end
  end

  -- A condition has come true: what the seconds after it bring belongs to it, too.
  local function trigger(car, agent, run)
    local at = now_ms(agent, car)
    run.triggered = at
    car:spawn(function()
      wait(run.scheme.after_duration_ms / 1000)
      if agent.runs == run.of then
        send(car, run, at)
      end
    end)
  end

  local function look(car, agent, run)
    local condition = run.scheme.condition_based_collection_scheme
    local now = condition and evaluate(agent, condition.condition_tree) == true
    local rising = now and not run.was
    run.was = now
    if not now or condition.condition_trigger_mode == "TRIGGER_ONLY_ON_RISING_EDGE" and not rising then
      return
    end
    if not run.triggered or now_ms(agent, car) - run.triggered >= condition.condition_minimum_interval_ms then
      trigger(car, agent, run)
    end
  end

  -- Fixed windows of the signals that conditions aggregate: the running one, the last, the one before.
  local function aggregate(agent, info, at, value)
    if info.fixed_window_period_ms == 0 or type(value) ~= "number" then
      return
    end
    local windows = agent.windows[info.signal_id] or {}
    agent.windows[info.signal_id] = windows
    local number = at // info.fixed_window_period_ms
    if windows.number ~= number then
      windows[2] = windows.number == number - 1 and windows[1] or nil
      windows[1] = windows.running
      windows.number, windows.running = number, { count = 0, sum = 0 }
    end
    local running = windows.running
    running.count, running.sum = running.count + 1, running.sum + value
    running.min = math.min(running.min or value, value)
    running.max = math.max(running.max or value, value)
  end

  local function take_sample(car, agent, path, value)
    local at = now_ms(agent, car)
    for _, id in ipairs(ids[path]) do
      agent.values[id] = value_of(value)
      each_run(car, agent, function(run)
        local info = run.wanted[id]
        if info then
          aggregate(agent, info, at, agent.values[id])
          keep(run, info, at, agent.values[id])
          look(car, agent, run)
        end
      end)
    end
  end

  -- ---- schemes -------------------------------------------------------------------------------------

  -- Neither replaced nor expired: nothing wakes the car for a scheme that can bring nothing more.
  local function is_in_time(car, agent, run)
    return agent.runs == run.of and now_ms(agent, car) < run.scheme.expiry_time_ms_epoch
  end

  local function run_periodic(car, agent, run)
    local period = run.scheme.time_based_collection_scheme.time_based_collection_scheme_period_ms
    while period > 0 and is_in_time(car, agent, run) do
      wait(period / 1000)
      if agent.runs == run.of and is_active(car, agent, run.scheme) then
        send(car, run, now_ms(agent, car))
      end
    end
  end

  -- A bus repeats what does not change, and windows live on that.
  local function repeat_sample(car, agent, run, info)
    local path = signals[info.signal_id]
    while path and is_in_time(car, agent, run) do
      wait(math.max(info.fixed_window_period_ms / 10000, 0.1))
      take_sample(car, agent, path, car:get(path))
    end
  end

  local function begin(car, agent)
    agent.runs, agent.windows = {}, {}
    for i, scheme in ipairs(store(car).schemes) do
      local run = { scheme = scheme, samples = {}, wanted = {}, of = agent.runs }
      for _, info in ipairs(scheme.signal_information) do
        run.wanted[info.signal_id] = info
        -- What it is now is known at once.
        local path = signals[info.signal_id]
        if path and car:has(path) then
          agent.values[info.signal_id] = value_of(car:get(path))
          keep(run, info, now_ms(agent, car), agent.values[info.signal_id])
        end
        if info.fixed_window_period_ms > 0 then
          car:spawn(repeat_sample, car, agent, run, info)
        end
      end
      agent.runs[i] = run
      if scheme.time_based_collection_scheme then
        car:spawn(run_periodic, car, agent, run)
      end
    end
    local names = {}
    for i, scheme in ipairs(store(car).schemes) do
      names[i] = scheme.campaign_sync_id
    end
    car:set(campaigns, table.concat(names, " "))
  end

  local documents = {
    collection_schemes = function(car, message)
      store(car).schemes = message.collection_schemes
    end,
    decoder_manifests = function(car, message)
      store(car).decoder = message.sync_id
    end,
  }
  local messages = { collection_schemes = "CollectionSchemes", decoder_manifests = "DecoderManifest" }

  local function take_document(car, agent, received)
    local kind = received.topic:match("([^/]+)$")
    local message = documents[kind] and decode_fleetwise(messages[kind], received.payload)
    if not message then
      car:log("FleetWise: not understood: " .. received.topic)
      return
    end
    documents[kind](car, message)
    begin(car, agent)
    check_in(car, agent)
  end

  -- ---- commands ----------------------------------------------------------------------------------

  local function commands_topic(car, rest)
    return "$aws/commands/things/" .. car.name .. "/executions/" .. rest
  end

  local values = {
    "double_value", "boolean_value", "int8_value", "uint8_value", "int16_value", "uint16_value", "int32_value",
    "uint32_value", "int64_value", "uint64_value", "float_value", "string_value",
  }

  -- OEM's codes begin there; refusals of the car have their words in the description.
  local refused = 0x10000

  local function carry_out(car, request)
    local command = request.actuator_command
    local path = command and signals[command.signal_id]
    if not path then
      return "COMMAND_STATUS_EXECUTION_FAILED", refused, "no such actuator"
    elseif command.decoder_manifest_sync_id ~= store(car).decoder then
      return "COMMAND_STATUS_EXECUTION_FAILED", refused, "another decoder manifest"
    end
    local wish = {}
    for _, name in ipairs(values) do
      if command[name] ~= nil then
        wish[path] = command[name]
      end
    end
    local ok, raised = pcall(car.press, car, wish)
    if ok then
      return "COMMAND_STATUS_SUCCEEDED", 0, ""
    end
    local known = type(raised) == "table" and raised.code
    return "COMMAND_STATUS_EXECUTION_FAILED", refused, known and raised.code .. ": " .. raised.description
      or tostring(raised)
  end

  local function respond(car, id, status, code, description)
    car:publish(commands_topic(car, id .. "/response/protobuf"), encode_fleetwise("CommandResponse", {
      command_id = id, status = status, reason_code = code, reason_description = description,
    }), { wait = false })
  end

  -- One that comes again is not done again; one whose time is over is not begun.
  local function serve_command(car, agent, message)
    local id = message.topic:match("/executions/([^/]+)/")
    local request = decode_fleetwise("CommandRequest", message.payload)
    agent.done = agent.done or {}
    if not request or agent.done[id] then
      return
    end
    agent.done[id] = true
    local issued, limit = request.issued_timestamp_ms, request.timeout_ms
    if limit > 0 and issued > 0 and now_ms(agent, car) > issued + limit then
      respond(car, id, "COMMAND_STATUS_EXECUTION_TIMEOUT", 0, "its time was over when it came")
      return
    end
    car:spawn(function()
      respond(car, id, carry_out(car, request))
    end)
  end

  local function serve_commands(car, agent)
    while true do
      local came, message = pcall(car.wait_message, car, commands_topic(car, "+/request/protobuf"), 86400)
      if came then
        serve_command(car, agent, message)
      end
    end
  end

  -- ---- its life ------------------------------------------------------------------------------------

  local function listen(car, agent)
    while true do
      if car.link == "online" then
        pcall(car.subscribe, car, {
          topic(car, "collection_schemes"), topic(car, "decoder_manifests"), commands_topic(car, "+/request/protobuf"),
        })
        check_in(car, agent)
        send_waiting(car)
      end
      pcall(car.wait_event, car, "state", { to = "online" }, 86400)
    end
  end

  local function check_in_often(car, agent)
    while every > 0 do
      wait(every)
      check_in(car, agent)
    end
  end

  local function watch(car, agent)
    local stream = car:events("signal")
    while true do
      local came, event = pcall(stream.wait, stream, 86400)
      if came and ids[event.path] then
        take_sample(car, agent, event.path, event.value)
      end
    end
  end

  return {
    signals = {
      { campaigns, type = "string", initial = "", reported = false },
      { events, type = "integer", initial = 0, reported = false },
    },
    embody = function(_, body, before)
      body.fleetwise = before.fleetwise
        or { decoder = options.decoder or "", schemes = {}, waiting = {}, event = 0 }
    end,
    start = function(car)
      local agent = { epoch = os.time() - math.floor(car:clock()), values = {}, runs = {}, windows = {} }
      begin(car, agent)
      car:spawn(listen, car, agent)
      car:spawn(check_in_often, car, agent)
      car:spawn(watch, car, agent)
      car:spawn(serve_commands, car, agent)
      while true do
        local came, message = pcall(car.wait_message, car, prefix .. car.name .. "/+", 86400)
        if came then
          take_document(car, agent, message)
        end
      end
    end,
  }
end)
