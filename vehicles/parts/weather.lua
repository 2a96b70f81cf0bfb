-- Weather and time of day where the car is: other parts read them by parts/sky.lua. It gets warm in the afternoon and
-- in summer, and no day is like the one before.

local physics = require "parts.physics"
local sky = require "parts.sky"

local outside, clock = "climate.outside_temperature", "clock.time"

return part("weather", function(options)
  local climate = {
    mean = options.mean or 12, -- celsius, of the year
    swing = options.swing or 5, -- between the mean and the extremes of a day
    season = options.season or 8, -- between the means of the year and of its extreme months
    whim = options.whim or 3, -- by how much a day may differ
  }
  local start = options.clock or "08:00"
  local born = start == "utc" and 0 or physics.parse_time(start)
  if not born then
    error("weather: clock is a time such as \"08:00\", or \"utc\" for that of the run", 2)
  end
  local day = options.day_of_year or 110
  local new_weather = physics.kind {
    climate = climate, day = start == "utc" and tonumber(os.date("!%j")) or day, offset = 0,
    sunshine = options.sunshine or 700, -- W/m² at noon under a clear sky
  }
  local initial = physics.round(sky.typical(climate, day, born), 10)

  local function show(car, body)
    local minutes = (body.born + body.now) % 86400 // 60
    physics.show(car, clock, string.format("%02d:%02d", minutes // 60, minutes % 60))
    physics.set_exact(car, outside, 10, sky.temperature(body) + body.weather.offset)
  end

  return {
    signals = {
      { outside, type = "float", report_every = 60,
        unit = "celsius", initial = initial, vss = "Vehicle.Exterior.AirTemperature" },
      { clock, type = "string", reported = false, initial = start },
    },
    refresh = physics.settle,
    embody = function(car, body, before)
      local old = before.weather or {}
      body.born = before.born or physics.parse_time(car:get(clock)) or os.time() % 86400
      body.weather = new_weather { seed = old.seed or car:random(1, 1000000), offset = old.offset }
      -- If somebody set it, that is what it is like in the beginning.
      local given = car:get(outside)
      if given ~= initial and not old.seed then
        body.weather.offset = given - sky.temperature(body)
      end
      physics.exact(car, outside)
      physics.take(car, clock)
      show(car, body)
    end,
    settle = function(car, _, body)
      if physics.overruled(car, outside) then
        body.weather.offset = car:get(outside) - sky.temperature(body)
      end
      if physics.overruled(car, clock) then
        body.born = (physics.parse_time(car:get(clock)) or body.born + body.now) - body.now
      end
      show(car, body)
    end,
  }
end)
