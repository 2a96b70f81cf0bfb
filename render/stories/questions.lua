-- What an audience asks, led by key: fleetsim demo --storyboard render/stories/questions.lua --advance key

caption("The app unlocks the car, and it obeys")
app:request(car, { locks = { all = "unlocked" } }, { expiry = 30 }):await(30)
wait(2)

caption("And without a signal? In an underground garage …")
press "garage"
local command = app:request(car, { locks = { all = "locked" } }, { expiry = 60 })
wait(3)

caption("… the command waits in the cloud, and is obeyed when the car comes out")
press "garage"
command:await(60)
wait(2)

caption("With a door ajar it says why not")
press "ajar"
app:request(car, { locks = { all = "locked" } }, { expiry = 30 }):await(30)
wait(3)
car:close_door("rear_right")

caption("With the phone off the car goes on: somebody opens the trunk …")
press "phone"
car:open_door("trunk")
wait(3)

caption("… and the app sees it when it is back")
press "phone"
wait(2)
car:close_door("trunk")

caption("An update over the air breaks off: the old software runs again")
press "update"
wait(2)

caption("The 12 V battery is flat: no answer any more …")
press "flat"
wait(8)

caption("… until somebody brings a cable")
if car.link == "off" then
  press "flat"
  car:wait_online(60)
end
wait(2)

caption("And once more from the beginning: car and shadow as they were")
press "reset"
wait(3)
caption()
