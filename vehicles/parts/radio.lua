-- The modem as the car shows it, and coverage along the way: in a zone the car is on that zone's network.

local available, strength = "connectivity.available", "connectivity.signal_strength"
local technology = "connectivity.technology"
local latitude, longitude = "position.latitude", "position.longitude"
local metres_per_degree = 111320

-- How far apart, in metres; for a few kilometres the earth is flat.
local function distance(zone, north, east)
  local y = (north - zone.latitude) * metres_per_degree
  local x = (east - zone.longitude) * metres_per_degree * math.cos(math.rad(zone.latitude))
  return math.sqrt(x * x + y * y)
end

-- The first zone of the list that the car is in.
local function zone_of(car, zones)
  if #zones == 0 or not car:has(latitude) then
    return nil
  end
  local north, east = car:get(latitude), car:get(longitude)
  for _, zone in ipairs(zones) do
    if distance(zone, north, east) <= zone.radius then
      return zone
    end
  end
end

local function check(zones)
  for i, zone in ipairs(zones) do
    for _, key in ipairs { "latitude", "longitude", "radius" } do
      if type(zone[key]) ~= "number" then
        error("radio: zone " .. i .. " needs a number " .. key, 3)
      end
    end
    if zone.profile == nil then
      error("radio: zone " .. i .. " needs a profile (see docs/radio.md)", 3)
    end
  end
  return zones
end

local function show(car)
  local radio = car:radio()
  car:set(available, radio.attached)
  car:set(strength, radio.dbm)
  car:set(technology, radio.technology)
end

-- What coverage there is here; a change that is not of a zone's making (car:radio) stays until the next zone.
local function look(car, plan)
  local zone = zone_of(car, plan.zones)
  if zone ~= plan.zone then
    plan.zone = zone
    car:radio(zone and zone.profile or plan.elsewhere)
  end
  show(car)
end

-- Beside whatever else the car does, once there is something to look for.
local function follow(car, plan)
  if plan.followed then
    return
  end
  plan.followed = true
  car:spawn(function()
    while true do
      look(car, plan)
      -- Position changes second by second; a parked car waits for whatever changes.
      if car:has("driving.speed") and car:get("driving.speed") > 0 then
        wait(1)
      else
        car:wait_change(3600)
      end
    end
  end)
end

return part("radio", function(options)
  local zones = check(options.zones or {})
  local elsewhere = options.profile or "perfect"

  local function plan_of(car)
    local memory = car:memory()
    if not memory.radio then
      memory.radio = { zones = zones, elsewhere = elsewhere }
    end
    return memory.radio
  end

  return {
    signals = {
      { available, type = "boolean", initial = true, vss = "Vehicle.Connectivity.IsConnectivityAvailable" },
      { strength, type = "integer", unit = "dBm", min = -140, max = -44, initial = -60,
        vss = "Vehicle.Connectivity.Tcu.SignalStrength" },
      { technology, type = "enum", values = { "LTE", "UMTS", "GSM", "none" },
        vss = "Vehicle.Connectivity.Tcu.RadioTechnology" },
    },
    actions = {
      -- From now on, until its power goes: zones as in the options, and the network elsewhere.
      coverage = function(car, list, profile)
        local plan = plan_of(car)
        plan.zones, plan.zone, plan.elsewhere = check(list), nil, profile or elsewhere
        car:radio(plan.elsewhere)
        follow(car, plan)
      end,
    },
    refresh = show,
    start = function(car)
      if options.profile then
        car:radio(options.profile)
      end
      if options.profile or #zones > 0 then
        follow(car, plan_of(car))
      end
    end,
  }
end)
