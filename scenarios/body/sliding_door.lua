-- A power sliding door: by command, by hand, with something in its way, jammed. Its van is the file beside this one.

scenario("a power sliding door opens, meets something, and jams", { timeout = 60 }, function(t)
  t:needs_virtual_time()
  local car = t:vehicle { model = "van_with_sliding_door" }
  local app = t:companion()
  car:wait_online()
  t:equal(app:request(car, { sliding_door = { position = 100 } }):await().reason, "DOOR_LOCKED")
  car:unlock()
  t:equal(app:request(car, { sliding_door = { position = 100 } }):await(20).status, "SUCCEEDED")
  t:equal(car.state.doors.rear_right, "open")
  car:block_sliding_door(30)
  t:equal(app:request(car, { sliding_door = { position = 0 } }):await(20).reason, "OBSTACLE")
  car:close_door("rear_right")
  t:equal(car.state.sliding_door.position, 0)
  car:jam("sliding_door.position")
  t:equal(app:request(car, { sliding_door = { position = 100 } }):await(20).reason, "SLIDING_DOOR_JAMMED")
end)
