-- A car that leaves the factory with nothing but a claim gets a certificate of its own, and from then on is itself:
-- by a signing request or with keys from the cloud, in JSON and in CBOR (contract 4.1).

local ways = {
  { by = "claim", format = "json" },
  { by = "claim", format = "cbor" },
  { by = "claim_keys", format = "json" },
  { by = "claim_keys", format = "cbor" },
}

for _, way in ipairs(ways) do
  -- contract 4.1: both calls that make a certificate, in JSON and in CBOR.
  scenario("by " .. way.by .. " in " .. way.format, { timeout = 30 }, function(t)
    local app = t:companion()
    local car = t:vehicle { provision = way, power = "off" }
    local claim = car:certificate()
    local states = car:events("state")

    t:equal(car:provisioned(), false)
    car:power_on()
    for _, state in ipairs { "connecting", "provisioning", "connecting", "syncing", "online" } do
      -- An attempt may fail in between, on a machine that is busy.
      repeat until states:wait(10).to == state
    end
    t:equal(car:provisioned(), true)
    t:not_equal(car:certificate(), claim)

    local certificate = app:certificate(car)
    t:equal(certificate.status, "ACTIVE")
    t:equal(certificate.policies, { "vehicle" })
    t:equal(certificate.things, { car.name })
    t:equal(app:thing(car).attributes, { model = "compact_ev" })

    app:desire(car, { locks = { all = "unlocked" } })
    t:eventually(10, function()
      return app:shadow(car).reported.locks.front_left == "unlocked"
    end)
  end)
end

-- contract 4.1: "AWS::IoT::Policy (PolicyName or PolicyDocument)".
scenario("the template brings the policy, which its cars share", { timeout = 30 }, function(t)
  local app, name = t:companion(), "inline-" .. t:random(1000000000)

  app:create_template(name, {
    Parameters = { VIN = { Type = "String" } },
    Resources = {
      thing = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "VIN" } } },
      certificate = { Type = "AWS::IoT::Certificate", Properties = { Status = "ACTIVE" } },
      policy = { Type = "AWS::IoT::Policy", Properties = { PolicyDocument = {
        Version = "2012-10-17",
        Statement = {
          { Effect = "Allow", Action = "iot:Connect",
            Resource = "arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}" },
          { Effect = "Allow", Action = { "iot:Publish", "iot:Subscribe", "iot:Receive" }, Resource = "*" },
          { Sid = name, Effect = "Deny", Action = "iot:Publish", Resource = "arn:aws:iot:*:*:topic/forbidden" },
        },
      } } },
    },
  })
  local first = t:vehicle { provision = { by = "claim", template = name } }
  local second = t:vehicle { provision = { by = "claim", template = name } }
  first:wait_online(20)
  second:wait_online(20)
  local policies = app:certificate(first).policies
  t:equal(#policies, 1)
  t:match(policies[1], "^%x+$")
  t:equal(app:certificate(second).policies, policies)
  t:equal(app:test_policy(second, "publish", "forbidden").sid, name)
end)

scenario("it stays itself over a loss of power", { timeout = 30 }, function(t)
  local car = t:vehicle { provision = "claim" }

  car:wait_online(10)
  local own = car:certificate()
  car:power_off()
  car:power_on()
  car:wait_online(10)
  t:equal(car:certificate(), own)
end)

scenario("a fleet gets its certificates", { timeout = 60 }, function(t)
  local app = t:companion()
  local fleet = t:fleet { count = 20, provision = { by = "claim", format = "cbor" } }
  local seen = {}

  fleet:wait_online(40)
  for _, car in ipairs(fleet) do
    t:equal(app:certificate(car).things, { car.name })
    t:is_true(not seen[car:certificate()], "two cars share a certificate")
    seen[car:certificate()] = true
  end
end)
