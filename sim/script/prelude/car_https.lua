-- Downloads over HTTPS, in a car: resumed at the byte where they were (Range, If-Range), tried again with patience, by
-- the car's radio. What has come is in flash memory: it outlives a loss of power. And who has signed what has come.

local core, _, _, tools = ...

local car_job = tools.car_job

local tries = 8         -- without a byte between them
local longest_pause = 30 -- seconds
local longest_kept = 1 << 20 -- bytes that `keep` returns

-- By car: { key, etag, size, received, digest, pieces? } of the file that it is downloading.
local flash = setmetatable({}, { __mode = "k" })

-- What is behind the question mark permits, and changes.
local function key_of(url)
  return (url:gsub("%?.*", ""))
end

local function nothing_of(key)
  return { key = key, received = 0, digest = core.sha256(), pieces = {} }
end

-- Ends the download, however the function that holds it is left.
local function guard(car)
  return setmetatable({}, { __close = function() core.fetch_stop(car) end })
end

-- The server has begun to answer: from which byte, of which file? Another one is begun anew.
local function agree(car, kept, state, wanted_size, keep)
  if state.etag ~= kept.etag or state.from ~= kept.received then
    if kept.received > 0 then
      car:log("the file has changed: its download begins anew")
    end
    kept.received, kept.digest, kept.pieces = 0, core.sha256(), {}
  end
  kept.etag, kept.size = state.etag, state.size
  if not kept.size then
    car:fail("SIZE_UNKNOWN", "the server does not say how long the file is")
  elseif wanted_size and kept.size ~= wanted_size then
    car:fail("SIZE_MISMATCH", string.format("the file has %d bytes, not %d", kept.size, wanted_size))
  elseif keep and kept.size > longest_kept then
    car:fail("SIZE_MISMATCH", string.format("the file has %d bytes, no more than %d are kept", kept.size, longest_kept))
  end
end

-- Takes what comes until it has ended; how it did.
local function receive(car, kept, options)
  local agreed = false
  while true do
    local bytes = core.fetch_take(car)
    local state = core.fetch_state(car)
    if bytes then
      if not agreed then
        agree(car, kept, state, options.size, options.keep)
        agreed = true
      end
      kept.digest:add(bytes)
      if options.keep then
        kept.pieces[#kept.pieces + 1] = bytes
      end
      kept.received = kept.received + #bytes
      if options.progress then
        options.progress(kept.received, kept.size)
      end
    elseif state.ended ~= "runs" then
      return state
    else
      car:wait_change(3600)
    end
  end
end

local function attempt(car, kept, url, options)
  local _ <close> = guard(car)
  -- Without an ETag nobody can say whether the file is still the same.
  local resumes = kept.received > 0 and kept.etag ~= nil and kept.etag ~= ""
  core.fetch_start(car, url, resumes and kept.received or 0, resumes and kept.etag or nil)
  return receive(car, kept, options)
end

-- What a server refuses for good.
local final = {
  [400] = "DOWNLOAD_REFUSED", [401] = "DOWNLOAD_REFUSED", [404] = "ARTIFACT_NOT_FOUND", [405] = "DOWNLOAD_REFUSED",
  [410] = "ARTIFACT_NOT_FOUND",
}

-- After an attempt that was not the last: fails where another would end alike.
local function judge(car, state, failed)
  if state.ended == "untrusted" then
    car:fail("UNTRUSTED_SERVER", state.why)
  elseif state.ended == "bad url" then
    car:fail("INVALID_URL", state.why)
  elseif state.ended == "refused" and final[state.status] then
    car:fail(final[state.status], state.why)
  elseif failed < tries then
    return
  elseif state.ended == "refused" and state.status == 403 then
    car:fail("DOWNLOAD_FORBIDDEN", state.why)
  end
  car:fail("DOWNLOAD_FAILED", state.why)
end

-- As it is now; a document that is handed out again has URLs that are good again.
local function url_of(self, options)
  local url = options.url
  if type(url) == "function" then
    url = url(self)
  end
  if type(url) ~= "string" then
    self.car:fail("INVALID_URL", "a URL is a text")
  end
  return url
end

-- Downloads what is at options.url; returns its size, its SHA-256, and with options.keep what it is.
function tools.download_https(self, options)
  local car = self.car
  local url = url_of(self, options)
  local kept = flash[car]
  if not (kept and kept.key == key_of(url)) then
    kept = nothing_of(key_of(url))
    flash[car] = kept
  end
  local failed = 0
  while not (kept.size and kept.received == kept.size) do
    local before = kept.received
    local state = attempt(car, kept, url, options)
    failed = kept.received > before and 0 or failed + 1
    if state.ended == "done" and kept.size == kept.received then
      break
    end
    car:log(string.format("download %s at byte %d: %s", state.ended, kept.received, state.why))
    judge(car, state, failed)
    if state.ended == "refused" and state.status == 416 then
      flash[car] = nothing_of(kept.key)
      kept = flash[car]
    end
    core.wait(math.min(longest_pause, 2 ^ failed / 2 * (0.5 + car:random())))
    if state.ended == "refused" and state.status == 403 then
      self:refresh()
      url = url_of(self, options)
    end
  end
  flash[car] = nil
  return kept.size, kept.digest:hex(), options.keep and table.concat(kept.pieces) or nil
end

-- Is it signed by whom the car trusts? Fails as SIGNATURE_INVALID, SIGNER_UNTRUSTED, SIGNER_EXPIRED, ….
-- codesign: { signature =, certificate = } of the job document.
function car_job:verify(codesign, sha256)
  if type(codesign) ~= "table" or type(codesign.signature) ~= "string" or type(codesign.certificate) ~= "string" then
    self.car:fail("SIGNATURE_UNREADABLE", "codesign has a signature and a certificate, both texts")
  end
  local verdict = core.verify_code(sha256, codesign.signature, codesign.certificate)
  if verdict ~= "GOOD" then
    self.car:fail(verdict, "the update is not signed by anybody whom this car trusts to")
  end
end
