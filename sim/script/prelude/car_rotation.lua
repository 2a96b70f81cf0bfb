-- A new certificate in the place of a car's old one, for parts: what is in its flash memory, a trial on a real
-- connection, and questions that may have to be asked more than once (contract 4.5).

local core = ...

local car_methods = core.car_methods

-- The signing request (PEM) of its new key, which stays the same until it is committed or dropped. nil, why: the key
-- could not be made.
function car_methods.signing_request(car)
  local csr, why = core.car_signing_request(car)
  while not csr and not why do
    car:wait_change(3600)
    csr, why = core.car_signing_request(car)
  end
  return csr, why
end

-- The certificate (PEM) for that key. false, why: it is none.
function car_methods.keep_certificate(car, pem)
  local why = core.car_keep_certificate(car, pem)
  return why == nil, why
end

-- Closes the connection, and begins another.
local function reconnect(car)
  if car.link ~= "asleep" and car.link ~= "off" then
    car:disconnect()
  end
  car:wake()
end

local function wait_online(car, seconds)
  local deadline = core.now() + seconds
  while car.link ~= "online" and core.now() < deadline do
    car:wait_change(math.max(0, deadline - core.now()))
  end
  return car.link == "online"
end

-- Connects with the new certificate. If that does not come online in time the car shows the committed one again, and
-- false is returned, with why the last attempt failed.
function car_methods.try_certificate(car, seconds)
  if not core.car_try_certificate(car, true) then
    return false, "there is no new certificate"
  end
  reconnect(car)
  if wait_online(car, seconds or 60) then
    return true
  end
  local close = car.last_close
  core.car_try_certificate(car, false)
  reconnect(car)
  return false, close and close.text or "no connection in time"
end

-- The new certificate is the car's from now on; what it replaces is kept. false: there is no new one.
function car_methods.commit_certificate(car)
  return core.car_commit_certificate(car)
end

-- Back to what was replaced, on a connection of its own. false: nothing was.
function car_methods.revert_certificate(car)
  local reverted = core.car_revert_certificate(car)
  if reverted then
    reconnect(car)
  end
  return reverted
end

-- Forgets the new key and its certificate.
function car_methods.drop_certificate(car)
  if core.car_drop_certificate(car) then
    reconnect(car)
  end
end

-- Forgets what was replaced.
function car_methods.settle_certificate(car)
  core.car_settle_certificate(car)
end

-- Whether it has a new certificate that is not committed, and one that was replaced.
function car_methods.certificates(car)
  return core.car_certificates(car)
end

-- ---- questions ----------------------------------------------------------------------------------

-- The next message on the topic, as a table; {} if it is none; nil: none has come.
local function take(car, topic)
  local message = core.car_take(car, topic)
  local said = message and core.from_json(message.payload)
  return message and (type(said) == "table" and said or {})
end

local function subscribe(car, filters, deadline)
  local id = car.link == "online" and core.car_subscribe(car, filters, { qos = 1 })
  while id and car.link == "online" and core.now() < deadline do
    if core.car_answer(car, id) then
      return true
    end
    car:wait_change(math.max(0, deadline - core.now()))
  end
  return false
end

-- Publishes the document and waits for what comes on topic/accepted or topic/rejected (or `answers`): the answer and
-- whether it was accepted; nil: the car is not online, the connection has ended, or none came in time.
function car_methods.ask(car, topic, document, options)
  options = options or {}
  local answers = options.answers or topic
  local accepted, rejected = answers .. "/accepted", answers .. "/rejected"
  local deadline = core.now() + (options.timeout or 10)
  if not subscribe(car, { accepted, rejected }, deadline) then
    return nil
  end
  while take(car, accepted) or take(car, rejected) do -- luacheck: ignore
    -- An answer to an earlier try.
  end
  if not core.car_publish(car, topic, core.to_json(document), { qos = 1 }, false) then
    return nil
  end
  while car.link == "online" and core.now() < deadline do
    local said = take(car, accepted)
    local refused = not said and take(car, rejected)
    if said or refused then
      return said or refused, said ~= nil
    end
    car:wait_change(math.max(0, deadline - core.now()))
  end
end
