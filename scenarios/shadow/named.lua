-- A car has named shadows beside its classic one: documents, versions and errors of their own.

local charging = { name = "charging" }

-- The car's side of it: what is desired there comes by the delta, and is reported as it is.
local function keep_charging_shadow(car)
  local shadow = "$aws/things/" .. car.name .. "/shadow/name/charging/update"

  car:subscribe(shadow .. "/delta")
  car:spawn(function()
    local seen = 0 -- deltas come twice, and in any order
    while true do
      local delta = car:wait_message(shadow .. "/delta", 60).payload
      local limit, version = delta:match('"state":{"limit":(%d+)}'), tonumber(delta:match('"version":(%d+)'))
      if limit and version > seen then
        seen = version
        car:publish(shadow, { state = { reported = { limit = tonumber(limit) } } })
      end
    end
  end)
end

scenario("a wish in a named shadow reaches the car, and the classic shadow knows nothing of it", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online():wait_in_step()
  keep_charging_shadow(car)
  t:is_true(not app:shadow(car, charging).exists)

  t:equal(app:desire(car, { limit = 80 }, charging):await().status, "SUCCEEDED")
  local named = app:shadow(car, charging)
  t:equal(named.reported, { limit = 80 })
  t:equal(named.version, 2, "one wish, one report")
  t:equal(app:shadow(car).reported.limit, nil)
  t:equal(app:shadow(car).desired, {})
end)

scenario("each named shadow counts its own versions", function(t)
  local car = t:vehicle { power = "off" }
  local app = t:companion()

  for i = 1, 3 do
    t:equal(app:update(car, { state = { desired = { step = i } } }, { name = "a" }):await().version, i)
  end
  t:equal(app:update(car, { state = { desired = { step = 1 } } }, { name = "b" }):await().version, 1)
  local stale = app:update(car, { state = { desired = { step = 9 } }, version = 1 }, { name = "a" }):await()
  t:equal(stale.code, 409)
  t:equal(stale.message, "Version conflict")
  -- What the app knows of it may come late.
  t:eventually(5, function() return app:shadow(car, { name = "a" }).desired.step == 3 end)
end)

scenario("a named shadow is deleted alone, and counts on when it is made anew", function(t)
  local car = t:vehicle { power = "off" }
  local app = t:companion()

  app:update(car, { state = { desired = { limit = 50 } } }):await()
  app:update(car, { state = { desired = { limit = 80 } } }, charging):await()
  app:delete_shadow(car, charging)
  t:eventually(5, function() return not app:shadow(car, charging).exists end)
  t:equal(app:shadow(car).desired.limit, 50)
  local again = app:update(car, { state = { desired = { limit = 90 } } }, charging):await()
  t:is_true(again.version > 1, "the number of the deleted one does not come back")
end)

scenario("a named shadow takes 8 KB and 8 levels, like any", { tags = { "large" } }, function(t)
  local car = t:vehicle { power = "off" }
  local app = t:companion()

  local large = app:update(car, { state = { desired = { text = ("x"):rep(8192) } } }, charging):await()
  t:equal(large.code, 413)
  local deep = 1
  for _ = 1, 9 do
    deep = { level = deep }
  end
  t:equal(app:update(car, { state = { desired = deep } }, charging):await().code, 400)
  t:equal(app:update(car, { state = { desired = deep.level } }, charging):await().status, "SUCCEEDED")
end)

scenario("a name that is none is an error at once", function(t)
  local car = t:vehicle { power = "off" }
  local app = t:companion()

  local ok, why = pcall(app.shadow, app, car, { name = "a/b" })
  t:is_true(not ok)
  t:match(why, "shadow name: not one")
end)
