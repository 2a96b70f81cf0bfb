#!/usr/bin/env python3
"""What a fleet that lives its day costs: processor time and memory over the five minutes of
scenarios/load/living_fleet.lua. Prints one JSON object.

Usage: living_fleet.py [BUILD [VEHICLES]]   (build, 10000)

Fewer than 100 cars live for ten seconds only. The memory counts what the process had before it made any car as the
cars', too. Exit status 1 if the scenario fails.
"""
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build"))
VEHICLES = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
LONGEST = 420 + 0.1 * VEHICLES  # seconds
TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
DONE = re.compile(r"(\d+) cars for (\d+) s: (\d+) moved, (\d+) drive now, (\d+) km")
ONLINE = re.compile(r"vehicles (\d+) online, (\d+) connecting, (\d+) asleep")


def sample(pid):
    """Time, seconds of processor time, bytes resident."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return time.monotonic(), (int(fields[11]) + int(fields[12])) / TICKS, int(fields[21]) * PAGE


def watch(pid, samples, ended):
    while not ended.wait(0.5):
        try:
            samples.append(sample(pid))
        except (OSError, IndexError):
            return


def live(run):
    """The samples, when the scenario said that it was done and what, and what the status line said of the cars."""
    samples, ended, done, at, online = [sample(run.pid)], threading.Event(), None, 0, ()
    watcher = threading.Thread(target=watch, args=(run.pid, samples, ended))
    watcher.start()
    for line in run.stdout:
        seen = ONLINE.search(line)
        if seen and done is None:
            online = tuple(int(n) for n in seen.groups())
        done = done or DONE.search(line)
        if done and at == 0:
            at = time.monotonic()
            ended.set()
    run.wait()
    ended.set()
    watcher.join()
    return samples, done, at, online


def main():
    run = subprocess.Popen(
        [os.path.join(BUILD, "fleetsim"), "run", "scenarios/load/living_fleet.lua", "--vehicles", str(VEHICLES),
         "--no-results"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    limit = threading.Timer(LONGEST, run.send_signal, [signal.SIGTERM])
    limit.start()
    samples, done, at, online = live(run)
    limit.cancel()
    if done is None or run.returncode != 0:
        sys.exit(f"living_fleet.py: the scenario did not pass (exit status {run.returncode})")
    cars, seconds, moved, driving, kilometres = (int(n) for n in done.groups())
    lived = [s for s in samples if at - seconds <= s[0] <= at]
    spent = 100 * (lived[-1][1] - lived[0][1]) / (lived[-1][0] - lived[0][0])
    resident = [s[2] for s in lived]
    print(json.dumps({
        "vehicles": cars, "seconds": seconds, "moved": moved, "driving": driving, "kilometres": kilometres,
        "online": online[0] if online else 0, "percent_of_core": round(spent, 2),
        "kb_first": round(resident[0] / 1024 / cars, 2), "kb_last": round(resident[-1] / 1024 / cars, 2),
        "kb_most": round(max(resident) / 1024 / cars, 2)}))


if __name__ == "__main__":
    main()
