-- Software updates over the air, by AWS IoT Jobs (docs/jobs.md): refused while driving or at low charge, downloaded,
-- installed once the car is parked, restarted, tested; what fails is rolled back, what loses power goes on where it
-- was.
--
--     { "operation": "update", "version": "2.1", "size": 2000000,                     bytes
--       "url": "${aws:iot:s3-presigned-url:https://s3.eu-west-1.amazonaws.com/firmware/2.1.bin}", "sha256": "…",
--       "codesign": { "signature": "…", "certificate": "…" } }
--
-- With a `url` the bytes come over HTTPS, with a `stream` ({ "id": "release-2.1", "file": 0, "sha256": "…" }) over
-- MQTT, and are checked; without either the download is a matter of time only.
-- The car has two slots, A and B: what is installed goes into the one that it does not run from, and is tried by
-- restarting from there.
-- What is in its flash memory is in its signals: they outlive a loss of power.

local openings = require "parts.openings"

local state, progress, version = "update.state", "update.progress", "update.version"
local previous, job_id, reason = "update.previous", "update.job", "update.reason"
local slot = "update.slot"

local steps = { "downloading", "installing", "restarting", "testing" }
local longest_step = 7 * 24 * 60 -- minutes that AWS IoT Jobs gives a step at most

-- As AWS IoT has streams and their files.
local function is_stream(stream)
  if type(stream) ~= "table" or type(stream.id) ~= "string" or type(stream.sha256 or "") ~= "string" then
    return false
  end
  local file = stream.file or 0
  return #stream.id <= 128 and stream.id:find("^[%w_-]+$") ~= nil
    and math.type(file) == "integer" and file >= 0 and file <= 255
end

-- Of a document, or of its stream.
local function is_digest(sha256)
  return sha256 == nil or type(sha256) == "string" and #sha256 == 64 and not sha256:find("%X")
end

local function read_source(car, document)
  local stream, url = document.stream, document.url
  if stream ~= nil and not is_stream(stream) then
    car:refuse("INVALID_DOCUMENT",
      "stream: an id of letters, digits, _ and -; the number of a file, 0 to 255; its SHA-256")
  elseif url ~= nil and (type(url) ~= "string" or not url:find("^https://")) then
    car:refuse("INVALID_DOCUMENT", "url: a text that begins with https://")
  elseif not is_digest(document.sha256) then
    car:refuse("INVALID_DOCUMENT", "sha256: 64 hex digits")
  elseif document.codesign ~= nil and (type(document.codesign) ~= "table" or not (stream or url)) then
    car:refuse("INVALID_DOCUMENT", "codesign: a signature and a certificate, of what comes by url or stream")
  end
end

local function read_document(car, document)
  local size = document.size
  if type(document.version) ~= "string" or document.version == "" or #document.version > 64
    or document.version:find("%c") then
    car:refuse("INVALID_DOCUMENT", "version: a text of at most 64 bytes, none of them a control character")
  elseif type(size) ~= "number" or not (size > 0 and size <= 1e12) then
    car:refuse("INVALID_DOCUMENT", "size: a number of bytes")
  end
  read_source(car, document)
  return {
    version = document.version, size = size, stream = document.stream, url = document.url, sha256 = document.sha256,
    codesign = document.codesign,
  }
end

local function charge(car)
  for _, path in ipairs { "battery.state_of_charge", "low_voltage.charge" } do
    if car:has(path) then
      return car:get(path)
    end
  end
  return 100
end

local function driving(car)
  return openings.moving(car) or car:has("driving.ignition") and car:get("driving.ignition") == "on"
end

return part("update", function(options)
  local minimum_charge = options.minimum_charge or 30
  local bytes_per_second = options.bytes_per_second or 1e6 -- where the radio has no limit
  local install_bytes_per_second = options.install_bytes_per_second or 4e6
  local boot_seconds = options.boot_seconds or 3
  local test_seconds = options.test_seconds or 1
  local step_minutes = options.step_minutes or 10 -- the service gives up a step after so long
  local report_percent = options.report_percent or 10
  local signed = options.signed or false -- what is not signed is refused

  local function details(car)
    return { step = car:get(state), progress = tostring(car:get(progress)) }
  end

  -- One percent further.
  local function step(car, job)
    local now = car:get(progress) + 1
    car:set(progress, now)
    car:come_true("update", now)
    if now % report_percent == 0 and now < 100 then
      job:progress(details(car), step_minutes)
    end
  end

  -- From where it stands, percent by percent; each costs so many seconds, asked anew because the radio changes.
  local function advance(car, job, to, seconds_per_percent)
    while car:get(progress) < to do
      car:work(seconds_per_percent())
      step(car, job)
    end
  end

  local function rate(car)
    local bits = car:radio().down
    return bits > 0 and bits / 8 or bytes_per_second
  end

  local function other_slot(car)
    return car:get(slot) == "A" and "B" or "A"
  end

  local act = {}

  local function fetch(car, job, wanted)
    local from = {
      sha256 = wanted.sha256,
      progress = function(received, size)
        while car:get(progress) < 60 * received // size do
          step(car, job)
        end
      end,
    }
    if wanted.url then
      from.url = function(now) return now.document.url end
      from.size = wanted.size
    else
      from.stream, from.file, from.block, from.window =
        wanted.stream.id, wanted.stream.file, options.block_bytes, options.window_blocks
      from.sha256 = wanted.stream.sha256 or wanted.sha256
    end
    local _, sha256 = job:download(from)
    if wanted.codesign then
      job:verify(wanted.codesign, sha256)
    end
  end

  function act.downloading(car, job, wanted)
    if wanted.stream or wanted.url then
      fetch(car, job, wanted)
      return
    end
    advance(car, job, 60, function()
      while car.link ~= "online" do
        car:wait_change(3600)
      end
      return wanted.size / 60 / rate(car)
    end)
  end

  function act.installing(car, job, wanted)
    if driving(car) then
      job:progress({ step = "waiting for the car to be parked", progress = tostring(car:get(progress)) }, longest_step)
      while driving(car) do
        car:wait_change(3600)
      end
      job:progress(details(car), step_minutes)
    end
    advance(car, job, 90, function() return wanted.size / 30 / install_bytes_per_second end)
    car:set(previous, car:get(version))
    car:log(string.format("version %s is installed in slot %s", wanted.version, other_slot(car)))
  end

  local function restart(car)
    car:sleep()
    car:work(boot_seconds)
    car:wake()
  end

  -- The boot loader's next choice; nothing happens between the two.
  local function switch_slot(car, to)
    car:set(slot, other_slot(car))
    car:set(version, to)
  end

  function act.restarting(car, job, wanted)
    if car:get(version) ~= wanted.version then
      job:progress(details(car), step_minutes)
      switch_slot(car, wanted.version)
      restart(car)
    end
    car:set(progress, 95)
  end

  function act.testing(car, job)
    advance(car, job, 100, function() return test_seconds / 5 end)
  end

  local function check(car, wanted)
    car:come_true("update")
    if openings.moving(car) then
      car:refuse("VEHICLE_MOVING", "the car is moving")
    elseif charge(car) < minimum_charge then
      car:refuse("LOW_BATTERY", string.format("%d %% of charge, %d %% are needed", charge(car) // 1, minimum_charge))
    elseif signed and not wanted.codesign then
      car:refuse("SIGNATURE_MISSING", "this car installs nothing that is not signed")
    elseif car:get(version) == wanted.version then
      return true
    end
    return false
  end

  local function begin(car, job)
    car:set(job_id, job.id)
    car:set(reason, "")
    car:set(progress, 0)
    car:set(state, "downloading")
    job:progress(details(car), step_minutes)
  end

  local function run(car, job)
    local wanted = read_document(car, job.document)
    if car:get(job_id) ~= job.id then
      if check(car, wanted) then
        return { version = wanted.version, reason = "ALREADY_INSTALLED" }
      end
      begin(car, job)
    elseif car:get(state) == "rolling_back" then
      car:fail(car:get(reason), "the update was rolled back")
    end
    local begun = false
    for _, name in ipairs(steps) do
      begun = begun or car:get(state) == name
      if begun then
        car:set(state, name)
        act[name](car, job, wanted)
      end
    end
    car:set(state, "confirmed")
    return { version = wanted.version }
  end

  local function clear(car)
    car:set(job_id, "")
    car:set(progress, 0)
    car:set(state, "idle")
  end

  -- Back to the software that it had, which takes a restart if the new one runs already.
  local function undo(car, code)
    car:set(reason, code)
    car:set(state, "rolling_back")
    if car:get(previous) ~= "" and car:get(version) ~= car:get(previous) then
      car:log("the update is rolled back to " .. car:get(previous))
      switch_slot(car, car:get(previous))
      restart(car)
    end
    car:set(previous, "")
  end

  local function done(car)
    car:set(previous, "")
    clear(car)
  end

  -- What it has told to be good stays; nobody waits for the rest.
  local function gone(car)
    if car:get(state) ~= "confirmed" then
      undo(car, "GONE")
    end
    done(car)
  end

  return {
    signals = {
      { state, type = "enum", values = { "idle", "downloading", "installing", "restarting", "testing", "confirmed",
        "rolling_back" } },
      { progress, type = "integer", unit = "percent", min = 0, max = 100, report_every = 5 },
      { slot, type = "enum", values = { "A", "B" } },
      { version, type = "string", initial = options.version or "1.0" },
      { previous, type = "string", initial = "", reported = false },
      { job_id, type = "string", initial = "", reported = false },
      { reason, type = "string", initial = "", reported = false },
    },
    jobs = {
      update = {
        run = run, undo = undo, done = done, gone = gone, details = details,
        unfinished = function(car) return car:get(job_id) end,
      },
    },
  }
end)
