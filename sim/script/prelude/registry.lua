-- The cloud's registry and provisioning as their operator sees them: things, certificates, authorities, templates.

local core, _, _, tools = ...

local app = tools.app_class
local car_methods = core.car_methods

local function ask(self, what, call, document)
  return tools.ask_cloud(self, what, "fleetsim/" .. call, document or {})
end

-- ---- cars ---------------------------------------------------------------------------------------

local provision_options = { by = true, template = true, format = true, parameters = true, factory = true, validity = true }
local validities = { valid = true, expired = true, not_yet_valid = true }
local ways = { claim = true, claim_keys = true, just_in_time = true, known = true }

-- options.provision of t:vehicle and t:fleet, for core.car().
function tools.contact_of(options)
  local provision = options.provision
  if provision == nil then
    return nil
  elseif type(provision) == "string" then
    provision = { by = provision }
  end
  tools.check_options("provision", provision, provision_options)
  if not ways[provision.by] then
    error("provision.by: " .. tools.show(provision.by)
      .. " is no way to meet the cloud (claim, claim_keys, just_in_time or known)", 3)
  elseif provision.format and provision.format ~= "json" and provision.format ~= "cbor" then
    error("provision.format: " .. tools.show(provision.format) .. " is neither json nor cbor", 3)
  end
  if provision.validity and not validities[provision.validity] then
    error("provision.validity: " .. tools.show(provision.validity) .. " is neither valid, expired nor not_yet_valid", 3)
  elseif provision.validity and provision.by ~= "known" then
    error("provision.validity: of certificates of the fleet alone (by = \"known\")", 3)
  end
  for name, value in pairs(provision.parameters or {}) do
    if type(value) ~= "string" then
      error(string.format("provision.parameters.%s: %s is not a text", name, tools.show(value)), 3)
    end
  end
  return {
    by = provision.by, template = provision.template, factory = provision.factory, validity = provision.validity,
    cbor = provision.format == "cbor", model = options.model or "compact_ev",
    parameters = provision.parameters and core.to_json(provision.parameters) or nil,
  }
end

-- The id of the certificate that it shows: its claim's, until it has one of its own.
function car_methods.certificate(car)
  return core.car_certificate(car)
end

-- Has the cloud taken a certificate of its own?
function car_methods.provisioned(car)
  return core.car_provisioned(car)
end

-- What the cloud gave it with its thing: a table, or nil.
function car_methods.device_configuration(car)
  return core.car_device_configuration(car)
end

-- ---- things and certificates --------------------------------------------------------------------

local function name_of(car)
  return type(car) == "string" and car or car.name
end

-- A car's id is that of the certificate that it shows.
local function id_of(certificate)
  return type(certificate) == "string" and certificate or core.car_certificate(certificate)
end

-- How the registry has the thing: thingName, thingTypeName, attributes, version, principals, connected.
function app:thing(car)
  return ask(self, "app:thing", "things/" .. name_of(car) .. "/get").thing
end

local thing_options = { type = true, attributes = true }

-- A thing without certificates. options: type, attributes.
function app:create_thing(car, options)
  options = options or {}
  tools.check_options("app:create_thing", options, thing_options)
  ask(self, "app:create_thing", "things/" .. name_of(car) .. "/create",
    { thingTypeName = options.type, attributes = options.attributes })
end

function app:attach_thing(certificate, car)
  ask(self, "app:attach_thing", "things/" .. name_of(car) .. "/attach", { certificateId = id_of(certificate) })
end

function app:detach_thing(certificate, car)
  ask(self, "app:detach_thing", "things/" .. name_of(car) .. "/detach", { certificateId = id_of(certificate) })
end

-- How the registry has it: certificateId, status, policies, things, caCertificateId, certificatePem.
function app:certificate(certificate)
  return ask(self, "app:certificate", "certificates/" .. id_of(certificate) .. "/get").certificate
end

-- "ACTIVE", "INACTIVE" or "REVOKED".
function app:set_certificate(certificate, status)
  ask(self, "app:set_certificate", "certificates/" .. id_of(certificate) .. "/update", { status = status })
end

-- ---- authorities --------------------------------------------------------------------------------

local factory_options = { activate_after = true, template = true, registers = true }

local function authority_document(options)
  return {
    activateAfterSeconds = options.activate_after, templateName = options.template,
    autoRegistrationStatus = options.registers == false and "DISABLE" or "ENABLE",
  }
end

-- The factory of that name (provision.factory of cars) is registered: unknown certificates of it are, too, at their
-- first contact. options: activate_after (seconds), template, registers. Returns the authority's id.
function app:register_factory(name, options)
  options = options or {}
  tools.check_options("app:register_factory", options, factory_options)
  local document = authority_document(options)
  document.certificatePem = core.factory_pem(name)
  return ask(self, "app:register_factory", "authorities/register", document).caCertificateId
end

function app:update_authority(id, options)
  tools.check_options("app:update_authority", options, factory_options)
  ask(self, "app:update_authority", "authorities/" .. id .. "/update", authority_document(options))
end

-- ---- templates ----------------------------------------------------------------------------------

local template_options = { allow = true, hook = true }

-- What the hook says of one question; an error of it refuses.
local function answer_of(hook, question)
  local ok, allowed, overrides = pcall(hook, question.parameters, question)
  return {
    requestId = question.requestId, allowProvisioning = ok and allowed == true,
    parameterOverrides = ok and overrides or nil,
  }
end

-- A question may come twice (QoS 1); the hook is asked once.
local function serve_hook(self, name, hook)
  local topic = "fleetsim/templates/" .. name
  local asked = {}
  self:subscribe(topic .. "/hook")
  core.spawn(function()
    while true do
      local message = self.a:take(topic .. "/hook")
      if message then
        local question = core.from_json(message.payload)
        if not asked[question.requestId] then
          asked[question.requestId] = true
          self:publish(topic .. "/answer", answer_of(hook, question), { qos = 1 })
        end
      else
        self.a:wait_change(3600)
      end
    end
  end)
end

-- A provisioning template, in place of one of that name. options: allow (expressions that parameters must match, by
-- name), or hook, a function(parameters, question) that returns whether, and what takes the place of parameters.
function app:create_template(name, body, options)
  options = options or {}
  tools.check_options("app:create_template", options, template_options)
  local hook = options.allow and { allow = options.allow } or options.hook and { ask = true } or nil
  if options.hook then
    serve_hook(self, name, options.hook)
  end
  ask(self, "app:create_template", "templates/" .. name .. "/create",
    { templateBody = body, preProvisioningHook = hook })
end

function app:delete_template(name)
  ask(self, "app:delete_template", "templates/" .. name .. "/delete")
end
