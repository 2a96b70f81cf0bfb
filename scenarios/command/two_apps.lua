-- Two apps and one car: each of its owner's apps hears how a command fares, and strangers give none.

local unlock = { locks = { all = "unlocked" } }

-- It sleeps, and the service knows it.
local function put_to_sleep(t, service, car)
  car:sleep()
  t:eventually(10, function() return service:presence(car) == "offline" end)
end

local function statuses(news)
  local list, seen = {}, {}
  for _, told in ipairs(news) do
    if not seen[told.status] then -- QoS 1: some come twice
      list[#list + 1] = told.status
    end
    seen[told.status] = true
  end
  return list
end

scenario("all apps of a user hear of each change, in order", function(t)
  local car = t:vehicle()
  local service = t:command_service { confirm_offline = 0.2 }
  local anna = service:user("anna", { cars = { car } })
  local phone, tablet = anna:app(), anna:app()

  car:wait_online()
  put_to_sleep(t, service, car)
  local command = service:command(car, unlock, { user = anna })
  for _, app in ipairs { phone, tablet } do
    local told = app:wait_status(command, "SUCCEEDED", 20)
    t:equal(told.car, car.name)
    t:equal(told.user, "anna")
    t:equal(told.channel, "app")
    t:equal(told.command, unlock)
    t:equal(statuses(app:news(command)), { "CREATED", "WAKING", "SENT", "SUCCEEDED" })
  end
end)

scenario("a refusal is told with its reason", function(t)
  local car = t:vehicle()
  local service = t:command_service()
  local anna = service:user("anna", { cars = { car } })
  local phone = anna:app()

  car:wait_online()
  car:drive(50)
  local told = phone:wait_status(service:command(car, unlock, { user = anna }), "REJECTED")
  t:equal(told.reason, "VEHICLE_MOVING")
end)

scenario("who does not own the car is refused, and its owner does not hear of it", function(t)
  local car, other = t:vehicle(), t:vehicle()
  local service = t:command_service()
  local anna = service:user("anna", { cars = { car } })
  local mallory = service:user("mallory", { cars = { other } })
  local phone, hers = anna:app(), mallory:app()

  car:wait_online()
  local command = service:command(car, unlock, { user = mallory })
  local answer = command:await()
  t:equal(answer.status, "REJECTED")
  t:equal(answer.reason, "NOT_OWNER")
  t:equal(hers:wait_status(command, "REJECTED").reason, "NOT_OWNER")
  t:equal(service:command(car, { lights = { low_beam = true } }, { user = anna }):await().status, "SUCCEEDED")
  t:equal(#phone:news(command), 0)
  t:equal(car.state.locks.all, "locked")
end)

scenario("a family car: two users own it, and each hears of the commands that are theirs", function(t)
  local car = t:vehicle()
  local service = t:command_service()
  local anna, ben = service:user("anna", { cars = { car } }), service:user("ben", { cars = { car } })
  local hers, his = anna:app(), ben:app()

  car:wait_online()
  local by_ben = service:command(car, unlock, { user = ben })
  his:wait_status(by_ben, "SUCCEEDED")
  t:equal(#hers:news(by_ben), 0)
  -- What the platform itself orders is for both.
  local by_nobody = service:command(car, { lights = { low_beam = true } })
  hers:wait_status(by_nobody, "SUCCEEDED")
  his:wait_status(by_nobody, "SUCCEEDED")
end)

scenario("two apps that wish different things by the shadow: the last one counts, and both see it", function(t)
  local car = t:vehicle()
  local hers, his = t:companion(), t:companion()

  car:wait_online()
  t:equal(hers:desire(car, { climate = { target = 19 } }):await().status, "SUCCEEDED")
  local last = his:desire(car, { climate = { target = 24 } })
  t:equal(last:await().status, "SUCCEEDED")
  for _, app in ipairs { hers, his } do
    t:eventually(5, function()
      local shadow = app:shadow(car)
      return shadow.desired.climate.target == shadow.reported.climate.target
    end)
  end
  t:equal(car.state.climate.target, 24)
end)
