-- Voice and web are channels of their own: each adds its delay before the service, and has a latency of its own.

scenario("what is spoken takes longer than what is tapped", function(t)
  local car = t:vehicle()
  local service = t:command_service {
    channels = { voice = { 0.8, 1 }, web = { 0.2, 0.3 }, watch = { 0.1, 0.1 } },
  }
  local anna = service:user("anna", { cars = { car } })
  local phone = anna:app()

  car:wait_online()
  local began = t:now()
  local spoken = service:command(car, { lights = { low_beam = true } }, { user = anna, channel = "voice" })
  local clicked = service:command(car, { lights = { hazard = true } }, { user = anna, channel = "web" })
  local on_the_wrist = service:command(car, { lights = { parking = true } }, { user = anna, channel = "watch" })
  t:equal(spoken:status(), "NEW")
  for _, command in ipairs { on_the_wrist, clicked, spoken } do
    t:equal(command:await().status, "SUCCEEDED")
  end
  t:is_true(t:now() - began >= 0.8)
  -- The service serves them as they come to it, not as they were said.
  t:is_true(on_the_wrist:await_status("CREATED") < clicked:await_status("CREATED"))
  t:is_true(clicked:await_status("CREATED") < spoken:await_status("CREATED"))
  t:equal(phone:wait_status(spoken, "SUCCEEDED").channel, "voice")
end)
