-- Commands of every kind, for how long they take to be seen:
-- build/fleetsim demo --headless --measure --fps 60 -n 1 --storyboard tests/bench/view/commands.lua

local wishes = {
  { locks = { all = "unlocked" } },
  { windows = { front_left = 30 } },
  { indicators = { flashes = 2 } },
  { horn = { active = true } },
  { windows = { front_left = 0 } },
  { locks = { all = "locked" } },
}

for _ = 1, 10 do
  for _, wish in ipairs(wishes) do
    app:request(car, wish, { expiry = 30 }):await(30)
    car:wait_in_step(30)
    wait(1.2)
  end
end
