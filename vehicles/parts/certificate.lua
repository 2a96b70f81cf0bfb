-- A new certificate over the air, by AWS IoT Jobs (docs/certificates.md): key and signing request are made in the car,
-- the new certificate is tried on a real connection before it is committed, the cloud ends the old one only then. What
-- fails falls back to the old one; what loses power goes on where it was.
--
--     { "operation": "rotate_certificate" }           the topics of AWS's certificate rotator for Greengrass
--     { "operation": "RotateCertificates",            those that AWS's Connected Device Framework names
--       "get": { "subscribe": "…", "publish": "…" }, "ack": { "subscribe": "…", "publish": "…" } }
--
-- With csr = false it makes no key for the second: the cloud does, and says where both are to be downloaded over HTTPS.
-- Which of them it shows, and both keys, are in its flash memory; how far it is, in its signals.

local step, job_id, reason, writes = "certificate.step", "certificate.job", "certificate.reason", "certificate.writes"

local minutes = 10 -- for a step
local tries = 5 -- of a question

-- ---- what is asked, and where -------------------------------------------------------------------

local function rotator(car)
  local topic = "awslabs/things/" .. car.name .. "/certificate/"
  return {
    create = topic .. "create", commit = topic .. "commit",
    ask = function(csr, job) return { jobId = job.id, csr = csr } end,
    confirm = function(job) return { jobId = job.id } end,
  }
end

-- "…/get/+" stands for accepted and rejected below "…/get".
local function answers_of(car, topics)
  return (topics.subscribe:gsub("/[+#]$", ""):gsub("/accepted$", ""):gsub("{thingName}", car.name))
end

local function is_pair(topics)
  return type(topics) == "table" and type(topics.subscribe) == "string" and type(topics.publish) == "string"
end

local function framework(car, document, keyless)
  if not is_pair(document.get) or not is_pair(document.ack) then
    car:refuse("INVALID_DOCUMENT", "get and ack: the topics to subscribe and to publish to")
  end
  return {
    create = document.get.publish:gsub("{thingName}", car.name), create_answers = answers_of(car, document.get),
    commit = document.ack.publish:gsub("{thingName}", car.name), commit_answers = answers_of(car, document.ack),
    keyless = keyless,
    ask = function(csr) return { csr = csr, previousCertificateId = car:certificate() } end,
    confirm = function() return { certificateId = car:certificate() } end,
  }
end

local function calls_of(car, document, keyless)
  return document.operation == "RotateCertificates" and framework(car, document, keyless) or rotator(car)
end

return part("certificate", function(options)
  local trial_seconds = options.trial_seconds or 60
  local flash_seconds = options.flash_seconds or 0.02 -- what it takes to write
  local keyless = options.csr == false

  -- Whatever happens to flash memory takes a moment, in which power may be lost.
  local function written(car)
    car:set(writes, car:get(writes) + 1)
    car:work(flash_seconds)
  end

  local function write(car, path, value)
    car:set(path, value)
    written(car)
  end

  -- Is the new one committed in the car? From then on there is no way back but the cloud's refusal.
  local function is_committed(car)
    local _, previous = car:certificates()
    return previous
  end

  local function ask(car, topic, answers, document, limit)
    for _ = 1, limit or tries do
      while car.link ~= "online" do
        car:wait_change(86400)
      end
      local answer, accepted = car:ask(topic, document, { answers = answers })
      if answer then
        return answer, accepted
      end
    end
    car:fail("NO_ANSWER", "no answer on " .. topic)
  end

  local function make_key(car)
    local csr, why = car:signing_request()
    if not csr then
      car:fail("NO_KEY", why)
    end
    written(car)
    return csr
  end

  -- The certificate, and perhaps its key: in the answer, or where it says.
  local function text_of(job, answer)
    if not answer.location then
      return answer.certificatePem or answer.certificate or ""
    end
    local _, _, text = job:download { url = answer.location, keep = true }
    return text
  end

  local act = {}

  function act.requesting(car, job, calls)
    car:come_true("certificate", 20)
    local csr = not calls.keyless and make_key(car) or nil
    local answer, accepted = ask(car, calls.create, calls.create_answers, calls.ask(csr, job))
    if not accepted then
      car:fail("CERTIFICATE_REFUSED", answer.errorMsg or answer.message or "no reason was given")
    end
    local kept, bad = car:keep_certificate(text_of(job, answer))
    if not kept then
      car:fail("BAD_CERTIFICATE", bad)
    end
    written(car)
    car:come_true("certificate", 40)
    write(car, step, "trying")
  end

  function act.trying(car, job)
    if not is_committed(car) then
      job:progress({ step = "trying" }, minutes)
      car:come_true("certificate", 60)
      local worked, why = car:try_certificate(trial_seconds)
      if not worked then
        car:fail("NEW_CERTIFICATE_DOES_NOT_CONNECT", why)
      end
      car:commit_certificate()
      written(car)
    end
    write(car, step, "committing")
  end

  function act.committing(car, job, calls)
    -- There is no other way out.
    local answer, accepted = ask(car, calls.commit, calls.commit_answers, calls.confirm(job), math.huge)
    if not accepted then
      car:fail("COMMIT_REFUSED", answer.errorMsg or answer.message or "no reason was given")
    end
    write(car, step, "confirmed")
  end

  local function begin(car, job)
    car:come_true("certificate")
    car:drop_certificate()
    write(car, reason, "")
    write(car, step, "requesting")
    write(car, job_id, job.id)
    job:progress({ step = "requesting" }, minutes)
  end

  local function run(car, job)
    local calls = calls_of(car, job.document, keyless)
    if car:get(job_id) ~= job.id then
      begin(car, job)
    elseif car:get(step) == "falling_back" then
      car:fail(car:get(reason), "the car has fallen back to its old certificate")
    end
    for _, name in ipairs { "requesting", "trying", "committing" } do
      if car:get(step) == name then
        act[name](car, job, calls)
      end
    end
    return { certificateId = car:certificate() }
  end

  -- What is committed stays unless the cloud has refused it: the old one may not be good any more.
  local function undo(car, code)
    write(car, reason, code)
    write(car, step, "falling_back")
    if is_committed(car) and code == "COMMIT_REFUSED" then
      car:revert_certificate()
    else
      car:drop_certificate()
    end
    written(car)
  end

  local function done(car)
    car:settle_certificate()
    written(car)
    write(car, step, "idle")
    write(car, job_id, "")
  end

  local function gone(car)
    if not is_committed(car) then
      undo(car, "GONE")
    end
    done(car)
  end

  local handler = {
    run = run, undo = undo, done = done, gone = gone,
    details = function(car) return { step = car:get(step) } end,
    -- What was begun before the job's id was written is nobody's.
    unfinished = function(car)
      return car:get(job_id) ~= "" and car:get(job_id) or car:get(step) ~= "idle" and "that lost power at once" or ""
    end,
  }

  return {
    signals = {
      { step, type = "enum",
        values = { "idle", "requesting", "trying", "committing", "confirmed", "falling_back" } },
      { job_id, type = "string", initial = "", reported = false },
      { reason, type = "string", initial = "", reported = false },
      { writes, type = "integer", initial = 0, reported = false },
    },
    jobs = { rotate_certificate = handler, RotateCertificates = handler },
  }
end)
