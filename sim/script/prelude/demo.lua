-- What `fleetsim demo` does at its cars: the hands that click and type, and stories.

local core, api, prelude, tools = ...

local FOREVER <const> = 1e9 -- seconds
local SLOW <const> = 0.25
local UPDATABLE <const> = 100 -- so many cars of a demo take updates over the air: the part costs memory
local stage = {} -- the companion, the test, the cars; made anew by demo_begin

local function explain(raised)
  if type(raised) == "table" and rawget(raised, "code") then
    return "The car will not: " .. raised.description
  elseif type(raised) == "table" and rawget(raised, "skip") then
    return raised.skip
  elseif type(raised) == "table" and rawget(raised, "assertion") then
    return raised.assertion
  end
  return (tostring(raised):gsub("\n.*", ""))
end

-- People see why not, and go on. What an app was doing whose phone is off by now has been said.
local function try(fn, ...)
  local app = stage.app
  local ok, raised = pcall(fn, ...)
  if not ok and (app == nil or app == stage.app) then
    core.demo_notice(explain(raised))
  end
  return ok
end

-- ---- at the car -----------------------------------------------------------------------------------

local function with_key(car)
  if car:has("locks.all") and car:get("locks.all") ~= "unlocked" then
    car:unlock()
  end
end

local function toggle_door(car, door)
  local path = "doors." .. door
  if not car:has(path) then
    error("this car has no such door", 0)
  elseif car:get(path) ~= "closed" then
    car:close_door(door)
  else
    with_key(car)
    if door == "hood" and car:has("bonnet.latched") and car:get("bonnet.latched") then
      car:pull_bonnet_lever()
    end
    car:open_door(door)
  end
end

local function toggle_window(car, window)
  car:move_window(window, car:get("windows." .. window) > 50 and 0 or 100)
end

local function toggle_light(car, light)
  car:switch_light(light, not car:get("lights." .. light))
end

-- What a click on a part of the picture does, by its field.
local clicks = {
  locked = function(car)
    if car:get("locks.all") == "locked" then
      car:unlock()
    else
      car:lock()
    end
  end,
  trunk = function(car)
    if car:has("trunk.position") then
      with_key(car)
      car:press_trunk_button()
    else
      toggle_door(car, "trunk")
    end
  end,
  bonnet = function(car) toggle_door(car, "hood") end,
  sunroof = function(car) car:move_sunroof(car:get("sunroof.position") > 50 and 0 or 100) end,
  low_beam = function(car) toggle_light(car, "low_beam") end,
  warm = function(car) car:switch_climate(not car:get("climate.active")) end,
  cable = function(car)
    if car:has("charging.plugged") and car:get("charging.plugged") then
      car:unplug()
    elseif car:has("charging.plugged") then
      car:plug_in()
    else
      car:refuel()
    end
  end,
}
for _, place in ipairs { "front_left", "front_right", "rear_left", "rear_right" } do
  clicks["door." .. place] = function(car) toggle_door(car, place) end
  clicks["window." .. place] = function(car) toggle_window(car, place) end
end

-- ---- by the app, and by the world -----------------------------------------------------------------

local function the_app()
  if stage.phone_off then
    error("The phone is off (M switches it on)", 0)
  end
  return stage.app or error("The app has no connection to the cloud yet", 0)
end

-- A command from the app: its way is seen.
local function ask(car, wish)
  local answer = the_app():request(car, wish, { expiry = 30 }):await(30)
  if answer.status ~= "SUCCEEDED" then
    core.demo_notice("The car answers " .. answer.status .. (answer.reason and ": " .. answer.reason or ""))
  end
end

local function ask_toggle(path, one, other)
  return function(car)
    local group, name = path:match("^(%w+)%.(.+)$")
    if not car:has(path) then
      error("this car has nothing of that kind", 0)
    end
    local is = car:get(path)
    ask(car, { [group] = { [name] = is == one and other or one } })
  end
end

local function on_network(name)
  return function(car)
    local back = car:radio().profile == name
    car:radio(back and "lte_good" or name)
    core.demo_notice(back and "Back on the network" or name == "garage" and "In an underground garage: no network"
      or "In a tunnel: no network")
  end
end

-- Waits, unless the car is reset meanwhile: then whoever was at work with it goes away.
local function take_time(car, seconds)
  local life = stage.lives[car] or 0
  core.wait(seconds)
  return (stage.lives[car] or 0) == life
end

local function drive_off(car)
  if car:has("charging.plugged") and car:get("charging.plugged") then
    car:unplug()
  end
  with_key(car)
  if car:has("seats.driver_occupied") then
    car:open_door("front_left")
    if not take_time(car, 0.6) then return end
    car:take_seat("driver")
    if not take_time(car, 2.1) then return end
    car:close_door("front_left")
    car:fasten_belt("driver")
    if not take_time(car, 0.8) then return end
  end
  car:drive_route("munich_errand")
end

-- An update that breaks off while it is installed, and what becomes of it.
local function update_that_fails(car)
  if not car:has("update.state") then
    error("Only the first " .. UPDATABLE .. " cars of a demo take updates over the air", 0)
  elseif car:get("update.state") ~= "idle" then
    error("An update is under way already", 0)
  end
  local app, old = the_app(), car:get("update.version")
  car:pin("update", "fail_at:63", { times = 1 })
  local job = app:create_job({ car }, { operation = "update", version = old .. ".1", size = 20e6 })
  core.demo_notice("An update over the air is on its way: " .. old .. ".1 in place of " .. old)
  job:await(300)
  local reason = (job:execution(car).statusDetails or {}).reason or "no reason given"
  car:wait_until(function() return car:get("update.state") == "idle" end, 60)
  core.demo_notice("The update has failed (" .. reason .. "): the car runs " .. car:get("update.version") .. " as before")
end

local function delete_shadows(app, car)
  local names = core.car_shadows(car)
  for i = 0, #names do
    local options = names[i] and { name = names[i] }
    if app:shadow(car, options).exists then
      app:delete_shadow(car, options)
    end
  end
end

-- Car and shadows as they were when the demo began, all at once. A cloud that is away keeps the shadows; the car gets its
-- power back in any case.
local function begin_anew(car)
  local app = the_app()
  stage.lives[car] = (stage.lives[car] or 0) + 1
  car:power_off()
  car:unpin()
  car:radio("lte_good")
  local deleted, raised = pcall(delete_shadows, app, car)
  core.demo_reset(car)
  car:power_on()
  core.demo_notice(deleted and "Car and shadow begin anew" or "The car begins anew, its shadow does not: " .. explain(raised))
  car:wait_online(30)
  prelude.demo_shown(car)
end

local function switch_phone(car)
  if stage.phone_off then
    stage.phone_off = false
    core.demo_notice("The phone is on again: the app connects, and reads the shadow")
    stage.app = tools.new_companion(false, 1, FOREVER)
    prelude.demo_shown(car)
  elseif stage.app then
    local app = stage.app
    stage.phone_off, stage.app = true, nil
    app.a:close()
    core.demo_notice("The phone is off: the car goes on, and its shadow waits for the app")
  end
end

local keys = {
  unlock = ask_toggle("locks.all", "unlocked", "locked"),
  climate = ask_toggle("climate.active", true, false),
  windows = function(car) ask(car, { windows = { all = car:get("windows.all") > 0 and 0 or 100 } }) end,
  charge = ask_toggle("charging.active", true, false),
  horn = function(car) ask(car, { horn = { active = true } }) end,
  flash = function(car) ask(car, { indicators = { flashes = 3 } }) end,
  alarm = function(car)
    if car:get("alarm.state") == "triggered" then
      ask(car, { alarm = { armed = false } })
    else
      car:lock()
      core.wait(0.5)
      the_app():request(car, { alarm = { armed = true } }, { expiry = 30 }):await(30)
      car:break_glass()
    end
  end,
  drive = function(car)
    if car:get("driving.ignition") == "on" then
      car:stop()
      core.wait(1)
      car:leave_seat("driver")
    else
      drive_off(car)
    end
  end,
  sleep = function(car)
    if car.link == "asleep" then
      car:wake()
    else
      car:sleep()
    end
  end,
  tunnel = on_network("tunnel"),
  garage = on_network("garage"),
  ajar = function(car)
    with_key(car)
    car:leave_ajar("rear_right")
  end,
  flat = function(car)
    if car.link == "off" then
      car:jump_start()
    else
      car:set("low_voltage.charge", 3)
      core.demo_notice("The 12 V battery is nearly flat")
    end
  end,
  day = function(car)
    local hour = tonumber(car:get("clock.time"):match("^(%d+)"))
    car:set("clock.time", (hour >= 7 and hour < 20) and "22:15" or "10:15")
    prelude.look(car)
  end,
  update = update_that_fails,
  reset = begin_anew,
  phone = switch_phone,
  slow = function()
    local slow = core.demo_pace() == 1
    core.demo_pace(slow and SLOW or 1)
    core.demo_notice(slow and "A quarter of the speed: car, motors, road and mobile network; cloud and app do not wait"
      or "At full speed again")
  end,
  -- A story that waits for it goes on.
  next = function()
    if stage.step then
      stage.step:notify()
    end
  end,
}

-- ---- what C calls ---------------------------------------------------------------------------------

-- A click on a part, or a key: a task of its own.
function prelude.demo_act(car, what)
  local act = clicks[what] or keys[what]
  if act then
    try(act, car)
    prelude.look(car)
  end
end

-- Signals that drift are brought up to date while somebody looks.
local function watch()
  while true do
    core.wait(1)
    local car = core.demo_car()
    if car and car.link ~= "off" then
      prelude.look(car)
    end
  end
end

-- The app looks at each car that is shown, and knows its shadows from then on.
function prelude.demo_shown(car)
  try(function()
    if car.link ~= "online" then
      return
    end
    stage.app:shadow(car)
    for _, name in ipairs(core.car_shadows(car)) do
      stage.app:shadow(car, { name = name })
    end
  end)
end

-- The model, and updates over the air; as it is where there is no part for them, or it has it already.
local function with_updates(model)
  local found, update = pcall(api.require, "parts.update")
  if not found or model.jobs.update then
    return model
  end
  local parts = table.move(model.parts, 1, #model.parts, 1, {})
  parts[#parts + 1] = update {}
  return api.model { name = model.name, title = model.title, picture = model.picture, parts = parts }
end

local function make_cars(models, count)
  local made, updatable = 0, {}
  while made < count do
    for _, name in ipairs(models) do
      if made < count then
        local car = stage.test:vehicle { model = name, power = "off" }
        if made < UPDATABLE then
          updatable[name] = updatable[name] or with_updates(core.model_of(car))
          core.adopt_model(car, updatable[name])
        end
        car:power_on()
        made = made + 1
      end
    end
    core.breathe()
  end
end

-- Somebody watches: nothing is over because a network or a broker is away.
local function say_what_is_missing()
  core.wait(10)
  while not stage.online do
    core.demo_notice((stage.app or stage.phone_off) and "The car is not online yet: it goes on trying"
      or "The app has no connection to the cloud yet: it goes on trying")
    core.wait(10)
  end
end

local function begin(models, count, strict)
  stage = { test = tools.new_test(), lives = setmetatable({}, { __mode = "k" }) }
  make_cars(models, count)
  core.demo_ready()
  if not strict then
    core.spawn(say_what_is_missing)
  end
  stage.app = tools.new_companion(false, 1, strict and 15 or FOREVER)
  local car = core.demo_car()
  car:wait_online(strict and 30 or FOREVER)
  prelude.demo_shown(car)
  core.spawn(watch)
  core.demo_ready()
  stage.online = true
end

function prelude.demo_begin(...)
  local ok, raised = pcall(begin, ...)
  if not ok then
    error(explain(raised), 0)
  end
end

-- caption(text) of a story that somebody leads: the next one waits for them.
local function led_caption()
  local begun = false
  return function(text)
    if begun then
      stage.step = core.queue()
      core.demo_waits(true)
      stage.step:wait(FOREVER)
      core.demo_waits(false)
      stage.step = nil
    end
    begun = true
    core.demo_caption(text)
  end
end

-- press(what) of a story: what a key or a click on a part does.
local function press(what)
  local act = clicks[what] or keys[what]
  if not act then
    error("nothing is called '" .. tostring(what) .. "'" .. tools.did_you_mean(what, keys, clicks), 2)
  end
  act(core.demo_car())
  prelude.look(core.demo_car())
end

-- A story: a Lua file that sees what scenarios see, and besides car, app, t, press(what) and caption(text). led: each caption
-- waits until somebody says so.
function prelude.demo_story(text, name, led)
  local environment = {}
  local fn, why = load(text, "@" .. name, "t", environment)
  while not stage.online do
    core.wait(0.05)
  end
  if not fn then
    error(why, 0)
  end
  environment.t, environment.press = stage.test, press
  environment.caption = led and led_caption() or core.demo_caption
  setmetatable(environment, {
    __index = function(_, key)
      if key == "car" then
        return core.demo_car()
      elseif key == "app" then
        return the_app()
      end
      local value = api[key]
      if value == nil then
        error("undefined variable '" .. tostring(key) .. "'" .. tools.did_you_mean(key, api, { app = 1, car = 1, caption = 1, press = 1 }), 2)
      end
      return value
    end,
  })
  local ok, raised = pcall(fn)
  if not ok then
    error(explain(raised), 0)
  end
end
