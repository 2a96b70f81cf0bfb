-- Power is lost, or the network, at every step from claim to identity: the car goes on where it was, or begins again,
-- and at the end the cloud has one thing with a certificate that works (contract 4.1).

local csr, register = "$aws/certificates/create-from-csr/json", "$aws/provisioning-templates/fleetsim/provision/json"

local steps = {
  { "out", { type = "CONNECT" } },
  { "in", { type = "CONNACK" } },
  { "out", { type = "SUBSCRIBE" } },
  { "in", { type = "SUBACK" } },
  { "out", { type = "PUBLISH", topic = csr } },
  { "in", { type = "PUBLISH", topic = csr .. "/accepted" } },
  { "out", { type = "PUBLISH", topic = register } },
  { "in", { type = "PUBLISH", topic = register .. "/accepted" } },
  { "out", { type = "DISCONNECT" } },
}

local function name_of(step)
  return step[1] .. " " .. step[2].type .. (step[2].topic and " " .. step[2].topic:match("^%$aws/([%l-]+)") or "")
end

-- Far enough from the cloud that there is a moment between each word and its answer.
local function slow_car(t)
  t:needs_radio()
  return t:vehicle { provision = "claim", power = "off", radio = "lte_good" }
end

local function check(t, app, car)
  local certificate = app:certificate(car)
  t:equal(certificate.status, "ACTIVE")
  t:equal(certificate.things, { car.name })
  t:equal(app:thing(car).connected, true)
end

for number, step in ipairs(steps) do
  for _, cut in ipairs { "power", "network" } do
    scenario(string.format("%s is lost at step %d, %s", cut, number, name_of(step)), { timeout = 60 }, function(t)
      local app = t:companion()
      local car = slow_car(t)
      local stream = car:events(step[1], step[2])
      car:power_on()
      stream:wait(10)
      if cut == "power" then
        car:power_off()
        car:power_on()
      else
        car:drop_connection()
      end
      car:wait_online(40)
      check(t, app, car)
    end)
  end
end

-- contract 4.1: "Token lives 1 h"; "on token expiry restart from the CSR".
scenario("a token that is an hour old is good for nothing: the car begins again", { timeout = 60 }, function(t)
  t:needs_virtual_time()
  local app = t:companion()
  local car = slow_car(t)
  local stream = car:events("out", { type = "PUBLISH", topic = register })
  car:power_on()
  stream:wait(10)
  car:power_off()
  t:wait(2 * 3600)
  local notes = car:events("note", { note = "provisioning failed" })
  car:power_on()
  local note = notes:wait(10)
  t:match(note.detail, "InvalidCertificateOwnershipToken")
  car:wait_online(40)
  check(t, app, car)
end)
