-- Who may be provisioned is the hook's word: by expressions, or by a function that may change what the car says; a
-- car that is refused tries again, with its back-off, and is let in once it may (contract 4.1).

local function body(policy)
  return {
    Parameters = { VIN = { Type = "String" }, Plant = { Type = "String", Default = "unknown" } },
    Mappings = { region = { north = { url = "eu" }, unknown = { url = "nowhere" } } },
    Resources = {
      thing = {
        Type = "AWS::IoT::Thing",
        Properties = {
          ThingName = { Ref = "VIN" }, ThingTypeName = "suv",
          AttributePayload = { plant = { ["Fn::Sub"] = "plant-${Plant}" } },
        },
      },
      certificate = {
        Type = "AWS::IoT::Certificate",
        Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" }, Status = "ACTIVE" },
      },
      policy = policy ~= "none" and {
        Type = "AWS::IoT::Policy", Properties = { PolicyName = policy or "vehicle" },
      } or nil,
    },
    DeviceConfiguration = { region = { ["Fn::FindInMap"] = { "region", { Ref = "Plant" }, "url" } } },
  }
end

local function template_name(t)
  return "hook_" .. t:random(1, 1000000000)
end

-- It may have lost a connection before.
local function wait_refusal(stream, pattern)
  local note
  repeat
    note = stream:wait(20)
  until note.detail:match(pattern)
end

scenario("a hook changes what the car says of itself", { timeout = 30 }, function(t)
  local app, name = t:companion(), template_name(t)
  local asked

  app:create_template(name, body(), {
    hook = function(parameters, question)
      asked = question
      return parameters.Plant == "south", { Plant = "north" }
    end,
  })
  local car = t:vehicle { provision = { by = "claim", template = name, parameters = { Plant = "south" } } }
  car:wait_online(10)
  t:equal(asked.parameters.VIN, car.name)
  t:equal(asked.certificateId, car:certificate())
  t:equal(asked.clientId, "claim-" .. car.name)
  t:equal(car:device_configuration(), { region = "eu" })
  local thing = app:thing(car)
  t:equal(thing.thingTypeName, "suv")
  t:equal(thing.attributes, { plant = "plant-north" })
end)

-- contract 4.1: "403 for hook refusal".
scenario("a hook refuses, and thinks better of it", { timeout = 60 }, function(t)
  local app, name = t:companion(), template_name(t)
  local asked = 0

  app:create_template(name, body(), {
    hook = function()
      asked = asked + 1
      return asked > 2
    end,
  })
  local car = t:vehicle { provision = { by = "claim", template = name }, power = "off" }
  local stream = car:events("note", { note = "provisioning failed" })
  car:power_on()
  wait_refusal(stream, "register rejected: 403 AccessDenied")
  car:wait_online(40)
  t:equal(asked, 3)
end)

-- contract 4.1: "Pre-provisioning hook (Lambda, ≤5 s)".
scenario("a hook that says nothing is a refusal after 5 seconds", { timeout = 60 }, function(t)
  t:needs_virtual_time()
  local app, name = t:companion(), template_name(t)
  local thinks = true

  app:create_template(name, body(), {
    hook = function()
      if thinks then
        thinks = false
        t:wait(8)
      end
      return true
    end,
  })
  local car = t:vehicle { provision = { by = "claim", template = name } }
  local note = car:wait_event("note", { note = "provisioning failed" }, 20)
  t:match(note.detail, "did not answer in 5 seconds")
  car:wait_online(40)
end)

scenario("expressions that parameters must match", { timeout = 60 }, function(t)
  local app, name = t:companion(), template_name(t)

  app:create_template(name, body(), { allow = { Plant = "^(north|east)$" } })
  local stranger = t:vehicle { provision = { by = "claim", template = name, parameters = { Plant = "moon" } } }
  local car = t:vehicle { provision = { by = "claim", template = name, parameters = { Plant = "north" } } }
  car:wait_online(20)
  t:never(5, function() return stranger.link == "online" end)
  t:equal(app:certificate(car).status, "ACTIVE")
end)

scenario("a template that is not there, and comes later", { timeout = 90 }, function(t)
  local app, name = t:companion(), template_name(t)
  local car = t:vehicle { provision = { by = "claim", template = name }, power = "off" }

  local stream = car:events("note", { note = "provisioning failed" })
  car:power_on()
  wait_refusal(stream, "register rejected: 404 ResourceNotFound")
  app:create_template(name, body())
  car:wait_online(60)
end)

scenario("a template that names no policy leaves the car outside", { timeout = 60 }, function(t)
  local app, name = t:companion(), template_name(t)

  app:create_template(name, body("none"))
  local car = t:vehicle { provision = { by = "claim", template = name } }
  t:eventually(20, function() return car:provisioned() end)
  t:never(5, function() return car.link == "online" end)
  app:attach_policy("vehicle", "cert/" .. car:certificate())
  car:wait_online(40)
end)

scenario("a template that names a policy that is not there provisions nothing", { timeout = 60 }, function(t)
  local app, name = t:companion(), template_name(t)
  local car = t:vehicle { provision = { by = "claim", template = name }, power = "off" }

  app:create_template(name, body("nobody"))
  local stream = car:events("note", { note = "provisioning failed" })
  car:power_on()
  wait_refusal(stream, "there is no policy nobody")
  app:create_template(name, body())
  car:wait_online(60)
  t:equal(app:certificate(car).status, "ACTIVE")
end)
