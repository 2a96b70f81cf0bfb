-- What all scenarios of a file need is made before each of them, and looked at after it, whatever became of it.

before(function(t)
  t.car = t:vehicle { power = "off" }
  t.car:unlock()
end)

after({ timeout = 20 }, function(t)
  t.car:lock()
  t:equal(t.car.state.locks.all, "locked", "left as it was found")
end)

scenario("one opens and closes a door", { tags = { "language" } }, function(t)
  t.car:open_door("front_left")
  t.car:close_door("front_left")
  t:equal(t.car.state.locks.all, "unlocked")
end)

scenario("the next has a car of its own", { tags = { "language" } }, function(t)
  t:equal(t.car.state.doors.front_left, "closed")
end)
