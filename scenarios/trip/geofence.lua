-- A geofence in the cloud: an app that follows the car says when it leaves its neighbourhood, and when it is back.

local function metres(a, b)
  local east = (a.longitude - b.longitude) * 111320 * math.cos(math.rad(a.latitude))
  local north = (a.latitude - b.latitude) * 110574
  return math.sqrt(east * east + north * north)
end

scenario("the fence is crossed on the way out and on the way home", { timeout = 60 }, function(t)
  local car = t:vehicle():wait_online():wait_in_step()
  local app = t:companion()
  local function where()
    return app:shadow(car).reported.position
  end
  local home = where()

  car:drive(120, 0)
  local gone = t:eventually(20, function()
    local now = where()
    return metres(now, home) > 150 and now
  end)
  t:is_true(gone.latitude > home.latitude, "it went north")
  car:drive(120, 180)
  t:eventually(30, function() return metres(where(), home) < 100 end)
  car:stop()
  t:eventually(10, function() return app:shadow(car).reported.driving.ignition == "off" end)
end)
