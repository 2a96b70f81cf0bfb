-- MQTT itself, on the connection of a car: topics of its own, how it connects.

local core, _, _, tools = ...
local car_methods = core.car_methods

-- Waits for the broker's answer: a list of reason codes, and its remark.
local function car_answer(car, id, what, timeout, lasts)
  local deadline = core.now() + timeout
  while true do
    local codes, remark = core.car_answer(car, id)
    if codes then
      return codes, remark
    end
    local left = deadline - core.now()
    if left <= 0 or (not lasts and not car.connection) then
      core.count_assertion()
      tools.fail(string.format("%s: %s: expected an answer within %g s, but the car is %s", tostring(car), what,
        timeout, car.link), car)
    end
    car:wait_change(left)
  end
end

-- What has gone over the car's connections since it was made.
function car_methods.traffic(car)
  return core.car_traffic(car)
end

local publish_options = {
  qos = true, retain = true, expiry = true, content_type = true, response_topic = true,
  correlation = true, user = true, wait = true, timeout = true,
}

-- Publishes text, or a table as JSON; with QoS 1 and 2 waits for the broker's word on it.
function car_methods.publish(car, topic, payload, options)
  options = options or {}
  tools.check_options("car:publish", options, publish_options)
  if type(payload) == "table" then
    payload = core.to_json(payload)
  end
  local wait = options.wait ~= false
  local id, why = core.car_publish(car, topic, payload, options, wait)
  if not id then
    error("car:publish " .. topic .. ": " .. why, 2)
  elseif id == 0 or not wait then
    return nil
  end
  local codes, remark = car_answer(car, id, "publish " .. topic, options.timeout or 10, true)
  return { reason_code = codes[1], reason = core.reason_name("puback", codes[1]), text = remark }
end

-- One answer for a filter, or a table of them by filter for a list.
local function by_filter(filters, one, kind, codes, remark)
  local answers = {}
  for i, filter in ipairs(filters) do
    local code = codes[i] or 0 -- MQTT 3.1.1: UNSUBACK has none
    answers[filter] = { reason_code = code, reason = core.reason_name(kind, code), text = remark }
  end
  return one and answers[filters[1]] or answers
end

local subscribe_options = {
  qos = true, no_local = true, retain_as_published = true, retain_handling = true, identifier = true,
  timeout = true,
}

function car_methods.subscribe(car, filter, options)
  options = options or {}
  tools.check_options("car:subscribe", options, subscribe_options)
  local one = type(filter) ~= "table"
  local filters = one and { filter } or filter
  local id, why = core.car_subscribe(car, filters, options)
  if not id then
    error("car:subscribe: " .. why, 2)
  end
  local codes, remark = car_answer(car, id, "subscribe", options.timeout or 10)
  return by_filter(filters, one, "suback", codes, remark)
end

function car_methods.unsubscribe(car, filter, options)
  options = options or {}
  tools.check_options("car:unsubscribe", options, { timeout = true })
  local one = type(filter) ~= "table"
  local filters = one and { filter } or filter
  local id, why = core.car_unsubscribe(car, filters)
  if not id then
    error("car:unsubscribe: " .. why, 2)
  end
  local codes, remark = car_answer(car, id, "unsubscribe", options.timeout or 10)
  return by_filter(filters, one, "unsuback", codes, remark)
end

-- What has come for its subscriptions and was not taken by wait_message.
function car_methods.messages(car, filter)
  return core.car_messages(car, filter)
end

-- Waits for a message that matches, takes it and returns it.
function car_methods.wait_message(car, filter, timeout)
  local message
  tools.car_wait(car, timeout or 10, "a message on " .. filter, function()
    message = core.car_take(car, filter)
    return message
  end)
  return message
end

local disconnect_options = { reason = true, session_expiry = true, reason_string = true }

function car_methods.disconnect(car, options)
  options = options or {}
  tools.check_options("car:disconnect", options, disconnect_options)
  core.car_disconnect(car, options)
end

local mqtt_options = {
  clean_start = true, session_expiry = true, keep_alive = true, version = true, client_id = true, will = true,
}
local will_options = {
  topic = true, payload = true, qos = true, retain = true, delay = true, expiry = true, content_type = true,
  response_topic = true, correlation = true, user = true,
}

-- How a car connects: options.mqtt of t:vehicle and t:fleet.
function tools.configure_mqtt(car, options)
  tools.check_options("mqtt", options, mqtt_options)
  local will = options.will
  if will then
    tools.check_options("mqtt.will", will, will_options)
    if type(will.topic) ~= "string" then
      error("mqtt.will needs a topic", 3)
    end
    local topic = will.topic:gsub("{thing}", car.name)
    core.car_configure(car, options, topic, will.payload or "", will)
  else
    core.car_configure(car, options)
  end
end
