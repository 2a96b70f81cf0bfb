-- Collection schemes of FleetWise (docs/fleetwise.md#schemes): what is kept of the signals that they want, and sent, by
-- time or when a condition comes true. Schemes and what waits for a connection outlive a loss of power.

local conditions = require "parts.fleetwise.conditions"

local schemes = {}

local samples_kept = 10 -- of a signal, if a scheme does not say
local data_kept = 100 -- while there is no connection

-- ---- what has been collected ---------------------------------------------------------------------

local function is_active(agent, scheme)
  local now = agent:now()
  return scheme.decoder_manifest_sync_id == agent:held().decoder and scheme.start_time_ms_epoch <= now
    and now < scheme.expiry_time_ms_epoch
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

local function pack(scheme, data)
  local bytes = encode_fleetwise("VehicleData", data)
  return scheme.compress_collected_data and compress_snappy(bytes) or bytes
end

-- What has been collected; it waits while there is no connection, if it is to.
local function send(agent, run, at)
  local held = agent:held()
  held.event = held.event + 1
  local data = {
    campaign_sync_id = run.scheme.campaign_sync_id, decoder_sync_id = held.decoder, collection_event_id = held.event,
    collection_event_time_ms_epoch = at, captured_signals = captured(run, at),
  }
  if run.scheme.include_active_dtcs then
    data.dtc_data = { relative_time_ms = 0, active_dtc_codes = trouble_codes(agent.car) }
  end
  run.samples = {}
  agent.car:set("fleetwise.events", held.event)
  local bytes = pack(run.scheme, data)
  if not agent:publish("signals", bytes, { wait = false }) and run.scheme.persist_all_collected_data then
    held.waiting[#held.waiting + 1] = bytes
    if #held.waiting > data_kept then
      table.remove(held.waiting, 1)
    end
  end
end

-- Each waits for its acknowledgement: there may be more than can be on their way.
function schemes.send_waiting(agent)
  local waiting = agent:held().waiting
  while waiting[1] and agent.car.link == "online" do
    local bytes = waiting[1]
    if not agent:publish("signals", bytes) then
      return
    end
    if waiting[1] == bytes then
      table.remove(waiting, 1)
    end
  end
end

-- ---- conditions ---------------------------------------------------------------------------------

-- A condition has come true: what the seconds after it bring belongs to it, too.
local function trigger(agent, run)
  local at = agent:now()
  run.triggered = at
  agent.car:spawn(function()
    wait(run.scheme.after_duration_ms / 1000)
    if agent.runs == run.of then
      send(agent, run, at)
    end
  end)
end

local function look(agent, run)
  local condition = run.scheme.condition_based_collection_scheme
  local now = condition and conditions.evaluate(condition.condition_tree, agent.values, run.windows) == true
  local rising = now and not run.was
  run.was = now
  if not now or condition.condition_trigger_mode == "TRIGGER_ONLY_ON_RISING_EDGE" and not rising then
    return
  end
  if not run.triggered or agent:now() - run.triggered >= condition.condition_minimum_interval_ms then
    trigger(agent, run)
  end
end

-- A signal has a value, new or seen again.
function schemes.sample(agent, id, value)
  local at = agent:now()
  for _, run in ipairs(agent.runs) do
    local info = run.wanted[id]
    if info and is_active(agent, run.scheme) then
      conditions.aggregate(run.windows, info, at, value)
      keep(run, info, at, value)
      look(agent, run)
    end
  end
end

-- ---- schemes ------------------------------------------------------------------------------------

-- Neither replaced nor expired: nothing wakes the car for a scheme that can bring nothing more.
local function is_in_time(agent, run)
  return agent.runs == run.of and agent:now() < run.scheme.expiry_time_ms_epoch
end

local function run_periodic(agent, run)
  local period = run.scheme.time_based_collection_scheme.time_based_collection_scheme_period_ms
  while period > 0 and is_in_time(agent, run) do
    wait(period / 1000)
    if agent.runs == run.of and is_active(agent, run.scheme) then
      send(agent, run, agent:now())
    end
  end
end

-- A bus repeats what does not change, and windows live on that.
local function repeat_sample(agent, run, info)
  while is_in_time(agent, run) do
    wait(math.max(info.fixed_window_period_ms / 10000, 0.1))
    agent:look_again(info.signal_id)
  end
end

local function start(agent, run)
  for _, info in ipairs(run.scheme.signal_information) do
    run.wanted[info.signal_id] = info
    -- What it is now is known at once.
    local value = agent:value(info.signal_id)
    if value ~= nil then
      agent.values[info.signal_id] = value
      keep(run, info, agent:now(), value)
      if info.fixed_window_period_ms > 0 then
        agent.car:spawn(repeat_sample, agent, run, info)
      end
    end
  end
  if run.scheme.time_based_collection_scheme then
    agent.car:spawn(run_periodic, agent, run)
  end
end

-- Begins all that it has anew.
function schemes.begin(agent)
  agent.runs = {}
  local names = {}
  for i, scheme in ipairs(agent:held().schemes) do
    local run = { scheme = scheme, samples = {}, wanted = {}, windows = {}, of = agent.runs }
    start(agent, run)
    agent.runs[i], names[i] = run, scheme.campaign_sync_id
  end
  agent.car:set("fleetwise.campaigns", table.concat(names, " "))
end

-- CollectionSchemes: they take the place of those that it had.
function schemes.take(agent, message)
  agent:held().schemes = message.collection_schemes
  schemes.begin(agent)
end

function schemes.names(agent, list)
  for _, scheme in ipairs(agent:held().schemes) do
    list[#list + 1] = scheme.campaign_sync_id
  end
end

return schemes
