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
local function show_refusals(agent)
  local all = {}
  for _, kind in ipairs { "schemes", "manifest", "states" } do
    table.move(agent:held().refused[kind] or {}, 1, #(agent:held().refused[kind] or {}), #all + 1, all)
  end
  agent.car:set("fleetwise.refused", table.concat(all, "\n"))
end

function agent_methods:refuse(kind, why)
  local refused = self:held().refused
  refused[kind] = refused[kind] or {}
  table.insert(refused[kind], why)
  self.car:log("FleetWise: " .. why)
  show_refusals(self)
end

-- A document of that kind takes the place of another.
function agent_methods:forget_refusals(kind)
  self:held().refused[kind] = nil
  show_refusals(self)
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
        document.take(agent, message)
        check_in(agent)
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
      check_in(agent)
      schemes.connected(agent)
    end
    pcall(agent.car.wait_event, agent.car, "state", { to = "online" }, long)
  end
end

local function check_in_often(agent, every)
  while every > 0 do
    wait(every)
    check_in(agent)
  end
end

local function watch(agent)
  local stream = agent.car:events("signal")
  while true do
    local came, event = pcall(stream.wait, stream, long)
    for _, id in ipairs(came and agent.ids[event.path] or {}) do
      agent:look_again(id)
      states.changed(agent, id)
    end
    if came then
      decoder.each_frame(agent, event.path, function(frame) schemes.frame(agent, frame) end)
    end
  end
end

local function serve_commands(agent)
  while true do
    local came, message = pcall(agent.car.wait_message, agent.car, commands.filter(agent), long)
    if came then
      commands.serve(agent, message)
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
      decoder.begin(agent)
      schemes.begin(agent)
      states.begin(agent)
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
