-- What is retained reaches a new subscription that names its topic exactly: none with wildcards, and no shared one.

scenario("a retained message comes to exact filters only", function(t)
  local car = t:vehicle()
  local app = t:companion()
  local state = "dt/fleetsim/" .. car.name .. "/state"

  car:wait_online()
  car:publish(state, "parked", { retain = true })

  app:subscribe("dt/fleetsim/" .. car.name .. "/+")
  app:subscribe("dt/fleetsim/" .. car.name .. "/#")
  app:subscribe(state, { share = "group-" .. car.name })
  car:publish("dt/fleetsim/" .. car.name .. "/end", "")
  app:wait_message("dt/fleetsim/+/end")
  t:equal(#app:messages(state), 0, "neither by a wildcard nor in a group")

  local exact = t:companion()
  exact:subscribe(state)
  local message = exact:wait_message(state)
  t:equal(message.payload, "parked")
  t:is_true(message.retain)
end)

scenario("the last one retained wins, and an empty one leaves nothing", function(t)
  local car = t:vehicle()
  local state = "dt/fleetsim/" .. car.name .. "/state"

  car:wait_online()
  car:publish(state, "parked", { retain = true })
  car:publish(state, "driving", { retain = true })
  local first = t:companion()
  first:subscribe(state)
  t:equal(first:wait_message(state).payload, "driving")

  car:publish(state, "", { retain = true })
  local second = t:companion()
  second:subscribe(state)
  car:publish(state, "live")
  local message = second:wait_message(state)
  t:equal(message.payload, "live")
  t:is_true(not message.retain)
end)
