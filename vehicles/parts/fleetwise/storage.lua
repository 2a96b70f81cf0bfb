-- What FleetWise's campaigns have collected and cannot send yet (docs/fleetwise.md#store-and-forward): without a
-- connection, or in a partition whose time to be uploaded has not come. It outlives a loss of power.

local conditions = require "parts.fleetwise.conditions"

local storage = {}

local kept = 100 -- of what waits for a connection alone, and in a partition that says no size

-- What a car without history has of it.
function storage.none()
  return { waiting = {}, stored = {} }
end

-- ---- until there is a connection -----------------------------------------------------------------

function storage.wait_for_connection(agent, bytes)
  local waiting = agent:held().storage.waiting
  waiting[#waiting + 1] = bytes
  if #waiting > kept then
    table.remove(waiting, 1)
  end
end

-- Each waits for its acknowledgement: there may be more than can be on their way.
local function send_first(agent, list, bytes_of)
  local first = list[1]
  if agent.car.link ~= "online" or not agent:publish("signals", bytes_of(first)) then
    return false
  end
  -- What does not fit any more leaves from the front, too.
  if list[1] == first then
    table.remove(list, 1)
  end
  return true
end

function storage.send_waiting(agent)
  local waiting = agent:held().storage.waiting
  while waiting[1] and send_first(agent, waiting, function(bytes) return bytes end) do end
end

-- ---- partitions ---------------------------------------------------------------------------------

local function partitions_of(scheme)
  local configuration = scheme.store_and_forward_configuration
  return configuration and configuration.partition_configuration or {}
end

-- The partition with that number, if it stores; partitions without storage options are sent at once.
local function storing(scheme, number)
  local partition = partitions_of(scheme)[number + 1]
  return partition and partition.storage_options and partition
end

-- Without any partitions, 0 is none.
function storage.has_partition(scheme, number)
  return number == 0 or partitions_of(scheme)[number + 1] ~= nil
end

-- In which partition a signal is stored; nil: in none.
function storage.partition_of(scheme, info)
  return storing(scheme, info.data_partition_id) and info.data_partition_id or nil
end

local function items_of(agent, scheme, number)
  local stored = agent:held().storage.stored
  local campaign = stored[scheme.campaign_sync_id] or {}
  stored[scheme.campaign_sync_id] = campaign
  campaign[number] = campaign[number] or {}
  return campaign[number]
end

local function drop_old(agent, items, options)
  local live_ms = options.minimum_time_to_live_in_seconds * 1000
  while live_ms > 0 and items[1] and agent:now() - items[1].at > live_ms do
    table.remove(items, 1)
  end
  local size = 0
  for _, item in ipairs(items) do
    size = size + #item.bytes
  end
  while items[1] and (options.maximum_size_in_bytes > 0 and size > options.maximum_size_in_bytes
    or options.maximum_size_in_bytes == 0 and #items > kept) do
    size = size - #items[1].bytes
    table.remove(items, 1)
  end
end

local function may_upload(agent, run, number)
  local options = partitions_of(run.scheme)[number + 1].upload_options
  return agent.car.link == "online" and (not options or not options.condition_tree
    or conditions.hold(options.condition_tree, agent.values, run.windows))
end

-- The oldest first, as long as its condition holds.
local function upload(agent, run, number)
  local partition, items = storing(run.scheme, number), items_of(agent, run.scheme, number)
  while agent.runs == run.of and may_upload(agent, run, number) do
    drop_old(agent, items, partition.storage_options)
    if not items[1] or not send_first(agent, items, function(item) return item.bytes end) then
      return
    end
  end
end

-- Sends of a scheme's partitions what may go now.
function storage.forward(agent, run)
  for number = 0, #partitions_of(run.scheme) - 1 do
    if storing(run.scheme, number) and not run.uploading[number] and items_of(agent, run.scheme, number)[1]
      and may_upload(agent, run, number) then
      run.uploading[number] = true
      agent:spawn(function()
        upload(agent, run, number)
        run.uploading[number] = nil
      end)
    end
  end
end

function storage.keep(agent, run, number, bytes)
  local items = items_of(agent, run.scheme, number)
  items[#items + 1] = { at = agent:now(), bytes = bytes }
  drop_old(agent, items, storing(run.scheme, number).storage_options)
  storage.forward(agent, run)
end

-- What campaigns that are no more have stored, goes with them.
function storage.forget_others(agent)
  local named = {}
  for _, scheme in ipairs(agent:held().schemes) do
    named[scheme.campaign_sync_id] = true
  end
  local stored = agent:held().storage.stored
  for name in pairs(stored) do
    stored[name] = named[name] and stored[name] or nil
  end
end

return storage
