#!/usr/bin/env python3
"""latency.hlog is what others write and read: the stock HdrHistogram tools of npm find in it what fleetsim says."""
import fcntl
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime

SUPPORT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support")
sys.path.insert(0, SUPPORT)
from fleetsim_test import BUILD, Skipped, check, check_equal, main  # noqa: E402

PACKAGE = "hdr-histogram-js"
VERSION = "3.0.1"

FLEET = """
scenario("a fleet unlocks", { timeout = 30 }, function(t)
  local fleet = t:fleet { count = 20 }
  local app = t:companion()
  fleet:wait_online()
  fleet:each(function(car)
    for turn = 1, 3 do
      app:request(car, { locks = { all = turn % 2 == 1 and "unlocked" or "locked" } }):await(20)
    end
  end)
  wait(1)
end)
"""


def npm_modules():
    """A folder with the package, which is fetched once; skips where it cannot be had."""
    folder = os.path.join(BUILD, "npm")
    os.makedirs(folder, exist_ok=True)
    if not shutil.which("node") or not shutil.which("npm"):
        raise Skipped("needs Node.js and npm (apt-get install nodejs npm)")
    with open(os.path.join(folder, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(folder, "node_modules", PACKAGE, "package.json")):
            try:
                done = subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--prefer-offline",
                                       "--no-save", "--fetch-retries=0", f"{PACKAGE}@{VERSION}"],
                                      capture_output=True, text=True, timeout=60, check=False)
                trouble = (done.stderr.splitlines() or ["?"])[0] if done.returncode != 0 else None
            except subprocess.TimeoutExpired:
                trouble = "no answer within 60 s"
            if trouble:
                raise Skipped(f"npm install {PACKAGE}: {trouble} (is there a network?)")
    return os.path.join(folder, "node_modules")


def same_bucket(theirs, ours):
    """Theirs is the largest value that three digits do not tell from ours."""
    return ours <= theirs <= ours + max(ours / 1000, 1)


def read_by_stock_tools(place):
    """Counts, percentiles, maximum and start are what summary.json and the report have."""
    modules = npm_modules()
    place.write("fleet.lua", FLEET)
    place.run_clean("run", "fleet.lua", "--seed", "3").expect(0)
    with open(os.path.join(place.results(), "summary.json"), encoding="utf-8") as f:
        summary = json.load(f)
    done = subprocess.run(["node", os.path.join(SUPPORT, "read_hlog.js"), os.path.join(place.results(), "latency.hlog")],
                          env={**os.environ, "NODE_PATH": modules}, capture_output=True, text=True, timeout=30, check=False)
    check(done.returncode == 0, done.stderr)
    log = json.loads(done.stdout)
    ours = {name: stage for name, stage in summary["stages_us"].items() if stage["count"] > 0}
    check_equal(sorted(log["stages"]), sorted(ours), "stages")
    check(ours["command.total"]["count"] == 60 and log["lines"] > len(ours), f"too little to compare: {log}")
    for name, stage in ours.items():
        theirs = log["stages"][name]
        check_equal(theirs["count"], stage["count"], f"{name}: count")
        # Ours are never above the largest value, which we keep exactly.
        for percentile in ("p50", "p99"):
            check_equal(min(theirs[percentile], stage["max"]), stage[percentile], f"{name}: {percentile}")
        check(same_bucket(theirs["max"], stage["max"]), f"{name}: max {theirs['max']}, ours {stage['max']}")
    started = datetime.fromisoformat(summary["started"].replace("Z", "+00:00")).timestamp()
    check(abs(log["start"] - started) < 0.001, f"start {log['start']}, ours {started}")


if __name__ == "__main__":
    main([read_by_stock_tools])
