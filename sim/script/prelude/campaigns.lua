-- AWS IoT FleetWise as its operator sees it: campaigns, decoder manifests and state templates that the local cloud
-- gives to cars.

local _, _, _, tools = ...

local app = tools.app_class

local template_options = { signals = true, manifest = true, period = true, cars = true }
local campaign_options = { scheme = true, cars = true, topic = true, dimensions = true }
local manifest_options = { manifest = true, names = true }

local function ask(self, method, rest, document)
  return tools.ask_cloud(self, "app:" .. method, "fleetsim/fleetwise/" .. rest, document or {})
end

local function names_of(what, cars)
  if cars == nil then
    return nil
  end
  local names = {}
  for i, car in ipairs(type(cars) == "userdata" and { cars } or cars) do
    names[i] = type(car) == "string" and car or car.name
  end
  if #names == 0 then
    error(what .. ": cars: for nobody (leave cars away, and it is for all)", 3)
  end
  return names
end

-- From their next check-in these cars (all, if none are given) have it; instead of the one of that name.
function app:put_campaign(name, campaign)
  tools.check_options("app:put_campaign", campaign, campaign_options)
  ask(self, "put_campaign", "campaigns/" .. name .. "/put", {
    scheme = campaign.scheme, vehicles = names_of("app:put_campaign", campaign.cars), mqttTopic = campaign.topic,
    dimensions = campaign.dimensions,
  })
end

-- From their next check-in cars do not have it any more.
function app:delete_campaign(name)
  ask(self, "delete_campaign", "campaigns/" .. name .. "/delete")
end

-- The names of all.
function app:campaigns()
  return ask(self, "campaigns", "campaigns/list").names
end

-- What cars whose campaigns are for that manifest have from their next check-in.
function app:put_decoder_manifest(id, manifest)
  tools.check_options("app:put_decoder_manifest", manifest, manifest_options)
  ask(self, "put_decoder_manifest", "manifests/" .. id .. "/put",
    { manifest = manifest.manifest, names = manifest.names })
end

function app:delete_decoder_manifest(id)
  ask(self, "delete_decoder_manifest", "manifests/" .. id .. "/delete")
end

-- From their next check-in these cars have it. Each `period` seconds, or when something changes.
function app:put_state_template(id, template)
  tools.check_options("app:put_state_template", template, template_options)
  local every = template.period and { period_ms = math.floor(template.period * 1000 + 0.5) }
  ask(self, "put_state_template", "templates/" .. id .. "/put", {
    manifest = template.manifest, vehicles = names_of("app:put_state_template", template.cars),
    template = {
      signal_ids = template.signals, periodic_update_strategy = every,
      on_change_update_strategy = not every and {} or nil,
    },
  })
end

function app:delete_state_template(id)
  ask(self, "delete_state_template", "templates/" .. id .. "/delete")
end
