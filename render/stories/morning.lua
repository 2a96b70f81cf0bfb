-- A minute with a car, for an audience: fleetsim demo --storyboard render/stories/morning.lua

caption("A car sleeps in front of the house")
car:wait_online(30)
car:sleep()
wait(3)

caption("The app unlocks it: a text message wakes it up")
app:request(car, { locks = { all = "unlocked" } }, { expiry = 30 }):await(30)
wait(2)

caption("It is cold: the app heats the cabin")
app:request(car, { climate = { active = true, target = 23 } }, { expiry = 30 }):await(30)
wait(4)

caption("The driver gets in")
car:open_door("front_left")
wait(1)
car:take_seat("driver")
wait(2.5)
car:close_door("front_left")
car:fasten_belt("driver")
wait(1.5)

caption("… and drives to work")
car:drive_route("munich_errand")
wait(12)

caption("Under a bridge the network is gone: the app waits")
car:radio("tunnel")
wait(5)
car:radio("lte_good")
caption("Out again: the shadow catches up")
wait(5)

caption("There they park")
car:stop()
wait(2)
car:open_door("front_left", "inside")
wait(1)
car:leave_seat("driver")
wait(2.5)
car:close_door("front_left")
wait(1)

caption("… plug in")
car:plug_in(11)
wait(3)

caption("… and lock it from the app")
app:request(car, { locks = { all = "locked" } }, { expiry = 30 }):await(30)
wait(4)

caption("At night somebody breaks a window")
car.state.clock.time = "23:10"
wait(3)
app:request(car, { alarm = { armed = true } }, { expiry = 30 }):await(30)
car:break_glass()
wait(5)

caption("The owner sees it, and ends the alarm")
app:request(car, { alarm = { armed = false } }, { expiry = 30 }):await(30)
wait(4)
caption()
