-- Too many requests for one shadow are refused with 429 (--quotas aws); a second later they are taken again.

scenario("a shadow takes twenty requests a second", function(t)
  local car = t:vehicle { power = "off" }
  local app = t:companion()

  local function burst(count)
    local answers, sent = {}, {}
    for i = 1, count do
      sent[i] = app:update(car, { state = { desired = { step = i } } })
    end
    for i = 1, count do
      answers[i] = sent[i]:await()
    end
    return answers
  end

  local answers = burst(30)
  local refused = 0
  for _, answer in ipairs(answers) do
    refused = refused + (answer.code == 429 and 1 or 0)
  end
  if refused == 0 then
    t:skip("this cloud takes more: it was started without --quotas aws")
  end
  t:is_true(refused >= 5, "beyond twenty")
  t:wait(1.1)
  t:equal(app:update(car, { state = { desired = { step = 99 } } }):await().status, "SUCCEEDED")
  t:equal(app:shadow(car).desired.step, 99)
end)
