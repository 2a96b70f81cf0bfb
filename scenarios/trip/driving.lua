-- A drive: the app follows speed, odometer and position; doors and cables have their say.

scenario("the app follows a drive", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:wait_in_step()
  local start = car.state.driving.odometer
  car:drive(90, 0)
  t:eventually(5, function()
    local reported = app:shadow(car).reported
    return reported.driving.speed == 90 and reported.driving.odometer >= start + 25
      and reported.position.latitude > 48.1374
  end)
  car:stop()
  t:eventually(5, function() return app:shadow(car).reported.driving.ignition == "off" end)
end)

scenario("with a door open or the cable plugged in nobody drives off", function(t)
  local car = t:vehicle { power = "off" }

  car:plug_in(11)
  local drove, why = pcall(car.drive, car, 30)
  t:equal(drove, false)
  t:equal(why.code, "PLUGGED_IN")
  car:unplug()

  car:unlock()
  car:open_door("trunk")
  drove, why = pcall(car.drive, car, 30)
  t:equal(drove, false)
  t:equal(why.code, "DOOR_OPEN")
end)

scenario("a punctured tyre loses pressure until it is pumped up", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:wait_in_step()
  car:puncture("rear_left", 20)
  car:wait_until(function() return car:get("tyres.rear_left") <= 200 end, 20)
  car:report() -- otherwise it may wait half a minute for company
  t:eventually(5, function()
    local tyres = app:shadow(car).reported.tyres
    return tyres.rear_left <= 200 and tyres.rear_right == 240
  end)
  car:pump_up("rear_left")
  car:report()
  t:eventually(5, function() return app:shadow(car).reported.tyres.rear_left == 240 end)
end)
