-- AWS IoT Device Defender as its operator sees it: security profiles, and what violated them.

local _, _, _, tools = ...

local app = tools.app_class

local profile_options = { behaviors = true, cars = true, targets = true, mitigations = true, group = true }
local behavior_options = { name = true, metric = true, seconds = true, alarm_after = true, clear_after = true }

-- The comparisons by their names in AWS, and of which kind of value each is.
local comparisons = {
  ["less-than"] = "count", ["less-than-equals"] = "count", ["greater-than"] = "count",
  ["greater-than-equals"] = "count", ["in-cidr-set"] = "cidrs", ["not-in-cidr-set"] = "cidrs",
  ["in-port-set"] = "ports", ["not-in-port-set"] = "ports", ["in-set"] = "strings", ["not-in-set"] = "strings",
}
for name in pairs(comparisons) do
  behavior_options[name:gsub("-", "_")] = true
end

local function criteria_of(behavior)
  for name, kind in pairs(comparisons) do
    local value = behavior[name:gsub("-", "_")]
    if value ~= nil then
      if kind == "strings" and type(value[1]) == "number" then
        kind = "numbers"
      end
      return {
        comparisonOperator = name, value = { [kind] = value }, durationSeconds = behavior.seconds,
        consecutiveDatapointsToAlarm = behavior.alarm_after, consecutiveDatapointsToClear = behavior.clear_after,
      }
    end
  end
  error("app:put_security_profile: a behavior needs a comparison, as less_than = 1000", 4)
end

-- A profile is one message, which holds 128 KB.
local names_bytes = 100000

local function names_of(cars)
  if cars == nil then
    return nil
  end
  local names, bytes = {}, 0
  for i, car in ipairs(type(cars) == "userdata" and { cars } or cars) do
    names[i] = type(car) == "string" and car or car.name
    bytes = bytes + #names[i] + 3
  end
  if bytes > names_bytes then
    error(string.format("app:put_security_profile: cars: the names of %d do not fit into one message (leave cars away, "
      .. "and it is for all; or put several profiles)", #names), 3)
  end
  return names
end

-- A car, a group, or a target in AWS's words: "all/things", "group/NAME", …
local function target_of(target)
  if type(target) == "table" and rawget(target, "group_name") then
    return "group/" .. target.group_name
  end
  return type(target) == "string" and target or "thing/" .. target.name
end

-- The names of cars, and what else it is for.
local function targets_of(profile)
  local list = names_of(profile.cars)
  for _, target in ipairs(profile.targets or {}) do
    list = list or {}
    list[#list + 1] = target_of(target)
  end
  if list and #list == 0 or profile.targets and not list then
    error("app:put_security_profile: for nobody (leave cars and targets away, and it is for all)", 3)
  end
  return list
end

local function topic(rest)
  return "fleetsim/defender/" .. rest
end

-- From now on these cars (all, if none are given) are to behave so; instead of the profile of that name, if there is one.
function app:put_security_profile(name, profile)
  tools.check_options("app:put_security_profile", profile, profile_options)
  local behaviors = {}
  for i, behavior in ipairs(profile.behaviors or {}) do
    tools.check_options("app:put_security_profile: behaviors", behavior, behavior_options)
    behaviors[i] = { name = behavior.name or behavior.metric, metric = behavior.metric, criteria = criteria_of(behavior) }
  end
  tools.ask_cloud(self, "app:put_security_profile", topic("profiles/" .. name .. "/put"), {
    behaviors = behaviors, targets = targets_of(profile), mitigations = profile.mitigations,
    thingGroupName = profile.group,
  })
end

-- It is for that target, too: a car, a group, or one in AWS's words.
function app:attach_security_profile(name, target)
  tools.ask_cloud(self, "app:attach_security_profile", topic("profiles/" .. name .. "/attach"),
    { target = target_of(target) })
end

-- It is not for that target any more.
function app:detach_security_profile(name, target)
  tools.ask_cloud(self, "app:detach_security_profile", topic("profiles/" .. name .. "/detach"),
    { target = target_of(target) })
end

-- Forgets it, and the alarms about it.
function app:delete_security_profile(name)
  tools.ask_cloud(self, "app:delete_security_profile", topic("profiles/" .. name .. "/delete"), {})
end

-- The latest violations, oldest first: of one car, or of all.
function app:violations(car)
  return tools.ask_cloud(self, "app:violations", topic("violations/list"), { thingName = car and car.name })
    .violationEvents
end
