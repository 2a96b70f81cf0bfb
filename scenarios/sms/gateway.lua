-- Text messages that are late, lost or repeated, and numbers that nobody has.

scenario("a text message is addressed by telephone number", function(t)
  local car, other = t:vehicle(), t:vehicle()

  car:wait_online()
  other:wait_online()
  car:sleep()
  other:sleep()
  t:equal(t:sms(car.msisdn, "wake up"):await(), "delivered")
  car:wait_online()
  t:equal(other.link, "asleep")
end)

scenario("nobody has that number", function(t)
  t:equal(t:sms("+10000000000"):await(), "failed")
  t:equal(t:sms("").status, "failed")
end)

scenario("the text message is lost, and the app taps again", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:sleep()
  t:sms_gateway { loss = 1 }
  local command = app:desire(car, { locks = { all = "unlocked" } })
  t:never(1.5, function() return car.link ~= "asleep" end, "a text message takes 0.8 s at most")
  t:sms_gateway { loss = 0 }
  t:equal(t:sms(car.msisdn):await(), "delivered")
  t:equal(command:await().status, "SUCCEEDED")
end)

scenario("a text message that comes twice wakes once", function(t)
  local car = t:vehicle()

  t:sms_gateway { duplicates = 1, delay = { 0.1, 0.4 } }
  car:wait_online()
  car:sleep()
  local version = car.shadow_version
  t:equal(car:sms():await(), "delivered")
  car:wait_online()
  t:wait(0.5)
  t:equal(car.link, "online")
  t:is_true(car.shadow_version >= version)
end)

scenario("a late text message: half of them take longer than the median", function(t)
  t:needs_virtual_time()
  local car = t:vehicle()
  local late = 0

  t:sms_gateway { delay = { median = 30, sigma = 1 } }
  for _ = 1, 60 do
    local message = car:sms()
    t:wait(30)
    late = late + (message.status == "pending" and 1 or 0)
  end
  t:near(late, 30, 12)
end)

scenario("without power a text message waits, and expires", function(t)
  t:needs_virtual_time()
  local car = t:vehicle { power = "off" }

  t:sms_gateway { validity = 3600 }
  local began = car:clock()
  local expires = car:sms()
  t:equal(expires:await(3700), "expired")
  t:near(car:clock() - began, 3600, 1)
  local waits = car:sms()
  t:wait(1800)
  t:equal(waits.status, "pending")
  car:power_on()
  t:equal(waits:await(), "delivered")
end)

scenario("what the gateway cannot do", function(t)
  for options, why in pairs {
    [{ loss = 2 }] = "loss: a probability",
    [{ delay = { 3, 1 } }] = "low first",
    [{ delay = { median = -1 } }] = "median",
    [{ delay = 3 }] = "delay is",
    [{ validity = 0 }] = "validity",
    [{ los = 1 }] = "los",
  } do
    local ok, raised = pcall(t.sms_gateway, t, options)
    t:is_true(not ok)
    t:match(tostring(raised), why)
  end
end)
