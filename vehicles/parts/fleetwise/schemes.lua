-- Collection schemes of FleetWise (docs/fleetwise.md#schemes): what is kept of the signals that they want, and sent, by
-- time or when a condition comes true. Schemes outlive a loss of power.

local conditions = require "parts.fleetwise.conditions"
local decoder = require "parts.fleetwise.decoder"
local fetch = require "parts.fleetwise.fetch"
local storage = require "parts.fleetwise.storage"

local schemes = {}

local samples_kept = 10 -- of a signal, if a scheme does not say
local most_samples = 1000 -- of a signal, whatever it says

-- ---- what has been collected ---------------------------------------------------------------------

local function is_active(agent, scheme)
  local now = agent:now()
  return scheme.decoder_manifest_sync_id == agent:held().decoder and scheme.start_time_ms_epoch <= now
    and now < scheme.expiry_time_ms_epoch
end

local function keep(samples, key, info, at, value)
  local list = samples[key]
  if not list then
    list = {}
    samples[key] = list
  end
  local last = list[#list]
  if last and at - last.at < info.minimum_sample_period_ms then
    return
  end
  list[#list + 1] = { at = at, value = value }
  local size = info.sample_buffer_size > 0 and info.sample_buffer_size or samples_kept
  if #list > math.min(size, most_samples) then
    table.remove(list, 1)
  end
end

local function captured(run, info, at, list)
  for _, sample in ipairs(not info.condition_only_signal and run.samples[info.signal_id] or {}) do
    local signal = { relative_time_ms = sample.at - at, signal_id = info.signal_id }
    signal[type(sample.value) == "string" and "string_value" or "double_value"] = sample.value
    list[#list + 1] = signal
  end
end

local function captured_frames(run, at)
  local list = {}
  for frame, samples in pairs(run.frames) do
    for _, sample in ipairs(samples) do
      list[#list + 1] = {
        relative_time_ms = sample.at - at, message_id = frame.message_id, interface_id = frame.interface_id,
        byte_values = sample.value:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end),
      }
    end
  end
  table.sort(list, function(a, b)
    return a.relative_time_ms < b.relative_time_ms
      or a.relative_time_ms == b.relative_time_ms and a.message_id < b.message_id
  end)
  return list
end

-- What has been captured by the partitions that store it, and what is stored in none.
local function divided(run, at)
  local parts, rest = {}, {}
  for _, info in ipairs(run.scheme.signal_information) do
    local number = storage.partition_of(run.scheme, info)
    local part = number and (parts[number] or {}) or rest
    captured(run, info, at, part)
    if number and #part > 0 then
      parts[number] = part
    end
  end
  return parts, rest
end

local function trouble_codes(car)
  local codes = {}
  for code in (car:has("faults.codes") and car:get("faults.codes") or ""):gmatch("%S+") do
    codes[#codes + 1] = code
  end
  return codes
end

-- What has been collected: into its partitions, or to the cloud; without a connection it waits, if it is to. Nothing is
-- said of nothing.
local function send(agent, run, at)
  local held, scheme = agent:held(), run.scheme
  local codes = scheme.include_active_dtcs and trouble_codes(agent.car) or {}
  local parts, rest = divided(run, at)
  local frames = captured_frames(run, at)
  run.samples, run.frames = {}, {}
  local has_rest = #rest > 0 or #frames > 0 or #codes > 0 and next(parts) == nil
  if not has_rest and next(parts) == nil then
    return
  end
  held.event = held.event + 1
  agent.car:set("fleetwise.events", held.event)
  local function pack(signals, of_bus)
    local bytes = encode_fleetwise("VehicleData", {
      campaign_sync_id = scheme.campaign_sync_id, decoder_sync_id = held.decoder, collection_event_id = held.event,
      collection_event_time_ms_epoch = at, captured_signals = signals, can_frames = of_bus,
      dtc_data = #codes > 0 and { relative_time_ms = 0, active_dtc_codes = codes } or nil,
    })
    return scheme.compress_collected_data and compress_snappy(bytes) or bytes
  end

  for number, signals in pairs(parts) do
    storage.keep(agent, run, number, pack(signals))
  end
  if has_rest then
    local bytes = pack(rest, frames)
    if not agent:publish("signals", bytes, { wait = false }) and scheme.persist_all_collected_data then
      storage.wait_for_connection(agent, bytes)
    end
  end
end

-- ---- conditions ---------------------------------------------------------------------------------

-- A condition has come true: what the seconds after it bring belongs to it, too, and until then it counts once.
local function trigger(agent, run)
  local at = agent:now()
  run.triggered, run.is_collecting = at, true
  agent:spawn(function()
    agent:pause(run.scheme.after_duration_ms)
    run.is_collecting = false
    if agent.runs == run.of then
      send(agent, run, at)
    end
  end)
end

local function look(agent, run)
  local condition = run.scheme.condition_based_collection_scheme
  local now = condition and conditions.hold(condition.condition_tree, agent.values, run.windows)
  local rising = now and not run.was
  run.was = now
  if not now or condition.condition_trigger_mode == "TRIGGER_ONLY_ON_RISING_EDGE" and not rising then
    return
  end
  if run.is_collecting then
    return
  elseif not run.triggered or agent:now() - run.triggered >= condition.condition_minimum_interval_ms then
    trigger(agent, run)
  end
end

-- A signal has a value, new or seen again.
function schemes.sample(agent, id, value, is_fetched)
  local at = agent:now()
  for _, run in ipairs(agent.runs) do
    local info = run.wanted[id]
    if is_active(agent, run.scheme) then
      if info then
        conditions.aggregate(run.windows, info, at, value)
        keep(run.samples, id, info, at, value)
        look(agent, run)
      end
      if not is_fetched then
        fetch.look(agent, run)
      end
    end
    storage.forward(agent, run)
  end
end

local function keep_frame(agent, run, frame)
  local raw = run.wanted_frames[frame]
  if raw and is_active(agent, run.scheme) then
    keep(run.frames, frame, raw, agent:now(), decoder.frame_bytes(agent.car, frame))
  end
end

-- A frame comes on the bus.
function schemes.frame(agent, frame)
  for _, run in ipairs(agent.runs) do
    keep_frame(agent, run, frame)
  end
end

-- It has a connection.
function schemes.connected(agent)
  storage.send_waiting(agent)
  for _, run in ipairs(agent.runs) do
    storage.forward(agent, run)
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
    agent:pause(period)
    if agent.runs == run.of and is_active(agent, run.scheme) then
      send(agent, run, agent:now())
    end
  end
end

-- A bus repeats what does not change, and windows live on that.
local function repeat_sample(agent, run, info)
  while is_in_time(agent, run) do
    agent:pause(math.max(info.fixed_window_period_ms / 10, 100))
    agent:look_again(info.signal_id)
  end
end

-- What it is when the scheme starts is known at once.
local function start(agent, run)
  while agent:now() < run.scheme.start_time_ms_epoch do
    agent:pause(math.max(run.scheme.start_time_ms_epoch - agent:now(), 1))
  end
  if agent.runs ~= run.of then
    return
  end
  for _, info in ipairs(run.scheme.signal_information) do
    run.wanted[info.signal_id] = info
    local value = agent:value(info.signal_id)
    if value ~= nil then
      agent.values[info.signal_id] = value
      keep(run.samples, info.signal_id, info, agent:now(), value)
      if info.fixed_window_period_ms > 0 then
        agent:spawn(repeat_sample, agent, run, info)
      end
    end
  end
  for _, raw in ipairs(run.scheme.raw_can_frames_to_collect) do
    local frame = decoder.raw_frame(agent, raw)
    if frame then
      run.wanted_frames[frame] = raw
      keep_frame(agent, run, frame)
    end
  end
  if run.scheme.time_based_collection_scheme then
    agent:spawn(run_periodic, agent, run)
  end
  fetch.begin(agent, run, is_active)
end

-- A low number goes first.
local function by_priority(list)
  local sorted = {}
  for i, scheme in ipairs(list) do
    sorted[i] = { scheme = scheme, place = i }
  end
  table.sort(sorted, function(a, b)
    if a.scheme.priority ~= b.scheme.priority then
      return a.scheme.priority < b.scheme.priority
    end
    return a.place < b.place
  end)
  return sorted
end

-- Begins all that it has anew.
function schemes.begin(agent)
  agent.runs = {}
  for i, sorted in ipairs(by_priority(agent:held().schemes)) do
    local run = {
      scheme = sorted.scheme, of = agent.runs,
      samples = {}, wanted = {}, windows = {}, -- by signals' numbers
      frames = {}, wanted_frames = {}, -- by frames
      uploading = {}, -- by partitions' numbers
      fetched = {}, -- what conditions of fetches were
    }
    agent.runs[i] = run
    if agent:now() < run.scheme.start_time_ms_epoch then
      agent:spawn(start, agent, run)
    else
      agent:guard(start, agent, run)
    end
  end
  local names = {}
  schemes.names(agent, names)
  agent.car:set("fleetwise.campaigns", table.concat(names, " "))
end

-- What of a scheme a car does not do.
local function refusals(agent, scheme, refuse)
  local condition = scheme.condition_based_collection_scheme
  if not condition and not scheme.time_based_collection_scheme then
    refuse("neither by time nor by condition: it brings nothing")
  end
  if scheme.time_based_collection_scheme
    and scheme.time_based_collection_scheme.time_based_collection_scheme_period_ms == 0 then
    refuse("time_based_collection_scheme_period_ms 0: it brings nothing")
  end
  if scheme.s3_upload_metadata then
    refuse("s3_upload_metadata: nothing goes to S3")
  end
  local function refuse_size(what, id, info)
    if info.sample_buffer_size > most_samples then
      refuse(("sample_buffer_size %d of %s %d: the last %d are kept"):format(info.sample_buffer_size, what, id,
        most_samples))
    end
  end
  for _, raw in ipairs(scheme.raw_can_frames_to_collect) do
    refuse_size("frame", raw.can_message_id, raw)
    if not decoder.raw_frame(agent, raw) then
      refuse(("raw_can_frames_to_collect: no frame %d is on the car's bus %s"):format(raw.can_message_id,
        raw.can_interface_id))
    end
  end
  for _, info in ipairs(scheme.signal_information) do
    refuse_size("signal", info.signal_id, info)
    if not storage.has_partition(scheme, info.data_partition_id) then
      refuse(("data_partition_id %d of signal %d: no such partition: it is sent at once")
        :format(info.data_partition_id, info.signal_id))
    end
    if info.signal_path and #info.signal_path.signal_path > 0 then
      refuse(("signal_path of signal %d: cars have no signals that are made of others; it is the whole signal")
        :format(info.signal_id))
    end
  end
  conditions.refusals(condition and condition.condition_tree, refuse)
  fetch.refusals(scheme, refuse)
end

-- CollectionSchemes: they take the place of those that it had.
function schemes.take(agent, message)
  agent:held().schemes = message.collection_schemes
  agent:forget_refusals("schemes")
  for _, scheme in ipairs(message.collection_schemes) do
    refusals(agent, scheme, function(why)
      agent:refuse("schemes", scheme.campaign_sync_id .. ": " .. why)
    end)
  end
  storage.forget_others(agent)
  schemes.begin(agent)
end

function schemes.names(agent, list)
  for _, scheme in ipairs(agent:held().schemes) do
    list[#list + 1] = scheme.campaign_sync_id
  end
end

return schemes
