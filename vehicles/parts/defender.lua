-- AWS IoT Device Defender in a car: every five minutes it tells on which ports it listens, whom it talks to and how
-- much, and what else its maker wants to know (docs/defender.md). It can misbehave, to see whether somebody notices.
--
--   defender {
--     every = 300, format = "json", names = "long", tcp_ports = { 22 }, udp_ports = { 68 },
--     metrics = { charge = "battery.state_of_charge", apps = function(car) return { "maps" } end },
--   }

local report_id, status, reason = "defender.report_id", "defender.status", "defender.reason"

-- What reports call things: by long names, or by short ones.
local short_names = {
  header = "hed", report_id = "rid", version = "v", metrics = "met", custom_metrics = "cmet",
  listening_tcp_ports = "tp", listening_udp_ports = "up", ports = "pts", interface = "if", port = "pt", total = "t",
  network_stats = "ns", bytes_in = "bi", bytes_out = "bo", packets_in = "pi", packets_out = "po",
  tcp_connections = "tc", established_connections = "ec", connections = "cs", local_interface = "li", local_port = "lp",
  remote_addr = "rad",
}

-- But for the names of custom metrics, which are their maker's.
local function shorten(value)
  if type(value) ~= "table" then
    return value
  end
  local short = {}
  for name, member in pairs(value) do
    short[short_names[name] or name] = name == "custom_metrics" and member or shorten(member)
  end
  return short
end

-- A list that may be empty stays away then: it could not be told from an object.
local function some(list)
  return #list > 0 and list or nil
end

-- A custom metric is a list of one object, which says of what type it is.
local function custom(value)
  if type(value) == "table" then
    return { { [type(value[1]) == "number" and "number_list" or "string_list"] = value } }
  elseif type(value) == "string" then
    return { { string_list = { value } } }
  elseif type(value) == "boolean" then
    return { { number = value and 1 or 0 } }
  end
  return { { number = value } }
end

return part("defender", function(options)
  local every = options.every or 300
  local format = options.format or "json"
  local interface = options.interface or "wwan0"
  local tcp_ports, udp_ports = options.tcp_ports or { 22 }, options.udp_ports or { 68 }
  local cloud = options.cloud or "192.0.2.1:8883"

  local function ports(list, more)
    local all = {}
    for _, port in ipairs(list) do
      all[#all + 1] = { interface = interface, port = port }
    end
    for _, port in ipairs(more or {}) do
      all[#all + 1] = { interface = interface, port = port }
    end
    return { ports = some(all), total = #all }
  end

  local function connections(memory)
    local all = { { local_interface = interface, local_port = 51000, remote_addr = cloud } }
    for _, address in ipairs(memory.peers or {}) do
      all[#all + 1] = { local_interface = interface, local_port = 51000 + #all, remote_addr = address }
    end
    return { established_connections = { connections = all, total = #all } }
  end

  -- Since the last report, or since it has power.
  local function network(memory, now)
    local last = memory.traffic
    local since = {}
    for name, count in pairs(now) do
      since[name] = count - last[name]
    end
    return since
  end

  local function custom_metrics(car)
    local all = {}
    for name, metric in pairs(options.metrics or {}) do
      local value
      if type(metric) == "function" then
        value = metric(car)
      else
        value = car:get(metric)
      end
      all[name] = custom(value)
    end
    return next(all) and all or nil
  end

  local function document(car, memory, traffic)
    local id = math.max(os.time(), car:get(report_id) + 1)
    local report = {
      header = { report_id = id, version = "1.0" },
      metrics = {
        listening_tcp_ports = ports(tcp_ports, memory.opened), listening_udp_ports = ports(udp_ports),
        network_stats = network(memory, traffic), tcp_connections = connections(memory),
      },
      custom_metrics = custom_metrics(car),
    }
    return options.names == "short" and shorten(report) or report, id
  end

  local function topic(car)
    return "$aws/things/" .. car.name .. "/defender/metrics/" .. format
  end

  -- In each connection: the broker may have forgotten the session.
  local function send(car)
    local memory, traffic = car:memory(), car:traffic()
    local base = topic(car)
    local report, id = document(car, memory, traffic)
    car:subscribe { base .. "/accepted", base .. "/rejected" }
    car:publish(base, format == "cbor" and encode_cbor(report) or report)
    car:set(report_id, id)
    local answer = (format == "cbor" and decode_cbor or decode_json)(car:wait_message(base .. "/+").payload)
    local details = answer.statusDetails or {}
    car:set(status, answer.status)
    car:set(reason, details.ErrorCode and details.ErrorCode .. ": " .. details.ErrorMessage or "")
    memory.traffic, memory.peers = traffic, nil
  end

  local function report(car)
    car:after(every, report)
    if car.link ~= "online" then
      return
    end
    local ok, raised = pcall(send, car)
    if not ok then
      car:log("no report to Device Defender: " .. tostring(raised))
    end
  end

  -- What malware does, as far as a car can do it for real; its ports and peers are made up.
  local actions = {}

  -- It listens on one more port.
  function actions.open_port(car, port)
    local memory = car:memory()
    memory.opened = memory.opened or {}
    table.insert(memory.opened, port)
  end

  -- Until the next report it has so many connections to the neighbourhood.
  function actions.scan_ports(car, count)
    local peers = {}
    for i = 1, count or 200 do
      peers[i] = string.format("198.51.100.%d:%d", (i - 1) % 254 + 1, 1 + (i - 1) // 254)
    end
    car:memory().peers = peers
  end

  -- It sends so many bytes.
  function actions.leak(car, bytes)
    while bytes > 0 and car:telemetry("leak", string.rep("x", math.min(bytes, 100000)), 1) do
      bytes = bytes - 100000
    end
  end

  -- It publishes where it must not, which ends its connection, so many times.
  function actions.trespass(car, times)
    for _ = 1, times or 1 do
      car:wait_online(60)
      car:publish("$aws/things/somebody-else/shadow/update", "{}", { qos = 0 })
      car:wait_until(function() return car.link ~= "online" end)
    end
  end

  -- It comes and goes, so many times.
  function actions.flood_connections(car, times)
    for _ = 1, times or 10 do
      car:wait_online(60)
      car:disconnect()
      car:wake()
    end
  end

  return {
    signals = {
      { report_id, type = "integer", initial = 0, reported = false },
      { status, type = "string", initial = "", reported = false },
      { reason, type = "string", initial = "", reported = false },
    },
    actions = actions,
    start = function(car)
      car:memory().traffic = car:traffic()
      -- A fleet that gets power at once does not report at once.
      car:after(options.first or car:random() * every, report)
    end,
  }
end)
