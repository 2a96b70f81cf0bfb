-- Temperature and sunshine as functions of time: the same seed gives the same weather.

local sky = {}

local day = 86400
local coldest_hour, coldest_day = 5, 20

-- Between -1 and 1, for each day of each seed another.
local function whim(seed, number)
  local x = math.sin(number * 12.9898 + seed * 0.618034) * 43758.5453
  return 2 * (x - math.floor(x)) - 1
end

-- Without whims: on that day of the year, so many seconds after its midnight.
function sky.typical(climate, day_of_year, seconds)
  local year = -math.cos(2 * math.pi * (day_of_year + seconds / day - coldest_day) / 365)
  local hour = -math.cos(2 * math.pi * (seconds / 3600 - coldest_hour) / 24)
  return climate.mean + climate.season * year + climate.swing * hour
end

-- One day's whim passes over into the next one's.
function sky.temperature(body)
  local weather = body.weather
  local seconds = body.born + body.now
  local days = seconds / day
  local number = math.floor(days)
  local today, tomorrow = whim(weather.seed, number), whim(weather.seed, number + 1)
  return sky.typical(weather.climate, weather.day, seconds)
    + weather.climate.whim * (today + (tomorrow - today) * (days - number))
end

-- W/m² on a level surface; none of it from 18:00 to 6:00.
function sky.sunshine(body)
  local weather = body.weather
  if not weather then
    return 0
  end
  local seconds = body.born + body.now
  local height = math.sin(2 * math.pi * (seconds / day - 0.25))
  local clear = 0.7 + 0.3 * whim(weather.seed + 1, math.floor(seconds / day))
  return math.max(0, height) * weather.sunshine * clear
end

-- Outside the car, in celsius. Cars without weather stand in a hall.
function sky.outside(car)
  return car:has("climate.outside_temperature") and car:get("climate.outside_temperature") or 20
end

return sky
