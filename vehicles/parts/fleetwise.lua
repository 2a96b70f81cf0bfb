-- The edge agent of AWS IoT FleetWise (docs/fleetwise.md): it tells which documents it has, takes collection schemes,
-- decoder manifests and state templates, sends what they ask for, and carries out commands.
--
--   fleetwise { signals = { [1] = "driving.speed", [2] = "battery.state_of_charge" }, decoder = "manifest-1" }
--
-- `signals` is what the car knows of its numbers before a decoder manifest with rules comes; `bus` is what is on its
-- CAN bus for such rules to find. What it has been sent outlives a loss of power.

local commands = require "parts.fleetwise.commands"
local decoder = require "parts.fleetwise.decoder"
local physics = require "parts.physics"
local schemes = require "parts.fleetwise.schemes"
local states = require "parts.fleetwise.states"
local storage = require "parts.fleetwise.storage"

local long = 86400 -- seconds: until something comes
local longest = 1e9 -- seconds that anybody can wait: 31 years
local refusals_kept = 100 -- of one kind of documents

-- What the files of the agent share; one for each time that the car has power.
local agent_methods = {}
agent_methods.__index = agent_methods

-- What outlives a loss of power.
function agent_methods:held()
  return physics.body(self.car).fleetwise
end

-- Milliseconds since 1970.
function agent_methods:now()
  return math.floor((self.epoch + self.car:clock()) * 1000 + 0.5)
end

-- However far the time is that a document has.
function agent_methods.pause(_, ms)
  wait(math.min(math.max(ms, 0) / 1000, longest))
end

-- Documents come from outside: what they bring it to is in the car's log, and ends neither the car nor its agent.
function agent_methods:guard(fn, ...)
  local ok, why = pcall(fn, ...)
  if not ok then
    self.car:log("FleetWise: " .. tostring(why))
  end
end

function agent_methods:spawn(fn, ...)
  self.car:spawn(self.guard, self, fn, ...)
end

-- False: there is no connection, or too much is on its way already.
function agent_methods:publish(rest, bytes, options)
  return self.car.link == "online" and (pcall(self.car.publish, self.car, self.topics .. rest, bytes, options))
end

-- What a signal is by its number; nil: there is none.
function agent_methods:read(id)
  return decoder.read(self, id)
end

-- The same as conditions and campaigns have it: booleans are numbers.
function agent_methods:value(id)
  local value = self:read(id)
  if type(value) == "boolean" then
    return value and 1 or 0
  end
  return value
end

function agent_methods:look_again(id, is_fetched)
  self.values[id] = self:value(id)
  schemes.sample(self, id, self.values[id], is_fetched)
end

-- Something of a kind of documents that the car does not do: in its log, and in a signal that stays in the car.
function agent_methods:refuse(kind, why)
  local list = self:held().refused[kind] or {}
  self:held().refused[kind] = list
  if #list == refusals_kept then
    why = "more is refused than is said"
  elseif #list > refusals_kept then
    return
  end
  list[#list + 1] = why
  self.car:log("FleetWise: " .. why)
end

-- A document of that kind takes the place of another.
function agent_methods:forget_refusals(kind)
  self:held().refused[kind] = nil
end

function agent_methods:show_refusals()
  local all = {}
  for _, kind in ipairs { "schemes", "manifest", "states" } do
    local list = self:held().refused[kind] or {}
    table.move(list, 1, #list, #all + 1, all)
  end
  self.car:set("fleetwise.refused", table.concat(all, "\n"))
end

-- Which documents it has: the cloud sends what is missing.
local function check_in(agent)
  local held = agent:held()
  local documents = { held.decoder ~= "" and held.decoder or nil }
  schemes.names(agent, documents)
  states.names(agent, documents)
  agent:publish("checkins", encode_fleetwise("Checkin", {
    document_sync_ids = documents, timestamp_ms_epoch = agent:now(),
  }), { wait = false })
end

-- ---- documents ----------------------------------------------------------------------------------

local function take_manifest(agent, message)
  agent:held().decoder, agent:held().manifest = message.sync_id, message
  decoder.begin(agent)
  schemes.begin(agent)
end

local documents = {
  { topic = "collection_schemes", message = "CollectionSchemes", take = schemes.take },
  { topic = "decoder_manifests", message = "DecoderManifest", take = take_manifest },
  { topic = "last_known_states/config", message = "StateTemplates", take = states.take },
}

local function await_documents(agent, document)
  while true do
    local came, received = pcall(agent.car.wait_message, agent.car, agent.topics .. document.topic, long)
    if came then
      local message, why = decode_fleetwise(document.message, received.payload)
      if message then
        agent:guard(document.take, agent, message)
        agent:show_refusals()
        agent:guard(check_in, agent)
      else
        agent.car:log("FleetWise: " .. received.topic .. ": " .. why)
      end
    end
  end
end

-- ---- its life -----------------------------------------------------------------------------------

local function listen(agent)
  local filters = { commands.filter(agent) }
  for _, document in ipairs(documents) do
    filters[#filters + 1] = agent.topics .. document.topic
  end
  while true do
    if agent.car.link == "online" then
      pcall(agent.car.subscribe, agent.car, filters)
      agent:guard(check_in, agent)
      agent:guard(schemes.connected, agent)
    end
    pcall(agent.car.wait_event, agent.car, "state", { to = "online" }, long)
  end
end

local function check_in_often(agent, every)
  while every > 0 do
    wait(every)
    agent:guard(check_in, agent)
  end
end

local function watch(agent)
  local stream = agent.car:events("signal")
  while true do
    local came, event = pcall(stream.wait, stream, long)
    for _, id in ipairs(came and agent.ids[event.path] or {}) do
      agent:guard(agent.look_again, agent, id)
      agent:guard(states.changed, agent, id)
    end
    if came then
      agent:guard(decoder.each_frame, agent, event.path, function(frame) schemes.frame(agent, frame) end)
    end
  end
end

local function serve_commands(agent)
  while true do
    local came, message = pcall(agent.car.wait_message, agent.car, commands.filter(agent), long)
    if came then
      agent:guard(commands.serve, agent, message)
    end
  end
end

return part("fleetwise", function(options)
  local signals, frames = options.signals or {}, decoder.frames(options.bus or {})
  local prefix = options.prefix or "$aws/iotfleetwise/vehicles/"
  local every = options.checkin_seconds or 120

  return {
    signals = {
      { "fleetwise.campaigns", type = "string", initial = "", reported = false },
      { "fleetwise.events", type = "integer", initial = 0, reported = false },
      { "fleetwise.states", type = "string", initial = "", reported = false },
      { "fleetwise.refused", type = "string", initial = "", reported = false },
    },
    embody = function(_, body, before)
      body.fleetwise = before.fleetwise or {
        decoder = options.decoder or "", event = 0, schemes = {}, states = states.none(), storage = storage.none(),
        refused = {}, -- by kinds of documents
      }
    end,
    start = function(car)
      local agent = setmetatable({
        car = car, topics = prefix .. car.name .. "/", epoch = os.time() - math.floor(car:clock()),
        signals = signals, frames = frames,
        rules = {}, -- what numbers of signals mean
        ids = {}, -- numbers that a signal of the car has something to do with, by its path
        values = {}, -- of signals, by their numbers
        runs = {}, -- of schemes
        states = {}, -- runs of active state templates, by their names
        commands = {}, -- those that have come, by their names
      }, agent_methods)
      agent:guard(decoder.begin, agent)
      agent:guard(schemes.begin, agent)
      agent:guard(states.begin, agent)
      agent:show_refusals()
      for _, document in ipairs(documents) do
        car:spawn(await_documents, agent, document)
      end
      car:spawn(listen, agent)
      car:spawn(check_in_often, agent, every)
      car:spawn(watch, agent)
      serve_commands(agent)
    end,
  }
end)
