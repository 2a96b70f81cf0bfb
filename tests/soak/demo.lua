-- What tests/soak/demo.py watches: a car that obeys an app again and again, whatever becomes of cloud and network.

local seconds = 600
local began = car:clock()

local function once(number)
  local unlocked = number % 2 == 1
  local answer = app:request(car, { locks = { all = unlocked and "unlocked" or "locked" } }, { expiry = 20 }):await(20)
  if answer.status ~= "SUCCEEDED" then
    error(answer.status, 0)
  elseif unlocked then
    car:open_door("front_left")
    wait(2)
    car:close_door("front_left")
  end
end

local number, cut = 0, false
while car:clock() - began < seconds do
  number = number + 1
  caption("Command " .. number)
  local ok, why = pcall(once, number)
  print(ok and "obeyed" or "lost: " .. tostring(why):gsub("\n.*", ""))
  if not cut and car:clock() - began > seconds * 0.75 then
    cut = true
    print("network cut")
    car:radio("tunnel")
    wait(30)
    car:radio("lte_good")
    print("network back")
  end
  wait(3)
end
