-- Files from AWS IoT's MQTT-based file delivery, in a car: in blocks, a few at a time, over as many connections as it
-- takes. What has come is in flash memory: it outlives a loss of power.

local core, _, _, tools = ...

local car_job = tools.car_job

local patience = 10 -- seconds for an answer
local subscribe_tries = 3

-- By car: { key, version, size, block, next, digest } of the file that it is downloading.
local flash = setmetatable({}, { __mode = "k" })
local asked = setmetatable({}, { __mode = "k" }) -- requests, by car

local function topic(car, stream, rest)
  return "$aws/things/" .. car.name .. "/streams/" .. stream .. "/" .. rest
end

local function wait_online(car)
  while car.link ~= "online" do
    car:wait_change(86400)
  end
end

local function take(car, filter)
  local message = core.car_take(car, filter)
  local said = message and core.from_json(message.payload)
  return type(said) == "table" and said or nil, message ~= nil
end

-- Publishes a request; its token, or nil, a second later, if it cannot be sent now.
local function publish(car, stream, call, document)
  asked[car] = (asked[car] or 0) + 1
  document.c = "stream-" .. asked[car]
  if core.car_publish(car, topic(car, stream, call), core.to_json(document), { qos = 1 }, false) then
    return document.c
  end
  core.wait(1)
end

-- Calls look() until it is true, the connection ends, or nothing has come for too long. Where there was news it looks
-- again: more may have come while that was told.
local function wait_for(car, look)
  local deadline = core.now() + patience
  while car.link == "online" do
    local done, news = look()
    if done then
      return true
    end
    deadline = news and core.now() + patience or deadline
    local left = deadline - core.now()
    if left <= 0 then
      return false
    end
    if not news then
      car:wait_change(left)
    end
  end
  return false
end

-- To the answers for any stream: a broker grants a connection only so many subscriptions (AWS: 50), and a car has many
-- downloads in its life. Whether it is granted, and why not; nil if there is no answer.
local function listen(car)
  local id = car.link == "online" and core.car_subscribe(car, {
    topic(car, "+", "description/json"), topic(car, "+", "data/json"), topic(car, "+", "rejected/json"),
  }, { qos = 1 })
  local codes
  local answered = id and wait_for(car, function()
    codes = core.car_answer(car, id)
    return codes ~= nil
  end)
  if not answered then
    return nil
  end
  for _, code in ipairs(codes) do
    if code >= 0x80 then
      return false, core.reason_name("suback", code)
    end
  end
  return true
end

-- The rejection of the request with that token.
local function rejection(car, stream, token)
  local said, any = take(car, topic(car, stream, "rejected/json"))
  while any do
    if said and (said.c == token or said.c == nil) then
      return said.o or said.code or "REJECTED", said.m or said.message
    end
    said, any = take(car, topic(car, stream, "rejected/json"))
  end
end

local function code_of(word)
  return tostring(word):gsub("(%l)(%u)", "%1_%2"):upper()
end

-- Size and version of the file; nil if the connection ends first.
local function describe(car, stream, file)
  local token = publish(car, stream, "describe/json", {})
  local version, size
  local answered = token and wait_for(car, function()
    local said, any = take(car, topic(car, stream, "description/json"))
    if said and said.c == token then
      version = said.s
      for _, one in ipairs(type(said.r) == "table" and said.r or {}) do
        size = one.f == file and one.z or size
      end
      return true
    end
    local code, text = rejection(car, stream, token)
    if code then
      car:fail(code_of(code), text)
    end
    return false, any
  end)
  if answered and not (math.type(size) == "integer" and math.type(version) == "integer") then
    car:fail("RESOURCE_NOT_FOUND", "the stream has no such file")
  end
  return answered and size, version
end

-- Blocks that come in any order are put in theirs.
local function store(kept, blocks, progress)
  while blocks[kept.next] do
    kept.digest:add(blocks[kept.next])
    kept.received = kept.received + #blocks[kept.next]
    blocks[kept.next] = nil
    kept.next = kept.next + 1
    if progress then
      progress(kept.received, kept.size)
    end
  end
end

local function is_block(kept, said, last)
  return said and said.f == kept.file and math.type(said.i) == "integer" and said.i >= kept.next and said.i <= last
    and type(said.p) == "string"
end

-- The next blocks. False: the stream has become another.
local function fetch(car, kept, stream, options)
  local last = math.min(kept.next + options.window, (kept.size + kept.block - 1) // kept.block) - 1
  local token = publish(car, stream, "get/json", {
    s = kept.version, f = kept.file, l = kept.block, o = kept.next, n = last - kept.next + 1,
  })
  local blocks, same = {}, true
  local _ = token and wait_for(car, function()
    local said, any = take(car, topic(car, stream, "data/json"))
    local news = any
    while any do
      if is_block(kept, said, last) then
        local bytes = core.from_base64(said.p)
        blocks[said.i] = bytes and #bytes == math.min(kept.block, kept.size - said.i * kept.block) and bytes or nil
      end
      said, any = take(car, topic(car, stream, "data/json"))
    end
    store(kept, blocks, options.progress)
    local code, text = rejection(car, stream, token)
    if code == "VersionMismatch" then
      same = false
    elseif code then
      car:fail(code_of(code), text)
    end
    return not same or kept.next > last, news
  end)
  return same
end

local function open(car, options)
  local refused = 0
  while true do
    wait_online(car)
    local granted, why = listen(car)
    local size, version
    if granted then
      size, version = describe(car, options.stream, options.file)
    elseif granted == false then
      refused = refused + 1
    end
    if size then
      return size, version
    elseif refused == subscribe_tries then
      car:fail("SUBSCRIPTION_REFUSED", "the broker refuses to say what is in the stream: " .. tostring(why))
    end
    core.wait(1)
  end
end

-- What is there of the file already, or nothing of it.
local function kept_of(car, options)
  local size, version = open(car, options)
  local key = options.stream .. "/" .. options.file
  local kept = flash[car]
  if not (kept and kept.key == key and kept.version == version and kept.size == size and kept.block == options.block) then
    kept = {
      key = key, version = version, size = size, file = options.file, block = options.block, next = 0, received = 0,
      digest = core.sha256(),
    }
    flash[car] = kept
  end
  return kept
end

-- Downloads a file of a stream; returns its size and its SHA-256.
local function download_stream(car, options)
  local how = {
    stream = options.stream, file = options.file or 0, block = options.block or 8192, window = options.window or 4,
    progress = options.progress,
  }
  local kept = kept_of(car, how)
  while kept.received < kept.size do
    if car.link ~= "online" or not fetch(car, kept, how.stream, how) then
      kept = kept_of(car, how)
    end
  end
  flash[car] = nil
  return kept.size, kept.digest:hex()
end

local download_options = {
  url = true, size = true, keep = true, stream = true, file = true, sha256 = true, block = true, window = true, progress = true,
}

-- Downloads what is at a URL, or a file of a stream; returns its size and its SHA-256, and with `keep` what is at the
-- URL. Fails as DIGEST_MISMATCH, RESOURCE_NOT_FOUND, ….
-- options: url (or function(job) that returns it), size (that it must have), keep; or stream, file (0), block (8192 bytes),
-- window (4 blocks); sha256, progress = function(received, size).
function car_job:download(options)
  tools.check_options("job:download", options, download_options)
  local size, sum, bytes
  if options.url ~= nil then
    size, sum, bytes = tools.download_https(self, options)
  else
    size, sum = download_stream(self.car, options)
  end
  if options.sha256 and sum ~= options.sha256:lower() then
    self.car:fail("DIGEST_MISMATCH", "the file is not the one that was meant: its SHA-256 is " .. sum)
  end
  return size, sum, bytes
end
