-- An update over the air goes out to the whole fleet, so many cars a minute, while people go on as ever: what a rollout
-- costs those who only want their car unlocked.

-- `--param by=https`: all cars download a file of that size, and check its signature; else a download is only the time
-- that it takes. `--param size=` says how large it is.
local by = param("by", "time", { choices = { "time", "https" } })
local size = param("size", by == "https" and 200000 or 2000000, { min = 8, max = 100000000 })
local rate = param("rate", 1000, { min = 1, max = 1000 }) -- cars a minute

local function release(app)
  local document = { operation = "update", version = "2.0", size = size }
  if by == "https" then
    local file = app:put_artifact("wave/2.0.bin", ("fleetsim"):rep(size // 8), { sign = "release" })
    document.size, document.url, document.sha256, document.codesign = file.size, file.url, file.sha256, file.codesign
  end
  return document
end

load_profile("an update over the air", {
  vehicles = 500,
  mix = { compact_ev_ota = 1 },
  commands = { per_car = 0.05 },
  phases = {
    { name = "before", duration = 15 },
    { name = "rollout", duration = 60, before = function(fleet, t)
      local app = t:companion { watch = "all" }
      t.job = app:create_job(fleet, release(app), { rate = rate })
    end, after = function(_, t)
      local count = t.job:status().count
      print(string.format("  updated %d cars, %d are at it, %d wait, %d failed", count.succeeded, count.in_progress,
        count.queued, count.failed + count.rejected))
    end },
    { name = "after", duration = 15 },
  },
})
