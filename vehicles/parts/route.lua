-- Routes: the files in vehicles/routes/, made ready for driving, and the driving along them. A route says how far it
-- is from point to point, not where it begins: it is driven from where the car stands, so that no car ever jumps. One
-- that stands at the route's first point follows its coordinates.
--
-- A file returns { title = …, back = …, points = { { latitude, longitude, altitude, km/h from here on }, … } }. A point
-- may have `stop` (seconds that every car stands there) and `light` (the probability of a red light). `back` is
-- the title of the way back.

local route = {}

local metres_per_degree = 111320
local brake = 1.5 -- m/s² that people find comfortable
local hard = 4 -- m/s² when that was not enough

-- m/s around a corner of so many degrees.
local function corner(degrees)
  local turn = math.abs((degrees + 180) % 360 - 180)
  return turn > 60 and 6 or turn > 35 and 9 or turn > 20 and 15 or 60
end

local function add_point(r, from, to)
  local east_per_degree = metres_per_degree * math.cos(math.rad(r.latitude))
  local north = (to[1] - from[1]) * metres_per_degree
  local east = (to[2] - from[2]) * east_per_degree
  local i = #r.length + 1
  local length = math.max(1, math.sqrt(north * north + east * east))
  r.length[i] = length
  r.north[i], r.east[i], r.climb[i] = north / length, east / length, (to[3] - from[3]) / length
  r.heading[i] = math.deg(math.atan(east, north)) % 360
  r.limit[i] = from[4] / 3.6
  r.stop[i], r.light[i] = to.stop or 0, to.light or 0
end

-- The speed at which each part of the way may end, what comes after it being known; metres and seconds left then.
local function plan(r)
  local count = #r.length
  local cap, metres, seconds = 0, 0, 0
  for i = count, 1, -1 do
    local next_limit = r.limit[i + 1] or 0
    if r.stop[i] > 0 or i == count then
      cap = 0
    else
      cap = math.min(cap, next_limit, r.limit[i], corner(r.heading[i + 1] - r.heading[i]))
    end
    r.cap[i], r.metres_left[i], r.seconds_left[i] = cap, metres, seconds
    metres = metres + r.length[i]
    seconds = seconds + r.length[i] / r.limit[i] + r.stop[i] + 12 * r.light[i] + 4
    cap = math.sqrt(cap * cap + 2 * brake * r.length[i])
  end
  r.metres, r.seconds = metres, seconds
end

-- The way back has the limits and lights of the way there, but none of its stops.
local function turned(points)
  local back = {}
  for i = #points, 1, -1 do
    local point = points[i]
    back[#back + 1] = { point[1], point[2], point[3], (points[i - 1] or point)[4], light = point.light }
  end
  return back
end

function route.prepare(definition, back)
  local points = back and turned(definition.points) or definition.points
  local r = {
    title = back and definition.back or definition.title, latitude = points[1][1], longitude = points[1][2],
    length = {}, north = {}, east = {}, climb = {}, heading = {}, limit = {}, stop = {}, light = {}, cap = {},
    metres_left = {}, seconds_left = {},
  }
  for i = 2, #points do
    add_point(r, points[i - 1], points[i])
  end
  plan(r)
  return r
end

local prepared = {}

-- The route of that name, or the way back; made once for all cars.
function route.named(name, back)
  local key = name .. (back and " back" or "")
  prepared[key] = prepared[key] or route.prepare(require("routes." .. name), back)
  return prepared[key]
end

-- A way to there across country, in a slight bow: fast where it is far from both ends.
function route.straight(title, latitude, longitude, altitude, to_latitude, to_longitude)
  local points, count = {}, 24
  local north, east = to_latitude - latitude, to_longitude - longitude
  local kilometres = math.sqrt(north ^ 2 + (east * math.cos(math.rad(latitude))) ^ 2) * metres_per_degree / 1000
  for i = 0, count do
    local share = i / count
    local bow = 0.08 * math.sin(math.pi * share)
    local from_end = kilometres * math.min(share, 1 - share)
    points[i + 1] = {
      latitude + north * share - east * bow, longitude + east * share + north * bow, altitude,
      from_end > 8 and 100 or from_end > 2 and 70 or 50, light = from_end <= 2 and 0.3 or nil,
    }
  end
  return route.prepare { title = title, points = points }
end

-- ---- driving along it -----------------------------------------------------------------------------

-- What the traffic leaves of the limit, and whether the next light is red: settled when a part of the way begins.
local function enter(trip, car, i)
  local r = trip.route
  trip.segment, trip.at = i, 0
  if i <= #r.length then
    trip.flow = trip.pace * (1 - trip.traffic * car:random())
    trip.red = r.light[i] > 0 and car:random() < r.light[i] and r.length[i] > 30
    trip.cap = trip.red and 0 or r.cap[i]
  end
end

-- how: pace (share of the limit), acceleration (m/s²), traffic (0: none, 0.5: dense).
function route.begin(trip, car, r, how)
  trip.route, trip.v, trip.a, trip.standing = r, trip.v or 0, 0, 0
  trip.pace, trip.acceleration, trip.traffic = how.pace, how.acceleration, how.traffic
  trip.north, trip.east, trip.climb = 0, 0, 0 -- metres from where it began
  enter(trip, car, 1)
end

-- How long the car stands at the end of this part of the way.
local function pause(trip, car, i)
  local r = trip.route
  local seconds = r.stop[i]
  if seconds > 0 then
    seconds = seconds * (0.6 + 0.8 * car:random())
  end
  return seconds + (trip.red and 5 + 40 * car:random() or 0)
end

local function leave_behind(trip, i, metres)
  local r = trip.route
  trip.north = trip.north + r.north[i] * metres
  trip.east = trip.east + r.east[i] * metres
  trip.climb = trip.climb + r.climb[i] * metres
end

-- One second or less. Returns the metres, and the slope they had; trip.v and trip.a are those of its end.
function route.move(trip, car, seconds)
  if trip.standing > 0 then
    trip.standing, trip.a = trip.standing - seconds, 0
    return 0, 0
  end
  local r, i, v = trip.route, trip.segment, trip.v
  local left = r.length[i] - trip.at
  local top = math.min(r.limit[i] * trip.flow, math.max(1, math.sqrt(trip.cap ^ 2 + 2 * brake * left)))
  local faster = math.min(trip.acceleration, trip.watts_per_kilogram / math.max(v, 4))
  local speed = v < top and math.min(v + faster * seconds, top) or math.max(v - hard * seconds, top)
  local metres, slope = (v + speed) / 2 * seconds, r.climb[i]
  local rest = metres
  while rest >= left do
    leave_behind(trip, i, left)
    rest = rest - left
    if trip.cap == 0 then
      metres, rest, speed = metres - rest, 0, 0
      trip.standing = pause(trip, car, i)
    end
    i = i + 1
    enter(trip, car, i)
    if i > #r.length then
      trip.route, rest, speed = nil, 0, 0
      break
    end
    left = r.length[i]
    if speed == 0 then
      break
    end
  end
  if trip.route then
    leave_behind(trip, i, rest)
    trip.at = trip.at + rest
  end
  trip.v, trip.a, trip.last = speed, (speed - v) / seconds, trip.route and i or i - 1
  return metres, slope
end

-- Seconds before which a car that moves cannot have come to the end of this part of the way: at the speed that is
-- allowed, and braking in comfort before it has to be slower.
function route.seconds_on(trip)
  local r, i, v, cap = trip.route, trip.segment, trip.v, trip.cap
  local left, top = r.length[i] - trip.at, r.limit[i] * trip.flow
  local braking = math.sqrt(cap * cap + 2 * brake * left)
  if v > math.min(top, braking) + 1e-6 then
    return left / v
  end
  return math.max(left / top, (braking - cap) / brake)
end

-- Seconds for which it goes on at the speed that it has: 0 if it is getting faster or slower.
function route.seconds_steady(trip)
  local r, i, v = trip.route, trip.segment, trip.v
  if trip.a ~= 0 or v == 0 then
    return 0
  end
  return (r.length[i] - trip.at - math.max(0, v * v - trip.cap * trip.cap) / (2 * brake)) / v
end

-- Seconds before which its speed cannot have changed by so many m/s, in comfort.
function route.seconds_to_change(trip, by)
  return route.seconds_steady(trip) + by / math.max(trip.acceleration, brake)
end

-- Metres and seconds to the end, as the navigator knows them.
function route.left(trip)
  local r, i = trip.route, trip.segment
  local metres = r.length[i] - trip.at
  return r.metres_left[i] + metres, r.seconds_left[i] + metres / r.limit[i]
end

return route
