-- What of a car is to be seen, from its signals: the defaults, which a model's `picture` changes. See vehicles/README.md.

local _, _, prelude, tools = ...

-- ---- values as numbers --------------------------------------------------------------------------

-- Words that signals say, as how far open or on they are.
local words = {
  closed = 0, ajar = 0.14, open = 1, locked = 1, mixed = 0.5, unlocked = 0, on = 1, off = 0, active = 1, inactive = 0,
  triggered = 1,
}

-- 0 to 1, of a boolean, a percentage or a word.
local function share(value)
  if type(value) == "number" then
    return value / 100
  end
  return type(value) == "string" and (words[value] or 0) or value and 1 or 0
end

local function read(car, path)
  if car:has(path) then
    return car:get(path)
  end
end

local function most(car, ...)
  local largest = 0
  for _, path in ipairs { ... } do
    largest = math.max(largest, share(read(car, path)))
  end
  return largest
end

-- ---- what needs more than one signal --------------------------------------------------------------

local function is_on(car)
  return read(car, "driving.ignition") == "on"
end

-- Air streams while the climate control works; warm when it heats.
local function air(car, warm)
  local target, cabin = read(car, "climate.target"), read(car, "climate.cabin_temperature")
  if not (read(car, "climate.active") and target and cabin) or (target >= cabin) ~= warm then
    return 0
  end
  return 0.45 + 0.55 * math.min(1, math.abs(target - cabin) / 4)
end

-- From the time of day; cars without a clock live in the light.
local function night(car)
  local hours, minutes = (read(car, "clock.time") or ""):match("^(%d+):(%d+)$")
  local hour = hours and hours + minutes / 60 or 12
  local dark = hour < 12 and (7.2 - hour) / 1.2 or (hour - 19.2) / 1.2
  return math.max(0, math.min(1, dark))
end

local function indicator(side)
  return function(car)
    local flashing = (read(car, "indicators.flashes") or 0) > 0
    return (flashing or read(car, "lights.hazard") or read(car, "indicators." .. side)) and 1 or 0
  end
end

local picture = {
  trunk = function(car)
    return car:has("trunk.position") and most(car, "trunk.position") or most(car, "doors.trunk")
  end,
  ["door.rear_right"] = function(car)
    return car:has("sliding_door.position") and most(car, "sliding_door.position") or most(car, "doors.rear_right")
  end,
  flap = function(car)
    return most(car, "charging.flap", "charging.plugged")
  end,
  warm = function(car) return air(car, true) end,
  cold = function(car) return air(car, false) end,
  ["indicator.left"] = indicator("left"),
  ["indicator.right"] = indicator("right"),
  alarm = function(car) return most(car, "alarm.panic", "alarm.state") end,
  driver = function(car)
    return (is_on(car) or read(car, "seats.driver_occupied") or read(car, "driver.present")) and 1 or 0
  end,
  road = function(car) return is_on(car) and 1 or 0 end,
  speed = function(car) return (read(car, "driving.speed") or 0) / 3.6 end,
  night = night,
  asleep = function(car) return (car.link == "asleep" or car.link == "off") and 1 or 0 end,
}

-- A field that is one signal.
for field, path in pairs { -- in any order
  ["door.front_left"] = "doors.front_left", ["door.front_right"] = "doors.front_right",
  ["door.rear_left"] = "doors.rear_left",
  ["window.front_left"] = "windows.front_left", ["window.front_right"] = "windows.front_right",
  ["window.rear_left"] = "windows.rear_left", ["window.rear_right"] = "windows.rear_right",
  bonnet = "doors.hood", sunroof = "sunroof.position", mirrors = "mirrors.folded", low_beam = "lights.low_beam",
  high_beam = "lights.high_beam", parking = "lights.parking", daytime = "lights.running", fog_front = "lights.fog_front",
  fog_rear = "lights.fog_rear", brake = "lights.brake", interior = "lights.interior", cable = "charging.plugged",
  charging = "charging.active", defrost = "climate.defrost", rear_defrost = "climate.rear_defrost",
  locked = "locks.all", horn = "horn.active", passenger = "seats.passenger_occupied",
} do
  picture[field] = path
end

-- ---- what the panels say --------------------------------------------------------------------------

local function scaled(path, by)
  return function(car)
    local value = read(car, path)
    return value and value * by
  end
end

local status = {
  charge = "battery.state_of_charge", limit = "charging.limit", power = "charging.power",
  minutes_left = scaled("charging.time_left", 1 / 60), fuel = "fuel.level",
  range = function(car)
    local electric, fuel = read(car, "battery.range"), read(car, "fuel.range")
    return (electric or fuel) and ((electric or 0) + (fuel or 0)) / 1000
  end,
  cabin = "climate.cabin_temperature", target = "climate.target", outside = "climate.outside_temperature",
  speed = "driving.speed", odometer = scaled("driving.odometer", 1 / 1000), dbm = "connectivity.signal_strength",
  clock = "clock.time", locks = "locks.all", alarm = "alarm.state", charging = "charging.state", tcu = "tcu.state",
  technology = "connectivity.technology", climate = "climate.active", plugged = "charging.plugged",
  latitude = "position.latitude", longitude = "position.longitude", heading = "position.heading",
  distance = "trip.distance", destination = "navigator.destination",
  update = function(car)
    local state = read(car, "update.state")
    return state and state ~= "idle" and string.format("%s %d %%", (state:gsub("_", " ")), read(car, "update.progress"))
      or nil
  end,
}

-- ---- looking --------------------------------------------------------------------------------------

local bodies = { "hatch", "saloon", "suv", "van", "bus" }

-- What a model says of its picture, checked when it is made.
function tools.check_picture(name, given)
  if given == nil then
    return {}
  elseif type(given) ~= "table" then
    error("model " .. name .. ": picture is a table", 3)
  end
  for field, from in pairs(given) do
    if field == "body" then
      local known = {}
      for _, body in ipairs(bodies) do
        known[body] = true
      end
      if not known[from] then
        error(string.format("model %s: picture.body: '%s' is not one of %s", name, tostring(from),
          table.concat(bodies, ", ")), 3)
      end
    elseif not picture[field] then
      error(string.format("model %s: picture has no '%s'%s", name, tostring(field),
        tools.did_you_mean(field, picture, { body = true })), 3)
    elseif type(from) ~= "string" and type(from) ~= "function" then
      error(string.format("model %s: picture.%s is the path of a signal, or a function of the car", name, field), 3)
    end
  end
  return given
end

local function look_at(car, from)
  if type(from) == "function" then
    return from(car)
  end
  return read(car, from)
end

-- Fields of the picture as numbers, and what the panels say; by name. Called outside of any task: nothing waits.
function prelude.picture_of(car, model)
  local own, fields, said = model.picture or {}, {}, {}
  for field, from in pairs(picture) do
    local how = own[field] or from
    fields[field] = type(how) == "function" and how(car) or share(look_at(car, how))
  end
  for name, from in pairs(status) do
    said[name] = look_at(car, from)
  end
  return fields, said, own.body or "hatch", model.title
end
