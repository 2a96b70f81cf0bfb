-- What AWS IoT would not take is refused before it is sent, by name; run with --profile aws.

scenario("the limits of AWS IoT are kept to, and named", function(t)
  local car = t:vehicle():wait_online()
  local base = "dt/fleetsim/" .. car.name .. "/"
  local nine = {}
  for i = 1, 9 do
    nine[i] = base .. i
  end
  local ok, why = pcall(function() car:subscribe(nine) end)
  if ok or not why:find("profile aws") then
    t:skip("run with --profile aws")
  end
  t:match(why, "9 filters in one SUBSCRIBE %(AWS IoT takes 8")

  for what, expected in pairs {
    [function() car:publish(base .. "x", "x", { qos = 2 }) end] = "QoS 2",
    [function() car:publish(base .. ("x"):rep(256), "x") end] = "AWS IoT takes 256",
    [function() car:publish(base .. "4/5/6/7/8/9", "x") end] = "8 slashes",
    [function() car:publish(base .. "x", ("x"):rep(131073)) end] = "AWS IoT takes 131072",
    [function() car:subscribe(base .. "x", { qos = 2 }) end] = "QoS 2",
  } do
    ok, why = pcall(what)
    t:equal(ok, false)
    t:match(why, "profile aws: ")
    t:match(why, expected)
  end
  t:match(car:timeline(), "not sent: profile aws: ")
  t:equal(car.link, "online")
  t:equal(car.last_close, false)

  -- More than 100 messages a second wait for their turn (on Paho they do not).
  car:subscribe(base .. "burst")
  for i = 1, 150 do
    car:publish(base .. "burst", tostring(i), { qos = 0 })
  end
  t:eventually(10, function() return #car:messages(base .. "burst") == 150 end)
end)
