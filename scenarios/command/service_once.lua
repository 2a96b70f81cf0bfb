-- The same request id is the same command, however often it is given, sent or answered.

local unlock = { locks = { all = "unlocked" } }

scenario("a command that is given twice is carried out once", function(t)
  local car = t:vehicle()
  local service = t:command_service()

  car:wait_online()
  local first = service:command(car, unlock, { id = "order-4711" })
  local again = service:command(car, unlock, { id = "order-4711" })
  t:equal(again:id(), "order-4711")
  t:equal(first:await().status, "SUCCEEDED")
  t:equal(again:await().status, "SUCCEEDED")
  car:lock()
  local later = service:command(car, unlock, { id = first })
  t:equal(later:await().status, "SUCCEEDED", "the answer is that of the first time")
  t:equal(service:command(car, { lights = { low_beam = true } }):await().status, "SUCCEEDED")
  t:equal(car.state.locks.all, "locked")
  t:equal(later:statuses(), { "CREATED", "SENT", "SUCCEEDED" })
end)

scenario("an answer that comes twice is heard once", function(t)
  local car = t:vehicle()
  local service = t:command_service()
  local phone = service:user("anna", { cars = { car } }):app()

  car:wait_online()
  car:pin("locks", "duplicate_answer")
  local command = service:command(car, unlock, { user = "anna" })
  t:equal(command:await().status, "SUCCEEDED")
  -- The answer to another one comes behind both.
  local other = service:command(car, { lights = { low_beam = true } }, { user = "anna" })
  phone:wait_status(other, "SUCCEEDED")
  local heard = {}
  for _, told in ipairs(phone:news(command)) do
    heard[told.status] = true -- QoS 1: some come twice
  end
  t:equal(heard, { CREATED = true, SENT = true, SUCCEEDED = true })
  t:equal(command:statuses(), { "CREATED", "SENT", "SUCCEEDED" })
end)
