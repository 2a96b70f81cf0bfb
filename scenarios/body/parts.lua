-- The parts of a car's body, each by itself: what they do, how long it takes, why they refuse.

local physics = require "parts.physics"

local function connected(t, options)
  local car = t:vehicle(options)
  local app = t:companion()
  car:wait_online()
  return car, app
end

local suv = { model = "plug_in_hybrid_suv" }

local function refused(t, code, fn, ...)
  local ok, why = pcall(fn, ...)
  t:equal(ok, false)
  t:equal(type(why) == "table" and why.code or why, code)
end

-- What motors take is simulated; what the machine takes beside it depends on how busy it is.
local function took(t, seen, seconds)
  t:is_true(seen > seconds - 0.1, "it took " .. seen .. " s")
  t:is_true(seen < seconds + (t:is_virtual() and 1 or 10), "it took " .. seen .. " s")
end

-- ---- doors and locks ----------------------------------------------------------------------------

scenario("a door that is ajar is not closed", function(t)
  local car, app = connected(t)

  car:unlock()
  car:leave_ajar("rear_left")
  t:equal(car.state.doors.all_closed, false)
  local answer = app:request(car, { locks = { all = "locked" } }):await()
  t:equal(answer.reason, "DOOR_OPEN")
  t:match(answer.description, "rear_left door is ajar")
  refused(t, "DOOR_OPEN", car.drive, car, 30)
  car:close_door("rear_left")
  t:equal(car.state.doors.all_closed, true)
  t:equal(app:request(car, { locks = { all = "locked" } }):await().status, "SUCCEEDED")
end)

scenario("from inside the handle unlocks a door, but for child lock and double lock", function(t)
  local car = t:vehicle { model = "plug_in_hybrid_suv" }

  car:set_child_lock("rear_left", true)
  refused(t, "CHILD_LOCK", car.open_door, car, "rear_left", "inside")
  refused(t, "DOOR_LOCKED", car.open_door, car, "rear_right")
  car:open_door("rear_right", "inside")
  t:equal(car.state.locks.rear_right, "unlocked")
  t:equal(car.state.locks.all, "mixed")

  local app = t:companion()
  car:wait_online()
  car:close_door("rear_right")
  t:equal(app:request(car, { locks = { double = true } }):await().status, "SUCCEEDED")
  t:equal(car.state.locks.all, "locked")
  refused(t, "DOUBLE_LOCKED", car.open_door, car, "front_left", "inside")
  car:unlock()
  t:equal(car.state.locks.double, false)
end)

scenario("a jammed door does not move, and is mended", function(t)
  local car = t:vehicle { power = "off", state = { ["locks.front_left"] = "unlocked" } }

  car:jam("doors.front_left")
  refused(t, "DOOR_JAMMED", car.open_door, car, "front_left")
  car:jam("doors.front_left", false)
  car:open_door("front_left")
  t:equal(car.state.doors.front_left, "open")
end)

scenario("the doors lock when the car drives off", function(t)
  local car = t:vehicle { power = "off" }

  car:unlock()
  car:drive(10)
  physics.skip(car, 30)
  t:equal(car.state.locks.all, "unlocked")
  car:drive(50)
  physics.skip(car, 3)
  t:equal(car.state.locks.all, "locked")
  car:stop()
  car:unlock()
  t:equal(car.state.locks.all, "unlocked")
end)

scenario("if nobody opens a door the car locks again", function(t)
  local car, app = connected(t, suv)

  t:equal(app:request(car, { locks = { all = "unlocked" } }):await().status, "SUCCEEDED")
  physics.skip(car, 25)
  t:equal(car.state.locks.all, "unlocked")
  physics.skip(car, 6)
  t:equal(car.state.locks.all, "locked")
  t:equal(car.state.mirrors.folded, true)

  app:request(car, { locks = { all = "unlocked" } }):await()
  car:open_door("front_left")
  physics.skip(car, 60)
  t:equal(car.state.locks.all, "unlocked")
end)

-- ---- windows, roof, tailgate --------------------------------------------------------------------

scenario("a window turns back where something is in it", function(t)
  local car, app = connected(t)

  t:equal(app:request(car, { windows = { all = 60 } }):await().status, "SUCCEEDED")
  t:equal(car.state.windows.rear_right, 60)
  car:pinch("front_left", 20)
  local answer = app:request(car, { windows = { all = 0 } }):await()
  t:equal(answer.status, "FAILED")
  t:equal(answer.reason, "PINCHED")
  t:equal(car.state.windows.front_left, 50)
  t:equal(car.state.windows.rear_left, 0)
  t:equal(car.state.windows.all, 50)
  car:pinch("front_left", 0)
  t:equal(app:request(car, { windows = { all = 0 } }):await().status, "SUCCEEDED")
end)

scenario("a jammed window stays where it is, the others move", function(t)
  local car, app = connected(t)

  car:jam("windows.front_left")
  local answer = app:request(car, { windows = { all = 40 } }):await()
  t:equal(answer.status, "FAILED")
  t:equal(answer.reason, "WINDOW_JAMMED")
  t:equal(car.state.windows.front_left, 0)
  t:equal(car.state.windows.rear_right, 40)
  refused(t, "WINDOW_JAMMED", car.move_window, car, "front_left", 100)
  t:equal(app:desire(car, { windows = { front_left = 30 } }):await().reason, "WINDOW_JAMMED")
end)

scenario("a sunroof goes from tilted to open", function(t)
  local car, app = connected(t, suv)

  t:equal(app:request(car, { sunroof = { position = -30 } }):await().status, "SUCCEEDED")
  local began = car:clock()
  t:equal(app:request(car, { sunroof = { position = 30 } }):await().status, "SUCCEEDED")
  took(t, car:clock() - began, 4)
  car:pinch_sunroof(15)
  t:equal(app:request(car, { sunroof = { position = 0 } }):await().reason, "PINCHED")
  t:equal(car.state.sunroof.position, 45)
end)

scenario("a power tailgate opens, meets something when it closes, and is shut by hand", { timeout = 60 }, function(t)
  t:needs_virtual_time()
  local car, app = connected(t, suv)

  t:equal(app:request(car, { trunk = { position = 100 } }):await().reason, "DOOR_LOCKED")
  car:unlock()
  local command = app:request(car, { trunk = { position = 100 } })
  car:wait_until(function() return car:get("doors.trunk") == "ajar" end)
  t:equal(command:await(20).status, "SUCCEEDED")
  t:equal(car.state.doors.trunk, "open")
  refused(t, "DOOR_OPEN", car.lock, car)

  car:block_trunk(50)
  local blocked = app:request(car, { trunk = { position = 0 } }):await(20)
  t:equal(blocked.reason, "OBSTACLE")
  t:equal(car.state.trunk.position, 70)
  car:block_trunk(0)
  car:close_door("trunk")
  t:equal(car.state.trunk.position, 0)
  car:jam("trunk.position")
  t:equal(app:request(car, { trunk = { position = 100 } }):await(20).reason, "TAILGATE_JAMMED")
  t:equal(car.state.doors.trunk, "closed")
end)

scenario("the bonnet opens after somebody has pulled its lever", function(t)
  local car = t:vehicle { model = "plug_in_hybrid_suv", power = "off" }

  refused(t, "HOOD_LATCHED", car.open_door, car, "hood")
  car:pull_bonnet_lever()
  t:equal(car.state.doors.hood, "ajar")
  car:open_door("hood")
  car:close_door("hood")
  t:equal(car.state.bonnet.latched, true)
end)

-- ---- lights and horn ----------------------------------------------------------------------------

scenario("the lights follow the sky while the car is on", function(t)
  local car = t:vehicle { power = "off", state = { ["clock.time"] = "12:00" } }

  car:drive(50)
  physics.skip(car, 1) -- notices that it drives
  physics.skip(car, 5)
  t:equal(car.state.lights.running, true)
  t:equal(car.state.lights.low_beam, false)
  car.state.clock.time = "23:00"
  physics.skip(car, 60)
  t:equal(car.state.lights.low_beam, true)
  t:equal(car.state.lights.running, false)
  car:turn_light_switch("off")
  physics.skip(car, 5)
  t:equal(car.state.lights.low_beam, false)
  car:turn_light_switch("beam")
  physics.skip(car, 5)
  t:equal(car.state.lights.low_beam, true)
  car:stop()
  physics.skip(car, 60)
  t:equal(car.state.lights.low_beam, false)
end)

scenario("lights that were left on drain the 12 V battery", function(t)
  local car = t:vehicle { power = "off" }

  car:power_on()
  car:switch_light("low_beam", true)
  physics.skip(car, 6 * 3600)
  t:is_true(car.state.low_voltage.charge < 40)
  physics.skip(car, 6 * 3600)
  t:equal(car.link, "off")
end)

scenario("flash lights and horn: for so long, and not while it drives", function(t)
  local car, app = connected(t)

  local began = car:clock()
  local flash = app:request(car, { indicators = { flashes = 3 } })
  car:wait_until(function() return car:get("lights.hazard") end)
  t:equal(flash:await().status, "SUCCEEDED")
  took(t, car:clock() - began, 2.1)
  t:equal(car.state.lights.hazard, false)

  began = car:clock()
  t:equal(app:request(car, { horn = { active = true, seconds = 2 } }):await().status, "SUCCEEDED")
  took(t, car:clock() - began, 2)
  car:drive(30)
  t:equal(app:request(car, { indicators = { flashes = 1 } }):await().reason, "VEHICLE_MOVING")
  t:equal(app:request(car, { horn = { active = true } }):await().reason, "VEHICLE_MOVING")
end)

-- ---- alarm and theft ----------------------------------------------------------------------------

scenario("the alarm arms itself, is triggered, sounds for half a minute, and costs energy", function(t)
  local car, app = connected(t)

  t:equal(car.state.alarm.state, "armed")
  car:unlock()
  t:equal(car.state.alarm.state, "disarmed")
  car:lock()
  physics.skip(car, 9)
  t:equal(car.state.alarm.state, "disarmed")
  physics.skip(car, 2)
  t:equal(car.state.alarm.state, "armed")

  local before = physics.exact(car, "low_voltage.charge")
  car:force_door("front_left")
  t:equal(car.state.alarm.state, "triggered")
  t:equal(car.state.alarm.reason, "door")
  t:equal(car.state.horn.active, true)
  t:eventually(5, function()
    local alarm = app:shadow(car).reported.alarm
    return alarm and alarm.state == "triggered"
  end)
  physics.skip(car, 31)
  t:equal(car.state.alarm.state, "armed")
  t:equal(car.state.horn.active, false)
  t:equal(car.state.lights.hazard, false)
  t:is_true(physics.exact(car, "low_voltage.charge") < before - 0.1)
end)

scenario("a triggered alarm is muted or disarmed by the app", function(t)
  local car, app = connected(t)

  t:equal(app:request(car, { alarm = { muted = true } }):await().reason, "NOT_TRIGGERED")
  car:tow()
  t:equal(car.state.alarm.reason, "tilt")
  t:equal(app:request(car, { alarm = { muted = true } }):await().status, "SUCCEEDED")
  t:equal(car.state.alarm.state, "muted")
  t:equal(car.state.horn.active, false)
  physics.skip(car, 31)
  t:equal(car.state.alarm.state, "armed")
  car:break_glass()
  t:equal(app:request(car, { alarm = { armed = false } }):await().status, "SUCCEEDED")
  t:equal(car.state.alarm.state, "disarmed")
  t:equal(car.state.horn.active, false)

  t:equal(app:request(car, { alarm = { armed = true } }):await().status, "SUCCEEDED")
  app:request(car, { locks = { all = "unlocked" } }):await()
  t:equal(app:request(car, { alarm = { armed = true } }):await().reason, "NOT_LOCKED")
  car:open_door("trunk")
  t:equal(app:request(car, { alarm = { armed = true } }):await().reason, "DOOR_OPEN")
end)

scenario("panic sounds until it is called off; lights are as before", function(t)
  local car, app = connected(t)

  car:switch_light("hazard", true)
  t:equal(app:request(car, { alarm = { panic = true } }):await().status, "SUCCEEDED")
  t:equal(car.state.horn.active, true)
  t:equal(app:request(car, { alarm = { panic = false } }):await().status, "SUCCEEDED")
  t:equal(car.state.horn.active, false)
  t:equal(car.state.lights.hazard, true)
  t:equal(car.state.alarm.state, "armed")
end)

scenario("a stolen car tells where it is, and does not drive once it is immobilised", function(t)
  local car, app = connected(t)
  local topic = "dt/fleetsim/" .. car.name .. "/tracking"

  app:subscribe(topic)
  t:equal(app:request(car, { theft = { mode = "stolen" } }):await().status, "SUCCEEDED")
  t:match(app:wait_message(topic).payload, '"latitude":48%.13')
  physics.skip(car, 5)
  t:match(app:wait_message(topic).payload, '"longitude":11%.57')

  car:drive(50)
  t:equal(app:request(car, { theft = { immobilised = true } }):await().reason, "VEHICLE_MOVING")
  car:stop()
  t:equal(app:request(car, { theft = { immobilised = true, mode = "off" } }):await().status, "SUCCEEDED")
  refused(t, "IMMOBILISED", car.drive, car, 50)
end)

scenario("in valet mode the trunk stays locked", function(t)
  local car, app = connected(t)

  app:request(car, { theft = { valet = true } }):await()
  t:equal(app:request(car, { locks = { trunk = "unlocked" } }):await().reason, "VALET_MODE")
  t:equal(app:request(car, { locks = { front_left = "unlocked" } }):await().status, "SUCCEEDED")
end)

-- ---- size ---------------------------------------------------------------------------------------

local function json(value)
  if type(value) ~= "table" then
    return type(value) == "string" and string.format("%q", value) or tostring(value)
  end
  local members = {}
  for key, member in pairs(value) do
    members[#members + 1] = string.format("%q:%s", key, json(member))
  end
  return "{" .. table.concat(members, ",") .. "}"
end

for _, model in ipairs { "compact_ev", "plug_in_hybrid_suv", "combustion_van" } do
  scenario("the shadow of a " .. model .. " stays far below AWS's 8 KB", function(t)
    local car, app = connected(t, { model = model })

    car:wait_in_step()
    t:eventually(5, function() return app:shadow(car).reported.locks end)
    local bytes = #json({ state = { reported = app:shadow(car).reported } })
    print(model .. " reports " .. bytes .. " bytes")
    t:is_true(bytes > 1000 and bytes < 5000, "bytes: " .. bytes)
  end)
end
