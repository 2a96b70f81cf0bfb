-- Groups of things and the fleet index: who matches a query, and jobs for a group, whoever joins or leaves it.

local update = { operation = "update", version = "2.0", size = 600000 }

scenario("the fleet index finds cars by name, attribute, state, group and connection", function(t)
  t:needs_local_cloud()
  local fleet, app = t:fleet { count = 3 }, t:companion()
  local group = app:create_group("index-" .. t:random(100000))
  local mine

  fleet:wait_online()
  for _, car in ipairs(fleet) do
    car:wait_in_step()
  end
  group:add { fleet[1], fleet[2] }
  mine = "thingGroupNames:" .. group.name .. " AND "
  app:set_thing(fleet[1], { type = "compact", attributes = { year = "2024" } })
  app:request(fleet[2], { locks = { all = "unlocked" } }):await()

  local function found(query)
    local names = {}
    for i, thing in ipairs(app:things(query)) do
      names[i] = thing.name
    end
    return table.concat(names, " ")
  end
  t:equal(found("thingName:" .. fleet[3].name), fleet[3].name)
  t:equal(app:count_things("thingGroupNames:" .. group.name), 2)
  t:equal(found(mine .. "attributes.year:[2020 TO 2025]"), fleet[1].name)
  t:equal(found(mine .. "NOT attributes.year:*"), fleet[2].name)
  t:equal(found(mine .. "thingTypeName:compact"), fleet[1].name)
  t:eventually(5, function() return found(mine .. "shadow.reported.locks.all:unlocked") == fleet[2].name end)
  fleet[2]:sleep()
  t:eventually(5, function() return found(mine .. "connectivity.connected:false") == fleet[2].name end)
  local thing = app:things("thingName:" .. fleet[2].name)[1]
  t:equal(thing.reason, "CLIENT_INITIATED_DISCONNECT")
  t:equal(thing.shadow.reported.locks.all, "unlocked")

  local ok, why = pcall(app.things, app, "colour:red")
  t:equal(ok, false)
  t:match(why, "colour: no field of the index")
end)

-- "A job will run on a thing when the thing is added to a target group, even after the job was completed by all things
-- originally in the group"; who leaves has it REMOVED (contract 3.4).
scenario("a continuous job reaches who joins the group, and leaves who leaves it", { timeout = 120 }, function(t)
  t:needs_local_cloud()
  local fleet, app = t:fleet { count = 3, model = "compact_ev_ota" }, t:companion()
  fleet:wait_online()
  local group = app:create_group("spring-" .. t:random(100000))

  group:add(fleet[1])
  local job = app:create_job(group, update, { continuous = true })
  job:wait_execution(fleet[1], "SUCCEEDED", 60)
  t:equal(job:status().status, "IN_PROGRESS")

  fleet[3]:sleep()
  group:add { fleet[2], fleet[3] }
  t:eventually(5, function() return #job:executions() == 3 end)
  group:remove(fleet[3])
  job:wait_execution(fleet[3], "REMOVED", 10)
  job:wait_execution(fleet[2], "SUCCEEDED", 60)
  t:equal(job:status().count.succeeded, 2)
  job:cancel()
end)

scenario("a job for a group is for those who are in it then", { timeout = 120 }, function(t)
  t:needs_local_cloud()
  local fleet, app = t:fleet { count = 2, model = "compact_ev_ota" }, t:companion()
  fleet:wait_online()
  local all = app:create_group("all-" .. t:random(100000))
  local north = app:create_group(all.name .. "-north", { parent = all })

  local ok, why = pcall(app.create_job, app, all, update)
  t:equal(ok, false)
  t:match(why, "no thing is in them")
  north:add(fleet[1])
  local job = app:create_job(all, update) -- a child's things are its parent's
  north:add(fleet[2])
  local status = job:await(60)
  t:equal(status.status, "COMPLETED")
  t:equal(status.numberOfTargets, 1)
end)

scenario("a dynamic group has who matches its query, as that changes", function(t)
  t:needs_local_cloud()
  local car = t:vehicle():wait_online():wait_in_step()
  local app = t:companion()
  local open = app:create_group("open-" .. t:random(100000),
    { query = "thingName:" .. car.name .. " AND shadow.reported.locks.all:unlocked" })

  t:equal(#open:things(), 0)
  app:request(car, { locks = { all = "unlocked" } }):await()
  t:eventually(10, function() return open:things()[1] == car.name end)
  app:request(car, { locks = { all = "locked" } }):await()
  t:eventually(10, function() return #open:things() == 0 end)
  local ok, why = pcall(open.add, open, car)
  t:equal(ok, false)
  t:match(why, "its query says who is in a dynamic group")
end)

scenario("more cars than one message holds are put into a group by several", function(t)
  t:needs_local_cloud()
  local car, app = t:vehicle(), t:companion()
  car:wait_online()
  local group = app:create_group("large-" .. t:random(100000))
  local names = {}
  for i = 1, 7000 do
    names[i] = car.name
  end

  group:add(names)
  t:equal(group:things(), { car.name })
  names[7000] = "nobody"
  local ok, why = pcall(group.add, group, names)
  t:equal(ok, false)
  t:match(why, "nobody")
  group:remove(car)
  t:equal(group:things(), {})
end)
