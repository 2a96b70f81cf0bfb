-- Helpers live in files of their own: require() finds them beside the scenario.

local doors = require "helpers.doors"

scenario("a helper opens all doors", { tags = { "language" } }, function(t)
  local car = t:vehicle { power = "off" }

  car:unlock()
  doors.open_all(car)
  doors.expect(t, car, "open")
end)
