-- The navigator: where the car is going, how far it is still, and when it will be there. An app sends it a place; the
-- driver accepts or declines it, and car:drive_route("destination") goes there.

local physics = require "parts.physics"
local route = require "parts.route"

local name, north, east = "navigator.poi_name", "navigator.poi_latitude", "navigator.poi_longitude"
local offer, destination = "navigator.offer", "navigator.destination"
local distance, arrival = "navigator.distance", "navigator.arrival"

local function clock_text(car, seconds)
  local minutes = (physics.time_of_day(car) + seconds) % 86400 // 60
  return string.format("%02d:%02d", minutes // 60, minutes % 60)
end

local function way_to(car, title, latitude, longitude)
  return route.straight(title, car:get("position.latitude"), car:get("position.longitude"),
    car:get("position.altitude"), latitude, longitude)
end

-- Along the route while it is driven; as planned before.
local function show(car, body)
  local trip, navigator = body.trip, body.navigator
  local metres, seconds, title = 0, 0, ""
  if trip.route then
    metres, seconds = route.left(trip)
    title = trip.route.title or ""
  elseif navigator.way then
    metres, seconds, title = navigator.way.metres, navigator.way.seconds, navigator.way.title
  end
  physics.show(car, destination, title)
  physics.show(car, distance, physics.round(metres, 0.01))
  physics.show(car, arrival, title ~= "" and clock_text(car, seconds) or "")
end

return part("navigator", function(options)
  local seconds = options.answer_seconds or 4
  local acceptance = options.acceptance or 0.9

  -- The car shows the place; whoever sits in it decides. Into an empty car it is sent for later.
  local function desire(car, wishes)
    local title, latitude, longitude = wishes[name], wishes[north], wishes[east]
    if not title and not latitude and not longitude then
      return
    elseif not (latitude and longitude) then
      car:refuse("INVALID_VALUE", "a place has poi_latitude and poi_longitude")
    end
    local body = physics.body(car)
    car:set(name, title or "")
    car:set(north, latitude)
    car:set(east, longitude)
    car:set(offer, "shown")
    if car:get("driving.ignition") == "off" then
      return
    end
    car:work(seconds)
    local answer = body.navigator.answer
    if answer == nil then
      answer = car:random() < acceptance
    end
    if not answer then
      car:set(offer, "declined")
      car:refuse("DRIVER_DECLINED", "the driver does not want to go there")
    end
    car:accept_place()
  end

  local actions = {}

  -- The place that was sent becomes the destination.
  function actions.accept_place(car)
    if car:get(offer) == "none" then
      car:refuse("NO_PLACE", "no place has been sent")
    end
    local body = physics.body(car)
    body.navigator.way = way_to(car, car:get(name), car:get(north), car:get(east))
    car:set(offer, "accepted")
    if body.trip.route then -- under way: from here
      car:drive_route("destination", { traffic = body.trip.traffic })
    end
    show(car, body)
  end

  -- What the driver will say to the next places: true, false, or nil for as the mood is.
  function actions.decide_on_places(car, answer)
    physics.body(car).navigator.answer = answer
  end

  return {
    signals = {
      { name, type = "string", desired = true },
      { north, type = "float", unit = "degrees", min = -90, max = 90, desired = true,
        vss = "Vehicle.Cabin.Infotainment.Navigation.DestinationSet.Latitude" },
      { east, type = "float", unit = "degrees", min = -180, max = 180, desired = true,
        vss = "Vehicle.Cabin.Infotainment.Navigation.DestinationSet.Longitude" },
      { offer, type = "enum", values = { "none", "shown", "accepted", "declined" } },
      { destination, type = "string" },
      { distance, type = "integer", unit = "m", min = 0, report_every = 60 },
      { arrival, type = "string", report_every = 60 },
    },
    desire = desire,
    actions = actions,
    refresh = physics.settle,
    settle = function(car, _, body)
      if body.trip.route or body.navigator.way or car:get(destination) ~= "" then
        show(car, body)
      end
    end,
    embody = function(_, body)
      body.navigator = {}
    end,
  }
end)
