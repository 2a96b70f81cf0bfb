-- A fleet behind one car that is looked at, for how late the loop is with the view on:
-- build/fleetsim demo --headless --measure --fps 60 -n 2000 --storyboard tests/bench/view/fleet.lua

for i = 1, 8 do
  app:request(car, { locks = { all = i % 2 == 1 and "unlocked" or "locked" } }, { expiry = 30 }):await(30)
  wait(2)
end
car:unlock()
car:drive_route("munich_errand")
wait(15)
