-- Cars drive their routes there and back, count their trips, and go where the navigator leads.

local physics = require "parts.physics"
local route = require "parts.route"

for _, name in ipairs { "munich_commute", "munich_errand", "motorway", "milan_commute", "city_delivery", "bus_line" } do
  scenario("there and back on " .. name, { timeout = 120 }, function(t)
    local car = t:vehicle { power = "off" }
    local metres = route.named(name).metres + route.named(name, true).metres
    local odometer, latitude, longitude = car.state.driving.odometer, car.state.position.latitude,
      car.state.position.longitude
    local seconds, fastest = 0, 0

    for _, back in ipairs { false, true } do
      car:drive_route(name, { back = back, traffic = 0.2 })
      while car.state.driving.ignition == "on" do
        local before, began = car.state.driving.odometer, car:clock()
        physics.skip(car, 1)
        seconds = seconds + 1
        local moved = car.state.driving.odometer - before
        t:is_true(moved >= 0 and moved <= 45 * (1 + car:clock() - began), "the odometer never jumps")
        fastest = math.max(fastest, car.state.driving.speed)
      end
    end
    t:near(car.state.driving.odometer - odometer, metres, 20)
    t:near(car.state.position.latitude, latitude, 5e-5, "home again")
    t:near(car.state.position.longitude, longitude, 2e-4, "home again")
    t:is_true(fastest <= 132, "within the limits")
    local average = metres / seconds * 3.6
    t:is_true(average > 7 and average < 110, average)
    t:is_true(car:get("trip.distance") > 1000 and car:get("trip.average_speed") > 5)
  end)
end

scenario("a route takes more uphill than downhill, and more in a hurry", function(t)
  local function used(how)
    local car = t:vehicle { power = "off", state = { ["battery.state_of_charge"] = 90 } }
    car:drive_route("milan_commute", how)
    while car.state.driving.ignition == "on" do
      physics.skip(car, 5)
    end
    return 90 - physics.exact(car, "battery.state_of_charge")
  end
  local up = used { traffic = 0 }
  t:is_true(up > used { traffic = 0, back = true }, "Como is higher than Milan")
  t:is_true(used { traffic = 0, style = "sporty" } > 1.08 * used { traffic = 0, style = "calm" })
  t:near(up * 0.52 / 43.2 * 100, 17, 4, "kWh/100 km")
end)

scenario("braking fills the battery", function(t)
  local car = t:vehicle { power = "off" }
  local most = 0

  car:drive_route("bus_line", { traffic = 0 })
  for _ = 1, 600 do
    physics.skip(car, 1)
    local battery = car.state.battery
    t:equal(battery.power, battery.voltage * battery.current)
    most = math.max(most, battery.power)
  end
  t:is_true(most > 5000, most)
end)

scenario("an app sends a place, and the driver goes there", function(t)
  local car = t:vehicle()
  local app = t:companion()
  local museum = { navigator = { poi_name = "Museum", poi_latitude = 48.1750, poi_longitude = 11.5560 } }

  car:wait_online()
  t:equal(app:request(car, museum):await().status, "SUCCEEDED", "nobody is in the car: it is there for later")
  t:equal(car.state.navigator.offer, "shown")
  car:accept_place()
  t:equal(car.state.navigator.destination, "Museum")
  t:near(car.state.navigator.distance, 4500, 500)
  car:drive_route("destination", { traffic = 0 })
  while car.state.driving.ignition == "on" do
    physics.skip(car, 10)
  end
  t:near(car.state.position.latitude, 48.1750, 1e-4)
  t:near(car.state.position.longitude, 11.5560, 1e-3)
  t:equal(car.state.navigator.destination, "")
  local drove, why = pcall(car.drive_route, car, "destination")
  t:is_true(not drove and why.code == "NO_PLACE")
end)

scenario("a place that comes on the way is gone to from here", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:drive_route("munich_commute", { traffic = 0 })
  repeat -- the first traffic lights may be red
    physics.skip(car, 20)
  until car.state.driving.speed > 0
  car:decide_on_places(true)
  local stadium = { navigator = { poi_name = "Stadium", poi_latitude = 48.2188, poi_longitude = 11.6247 } }
  t:equal(app:request(car, stadium):await().status, "SUCCEEDED")
  t:equal(car.state.navigator.destination, "Stadium")
  t:equal(car.state.driving.ignition, "on")
  while car.state.driving.ignition == "on" do
    physics.skip(car, 10)
  end
  t:near(car.state.position.latitude, 48.2188, 1e-4)
  t:near(car.state.position.longitude, 11.6247, 1e-3)
end)

scenario("a driver may decline", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:drive(50)
  car:decide_on_places(false)
  local place = { navigator = { poi_name = "Far away", poi_latitude = 60.0, poi_longitude = 11.0 } }
  t:equal(app:request(car, place):await().reason, "DRIVER_DECLINED")
  car:decide_on_places(true)
  t:equal(app:request(car, place):await().status, "SUCCEEDED")
  t:equal(car.state.navigator.destination, "Far away")
  t:equal(app:request(car, { navigator = { poi_latitude = 1.0 } }):await().reason, "INVALID_VALUE")
  car:stop()
end)
