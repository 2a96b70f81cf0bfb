-- In valet mode the doors open for whoever parks the car, and the trunk does not.

scenario("the trunk stays locked while the car is in valet mode", function(t)
  local car = t:vehicle():wait_online()
  local app = t:companion()
  local function request(what)
    return app:request(car, what):await()
  end

  t:equal(request({ theft = { valet = true } }).status, "SUCCEEDED")
  t:equal(request({ locks = { front_left = "unlocked" } }).status, "SUCCEEDED")
  t:equal(request({ locks = { trunk = "unlocked" } }).reason, "VALET_MODE")
  t:equal(request({ theft = { valet = false } }).status, "SUCCEEDED")
  t:equal(request({ locks = { trunk = "unlocked" } }).status, "SUCCEEDED")
  t:eventually(5, function()
    local reported = app:shadow(car).reported
    return reported.locks and reported.locks.trunk == "unlocked" and not reported.theft.valet
  end)
end)
