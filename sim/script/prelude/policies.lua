-- AWS IoT policies as their operator sees them: who may do what, of whom, and which statement says so.

local core, _, _, tools = ...

local app = tools.app_class

local function ask(self, what, call, document)
  return tools.ask_cloud(self, what, "fleetsim/policies/" .. call, document)
end

-- ---- documents ----------------------------------------------------------------------------------

-- "topic/a" is short for "arn:aws:iot:*:*:topic/a".
local function arn_of(resource)
  if type(resource) == "string" and resource ~= "*" and not resource:find("^arn:") then
    return "arn:aws:iot:*:*:" .. resource
  end
  return resource
end

local function arns_of(resources)
  if type(resources) ~= "table" then
    return arn_of(resources)
  end
  local all = {}
  for i, resource in ipairs(resources) do
    all[i] = arn_of(resource)
  end
  return all
end

-- A list of statements, or one, with short resources, becomes the whole document; a whole one stays as it is.
local function document_of(given)
  if type(given) ~= "table" or given.Statement ~= nil then
    return given
  end
  local statements = {}
  for i, statement in ipairs(given[1] and given or { given }) do
    local copy = {}
    for member, value in pairs(statement) do
      copy[member] = value
    end
    copy.Resource, copy.NotResource = arns_of(copy.Resource), arns_of(copy.NotResource)
    statements[i] = copy
  end
  return { Version = "2012-10-17", Statement = statements }
end

-- A policy of that name, from now on: new, or in the place of one. What is wrong with it is an error.
function app:put_policy(name, document)
  ask(self, "app:put_policy", name .. "/put", { policyDocument = document_of(document) })
  return name
end

-- Deletes one that is attached to nothing; one that has come with the cloud is as it was.
function app:delete_policy(name)
  ask(self, "app:delete_policy", name .. "/delete", {})
end

-- ---- whom they are about ------------------------------------------------------------------------

local function target_of(target)
  if type(target) == "string" then
    return target
  elseif type(target) == "table" and rawget(target, "group_name") then
    return "group/" .. target.group_name
  end
  return "thing/" .. target.name
end

-- target: a car, a group, or "thing/NAME", "group/NAME", "cert/ID".
function app:attach_policy(name, target)
  ask(self, "app:attach_policy", name .. "/attach", { target = target_of(target) })
end

function app:detach_policy(name, target)
  ask(self, "app:detach_policy", name .. "/detach", { target = target_of(target) })
end

-- May the car do that? { allowed, policy, statement, sid, policies }; without `policy` no statement is about it.
-- `will`: { topic, retain }, of a "connect".
function app:test_policy(car, action, resource, will)
  local said = ask(self, "app:test_policy", "test", {
    thingName = type(car) == "string" and car or car.name, action = action, resource = resource,
    will = will,
  })
  return {
    allowed = said.authDecision == "ALLOWED", policy = said.policyName, statement = said.statement, sid = said.sid,
    policies = said.policies,
  }
end
