-- Windows take time: the app sees them on their way, and two move side by side.

scenario("the app sees a window glide", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  car:wait_in_step()
  local command = app:desire(car, { windows = { front_left = 30, rear_right = 10 } })
  t:eventually(5, function()
    local windows = app:shadow(car).reported.windows
    return windows.front_left == 20 and windows.rear_right == 10
  end)
  t:equal(command:done(), false)
  t:equal(command:await().status, "SUCCEEDED")
  t:equal(car.state.windows.front_left, 30)
end)

scenario("a second wish waits until the motor has stopped", function(t)
  local car = t:vehicle()
  local app = t:companion()

  car:wait_online()
  local open = app:request(car, { windows = { front_left = 20 } })
  local shut = app:request(car, { windows = { front_left = 5 } })
  t:equal(open:await().status, "SUCCEEDED")
  t:equal(shut:await().status, "SUCCEEDED")
  t:equal(car.state.windows.front_left, 5)
end)
