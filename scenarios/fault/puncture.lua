-- A tyre loses its air: the app is warned before it is flat.

scenario("a slow puncture ends in a warning on the phone", function(t)
  local car = t:vehicle():wait_online():wait_in_step()
  local app = t:companion()

  t:equal(app:shadow(car).reported.tyres.warning, false)
  car:puncture("rear_left", 40)
  local tyres = t:eventually(20, function()
    local now = app:shadow(car).reported.tyres
    return now.warning and now
  end)
  t:is_true(tyres.rear_left > 0, "there is some air left")
  t:equal(tyres.rear_right, 240)
  t:is_true(car:get("tyres.rear_left_low"))
  car:pump_up("rear_left")
  t:eventually(20, function() return not app:shadow(car).reported.tyres.warning end)
end)
