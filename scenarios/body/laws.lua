-- Laws of a car's body, on random deeds of thieves, children, apps and owners.

local physics = require "parts.physics"

local doors = { "front_left", "front_right", "rear_left", "rear_right", "trunk" }
local windows = { "front_left", "front_right", "rear_left", "rear_right" }

local function one_of(t, list)
  return list[t:random(#list)]
end

local wishes = {
  function(t) return { locks = { all = one_of(t, { "locked", "unlocked" }) } } end,
  function(t) return { locks = { [one_of(t, doors)] = one_of(t, { "locked", "unlocked" }) } } end,
  function(t) return { locks = { double = t:random(2) == 1 } } end,
  function(t) return { windows = { [one_of(t, windows)] = t:random(0, 100), all = t:random(0, 100) } } end,
  function(t) return { sunroof = { position = t:random(-100, 100) } } end,
  function(t) return { trunk = { position = t:random(0, 100) } } end,
  function(t) return { alarm = { armed = t:random(2) == 1 } } end,
  function(t) return { alarm = { panic = t:random(2) == 1 } } end,
  function() return { alarm = { muted = true } } end,
  function(t) return { theft = { immobilised = t:random(2) == 1, valet = t:random(2) == 1 } } end,
}

-- What people do; all of it may be refused.
local deeds = {
  function(t, car) car:open_door(one_of(t, doors), one_of(t, { "inside", "outside" })) end,
  function(t, car) car:leave_ajar(one_of(t, doors)) end,
  function(t, car) car:close_door(one_of(t, doors)) end,
  function(_, car) for _, door in ipairs(doors) do car:close_door(door) end end,
  function(t, car) car:force_door(one_of(t, doors)) end,
  function(_, car) car:lock() end,
  function(_, car) car:unlock() end,
  function(_, car) car:press_trunk_button() end,
  function(t, car) car:set_child_lock(one_of(t, { "rear_left", "rear_right" }), t:random(2) == 1) end,
  function(t, car) car:pinch(one_of(t, windows), t:random(0, 1) * 20) end,
  function(t, car) car:block_trunk(t:random(0, 1) * 40) end,
  function(t, car) car:jam(one_of(t, { "locks.trunk", "windows.rear_left", "trunk.position", "doors.rear_left" }),
    t:random(3) == 1) end,
  function(_, car) car:tow() end,
  function(t, car) car:drive(t:random(5, 120)) end,
  function(_, car) car:stop() end,
  function(t, car) physics.skip(car, t:random(1, 60)) end,
}

local moved = { ["windows.front_left"] = 20, ["windows.front_right"] = 20, ["windows.rear_left"] = 20,
  ["windows.rear_right"] = 20, ["windows.all"] = 20, ["sunroof.position"] = 15 }
local paths = {}
for path in pairs(moved) do
  paths[#paths + 1] = path
end
table.sort(paths)

-- Looked at whenever anything about the car changes, so that nothing passes unseen.
local function check(t, car, before)
  for _, door in ipairs(doors) do
    t:is_true(car:get("doors." .. door) == "closed" or car:get("locks." .. door) == "unlocked",
      door .. " is locked and " .. car:get("doors." .. door))
  end
  local now = car:clock()
  for _, path in ipairs(paths) do
    local position = car:get(path)
    t:is_true(position <= 100 and position >= (path == "sunroof.position" and -100 or 0), path)
    if before[path] and before[path] ~= position then
      local most = moved[path] * (now - before.moved[path] + 0.05) + 1
      t:is_true(math.abs(position - before[path]) <= math.max(most, moved[path] + 1), path .. " jumps")
    end
    if before[path] ~= position then
      before.moved[path] = now
      before[path] = position
    end
  end
  t:equal((car:get("trunk.position") == 0), car:get("doors.trunk") ~= "open", "tailgate and door agree")
end

local next_states = {
  disarmed = { armed = true }, armed = { triggered = true, disarmed = true },
  triggered = { armed = true, muted = true, disarmed = true }, muted = { armed = true, disarmed = true },
}

local function check_alarm(t, car, before)
  local state = car:get("alarm.state")
  if before.alarm and before.alarm ~= state then
    t:is_true(next_states[before.alarm][state], before.alarm .. " → " .. state)
  end
  before.alarm = state
  t:equal(car:get("alarm.armed"), state ~= "disarmed", "armed in state " .. state)
  t:equal(car:get("alarm.muted"), state == "muted", "muted in state " .. state)
  t:is_true(state ~= "muted" or not car:get("horn.active") or car:get("alarm.panic"), "a muted alarm is silent")
  t:is_true(state ~= "triggered" or car:get("horn.active"), "a triggered alarm sounds")
end

for day = 1, 3 do
  scenario("the laws of the body hold on random day " .. day, { timeout = 120 }, function(t)
    t:needs_virtual_time()
    local car = t:vehicle { model = "plug_in_hybrid_suv" }
    local app = t:companion()
    local before = { moved = {} }
    for _, path in ipairs(paths) do
      before.moved[path] = 0
    end

    car:wait_online()
    local going = true
    t:spawn(function()
      while going do
        check(t, car, before)
        check_alarm(t, car, before)
        car:wait_change(60)
      end
    end)
    for _ = 1, 40 do
      local command = app:request(car, one_of(t, wishes)(t))
      for _ = 1, t:random(0, 3) do
        local _, why = pcall(one_of(t, deeds), t, car)
        t:not_equal(type(why), "string", why) -- refused at most
        check(t, car, before)
        check_alarm(t, car, before)
        wait(t:random() * 0.2)
      end
      if t:random(3) == 1 then
        command:await(60)
      end
    end
    going = false
    car:wait_in_step(60)
  end)
end
