-- The fleet index and groups of things as their operator sees them.

local core, _, _, tools = ...

local app = tools.app_class

local group = tools.seal({}, "a group")

local function ask(self, what, call, document)
  return tools.ask_cloud(self, what, "fleetsim/" .. call, document)
end

-- Page after page of a list.
local function ask_all(self, what, call, document, member)
  local list = {}
  repeat
    local page = ask(self, what, call, document)
    table.move(page[member], 1, #page[member], #list + 1, list)
    document.nextToken = page.nextToken
  until not page.nextToken
  return list
end

-- ---- the index ----------------------------------------------------------------------------------

-- The things that match a query of the fleet index, in the order of their names: a list of { name, type, attributes,
-- groups, connected, since, reason, shadow }.
function app:things(query)
  local list = ask_all(self, "app:things", "index/search", { queryString = query or "*", shadow = true }, "things")
  for i, thing in ipairs(list) do
    local link = thing.connectivity or {}
    list[i] = {
      name = thing.thingName, type = thing.thingTypeName, attributes = thing.attributes or {},
      groups = thing.thingGroupNames or {}, connected = link.connected, since = link.timestamp,
      reason = link.disconnectReason, shadow = thing.shadow and core.from_json(thing.shadow) or {},
    }
  end
  return list
end

-- How many match.
function app:count_things(query)
  return ask(self, "app:count_things", "index/count", { queryString = query or "*" }).count
end

-- What the registry says of a car: type, attributes (beside those it has; "" removes one).
function app:set_thing(car, thing)
  tools.check_options("app:set_thing", thing, { type = true, attributes = true })
  ask(self, "app:set_thing", "things/" .. car.name .. "/update",
    { thingTypeName = thing.type, attributes = thing.attributes, merge = true })
end

-- ---- groups -------------------------------------------------------------------------------------

local create_options = { parent = true, query = true }

local function group_of(self, name)
  return setmetatable({ app = self, group_name = name, name = name }, group)
end

-- A new group of things; options: `parent`, a group or its name; or `query`, of all things that match.
function app:create_group(name, options)
  options = options or {}
  tools.check_options("app:create_group", options, create_options)
  local parent = options.parent
  ask(self, "app:create_group", "groups/" .. name .. "/create", {
    parentGroupName = type(parent) == "table" and parent.name or parent, queryString = options.query,
  })
  return group_of(self, name)
end

-- The group of that name, whoever has created it.
function app:group(name)
  ask(self, "app:group", "groups/" .. name .. "/get", {})
  return group_of(self, name)
end

-- A message holds 128 KB.
local names_bytes = 100000

-- Lists of names, each short enough for one message.
local function lists_of(cars)
  local names, bytes = {}, 0
  local lists = { names }
  if type(cars) == "userdata" or type(cars) == "string" then
    cars = { cars }
  end
  for _, car in ipairs(cars) do
    local name = type(car) == "string" and car or car.name
    bytes = bytes + #name + 3
    if bytes > names_bytes then
      names, bytes = {}, #name + 3
      lists[#lists + 1] = names
    end
    names[#names + 1] = name
  end
  return lists
end

-- Puts in a car, a fleet, or a list of cars and names.
function group:add(cars)
  for _, names in ipairs(lists_of(cars)) do
    ask(self.app, "group:add", "groups/" .. self.name .. "/add", { things = names })
  end
end

function group:remove(cars)
  for _, names in ipairs(lists_of(cars)) do
    ask(self.app, "group:remove", "groups/" .. self.name .. "/remove", { things = names })
  end
end

-- Their names; with `recursive` those of its descendants, too.
function group:things(recursive)
  return ask_all(self.app, "group:things", "groups/" .. self.name .. "/things", { recursive = recursive or false },
    "things")
end

function group:delete()
  ask(self.app, "group:delete", "groups/" .. self.name .. "/delete", {})
end
