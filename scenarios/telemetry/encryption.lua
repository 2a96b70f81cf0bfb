-- Where a car is, is nobody's business but the fleet's.

local key = ("0123456789abcdef"):rep(4)
local other_key = ("fedcba9876543210"):rep(4)
local hidden = { "position.latitude", "position.longitude" }

local function collected(t, format)
  local car = t:vehicle { state = { ["position.latitude"] = 47.99901, ["position.longitude"] = 7.84211 } }
  local app = t:companion()
  app:subscribe("dt/fleetsim/" .. car.name .. "/#")
  car:wait_online()
  car:collect {
    format = format, signals = { "driving.speed", "position.latitude", "position.longitude" }, every = 1,
    batch = { count = 6 }, encrypt = hidden, key = key,
  }
  return app:wait_message("dt/fleetsim/" .. car.name .. "/#")
end

local function find(report, signal)
  for _, sample in ipairs(report.samples) do
    if sample.signal == signal then
      return sample.value
    end
  end
end

for _, format in ipairs { "json", "cbor", "compact" } do
  scenario("the position cannot be read without the fleet's key: " .. format, function(t)
    local message = collected(t, format)

    local open = decode_telemetry(message)
    t:is_true(open.sealed)
    t:equal(find(open, "driving.speed"), 0, "the rest can be read")
    t:equal(find(open, "position.latitude"), nil)
    t:equal(message.payload:find("47.99", 1, true), nil)
    t:equal(message.payload:find("latitude", 1, true), nil)
    if message.content_type then
      t:match(message.user.encryption, "^A256GCM %x%x%x%x%x%x%x%x$")
    end

    local report = decode_telemetry(message, key)
    t:equal(find(report, "position.latitude"), 47.99901)
    t:equal(find(report, "position.longitude"), 7.84211)
    t:equal(#report.samples, 6)

    local nothing, why = decode_telemetry(message, other_key)
    t:equal(nothing, nil)
    t:match(why, "another key")
  end)
end
