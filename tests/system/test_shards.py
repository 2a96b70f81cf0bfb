#!/usr/bin/env python3
"""A load that several processes share: on this machine, by hand, under Slurm and mpirun, with the
environment of Kubernetes; its merged result, and what becomes of it when a shard is lost."""
import csv
import glob
import json
import os
import signal
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import FLEETSIM, check, check_equal, main  # noqa: E402

# Short, and of a few cars that are there at once.
BRIEF = ["--commands", "20/s", "--warm-up", "1s", "--duration", "3s", "--ramp", "1s",
         "--lag-budget", "10s", "--lateness-budget", "10s", "--task-budget", "10s"]
SHARD = ["load", "--vehicles", "24", "--seed", "7", "--cloud", "lab", "--name", "night", *BRIEF]


def expect(done, status, *parts):
    """That exit status; on a machine that is too busy for a load, the one that says so will do."""
    busy = done.status == 6 and "over its budget" in done.out + done.err
    return done.expect(6 if busy else status, *parts)


def summary(folder):
    with open(os.path.join(folder, "summary.json"), encoding="utf-8") as f:
        return json.load(f)


def check_merged(whole, shards, cars):
    """What a merged run says, and that it is the sum of its shards."""
    parts = [summary(s) for s in shards]
    check_equal(whole["load"]["vehicles"], cars, "cars")
    check_equal(sum(p["load"]["vehicles"] for p in parts), cars, "cars of the shards")
    check_equal(whole["counters"]["connect.succeeded"], cars, "connects")
    for name, stage in whole["stages_us"].items():
        check_equal(stage["count"], sum(p["stages_us"].get(name, {"count": 0})["count"] for p in parts), name)
        of_parts = [p["stages_us"][name] for p in parts if p["stages_us"].get(name, {"count": 0})["count"] > 0]
        check_equal((stage["min"], stage["max"]), (min(s["min"] for s in of_parts), max(s["max"] for s in of_parts)), name)
    check_phases(whole["load"], [p["load"] for p in parts])
    due = {a["what"]: a for a in whole["load"]["arrivals"]}
    check(abs(due["commands"]["rate_per_s"] - 20) < 1e-6, f"the rate of all: {due}")
    check(due["commands"]["intended"] > 20, f"commands: {due}")
    firsts = sorted((p["shard"]["first_vehicle"], p["shard"]["vehicles"]) for p in parts)
    check_equal([f for f, _ in firsts], [cars * i // len(parts) for i in range(len(parts))], "first cars")


def check_phases(whole, parts):
    """The same phases as each shard's, without gaps, by the clock of the first that began."""
    check_equal([p["name"] for p in whole["phases"]], [p["name"] for p in parts[0]["phases"]], "phases")
    check_equal(whole["phases_different"], [], "phases that others had not")
    check(0 <= whole["phases_apart_s"] < 10, f"apart: {whole['phases_apart_s']}")
    # They had waited for each other before they began.
    for part in parts:
        check(part["phases"][0]["from_s"] < 1, f"the first phase begins at {part['phases'][0]['from_s']} s")
    for this, following in zip(whole["phases"], whole["phases"][1:]):
        check_equal(this["to_s"], following["from_s"], f"the end of {this['name']}")


def four_processes_here(place):
    done = place.run_clean("load", "--vehicles", "22", "--shards", "4", "--seed", "7", *BRIEF, "--junit", "j.xml",
                           "--limit", "command.total p99 < 20s", "--limit", "connect.failed < 50%", timeout=90)
    expect(done, 0, "4 of 4 runs whole", "command.total p99 < 20s", "held", "results: ")
    results = place.results()
    whole = summary(results)
    shards = sorted(glob.glob(f"{results}/load/shard-????"))
    check_equal(len(shards), 4, "shards")
    check_merged(whole, shards, 22)
    check_equal([limit["held"] for limit in whole["limits"]], [True, True], "limits")
    check_equal(len(whole["merged_from"]), 4, "merged from")
    check(os.path.exists(f"{results}/report.html"), "no page")
    with open(f"{results}/timeline.csv", encoding="utf-8") as f:
        online = [float(row["online"] or 0) for row in csv.DictReader(f)]
    check_equal(max(online), 22, "cars online at once")
    names = [c.get("name") for c in ElementTree.parse(place.path("j.xml")).iter("testcase")]
    for name in ("shard 0 of 4", "shard 3 of 4", "command.total p99 < 20s"):
        check(name in names, f"cases of junit.xml: {names}")


def shards_by_hand_and_merge(place):
    """Each launcher's environment, on a cloud that is there; they begin when all are there."""
    environments = ({"JOB_COMPLETION_INDEX": "0", "FLEETSIM_SHARD_COUNT": "4"},
                    {"SLURM_PROCID": "1", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4"},
                    {"OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "4", "SLURM_PROCID": "0", "SLURM_STEP_ID": "0",
                     "SLURM_STEP_NUM_TASKS": "1"},
                    {"FLEETSIM_SHARD": "3/4"})
    with place.cloud() as cloud:
        running = [place.start(*SHARD, "--meet", "meeting", "--limit", "command.total p99 < 1us", env=e)
                   for e in environments]
        for r in running:
            expect(r.wait(90), 0)  # what the limit says, the whole decides
        place.run(*SHARD, "--shard", "3/4").expect(2, "night/shard-0003: a run has been there already")
        cloud.send(signal.SIGINT)
        cloud.wait()
    expect(place.run("report", "merge", "results/night", "-o", "all"), 5, "4 of 4 runs whole", "MISSED")
    check_merged(summary(place.path("all")), sorted(glob.glob(place.path("results/night/shard-*"))), 24)
    started = [p["started"] for p in summary(place.path("all"))["merged_from"]]
    check(max(started)[:17] == min(started)[:17], f"began at {started}")
    os.rename(place.path("results/night/shard-0002"), place.path("elsewhere"))
    place.run("report", "merge", "results/night", "-o", "some").expect(6, "INVALID: shard 2 of 4 is lost: it left no results")
    check_equal(summary(place.path("some"))["exit_status"], 6, "exit status in summary.json")


def a_lost_shard_makes_it_invalid(place):
    with place.start("load", "--vehicles", "8", "--shards", "2", "--commands", "5/s", "--duration", "5s", "--warm-up", "0s",
                     "--ramp", "1s", "--lag-budget", "10s", "--lateness-budget", "10s", "--task-budget", "10s") as running:
        log = running.until(lambda: glob.glob(place.path("results/*/load/shard-0001/timeline.csv")), "the shard's timeline")
        folder = os.path.dirname(log[0])
        victim = next(int(p) for p in os.listdir("/proc") if p.isdigit() and is_shard(p, running.pid, "1/2"))
        os.kill(victim, signal.SIGKILL)
        done = running.wait(90)
    done.expect(6, "shard 1 of 2 was ended by signal 9", "INVALID: shard 1 of 2 is lost", "1 of 2 runs whole")
    check(not summary(folder)["complete"], "the lost shard is complete")
    place.check_clean("a lost shard")


def is_shard(pid, parent, shard):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat, open(f"/proc/{pid}/cmdline", encoding="utf-8") as line:
            return int(stat.read().rsplit(")", 1)[1].split()[1]) == parent and shard in line.read().split("\0")
    except (OSError, ValueError):
        return False


def their_cloud_ends(place):
    with place.start("load", "--vehicles", "8", "--shards", "2", "--commands", "5/s", "--duration", "60s", "--warm-up", "0s",
                     "--ramp", "1s", "--", "steady") as running:
        running.until(lambda: glob.glob(place.path("results/*/load/shard-*/timeline.csv")), "a timeline")
        broker = next(int(p) for p in os.listdir("/proc") if p.isdigit() and is_broker(p, running.pid))
        os.kill(broker, signal.SIGKILL)
        running.wait().expect(4, "local cloud: the broker ended by itself", "(exit status 4)")
    whole = summary(place.results())
    check_equal((whole["exit_status"], whole["reason"]), (4, "local cloud: the broker ended by itself"), "what the page says")
    place.check_clean("a run whose cloud ended")


def is_broker(pid, parent):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            head, tail = stat.read().rsplit(")", 1)
        return head.endswith("(mosquitto") and int(tail.split()[1]) == parent
    except (OSError, ValueError):
        return False


def interrupted_together(place):
    with place.start("load", "--vehicles", "8", "--shards", "2", "--commands", "5/s", "--duration", "60s", "--warm-up", "0s",
                     "--ramp", "1s") as running:
        running.until(lambda: glob.glob(place.path("results/*/load/shard-*/timeline.csv")), "a timeline")
        running.send(signal.SIGINT)
        running.wait().expect(130, "interrupted: the shards are ending", "(exit status 130)")
    whole = summary(place.results())
    check_equal((whole["exit_status"], whole["reason"]), (130, "interrupted"), "what the page says")
    place.check_clean("an interrupted run")


def what_cannot_be_shared_out_is_refused(place):
    refused = [
        (["--shards", "4"], "give --vehicles"),
        (["--shards", "4", "--vehicles", "3"], "4 shards, but --vehicles 3"),
        (["--shards", "4", "--vehicles", "8", "--no-results"], "not with --no-results"),
        (["--shard", "1/4", "--vehicles", "8"], "--shards N starts one for all"),
        (["--shard", "1/4", "--vehicles", "8", "--cloud", "lab"], "give --seed N to all"),
        (["--shard", "4/4", "--vehicles", "8", "--cloud", "lab", "--seed", "1"], "0/4 to 3/4"),
        (["--shard", "x", "--vehicles", "8"], "--shard x: not a shard"),
        (["--shards", "2", "--shard", "0/2", "--vehicles", "8"], "this is a shard already"),
        (["--meet", "here"], "--meet: whom?"),
        (["--start-at", "soon"], "--start-at soon: not a time"),
        (["--start-at", "2026-01-01", "--vehicles", "2"], "the others have begun"),
    ]
    for arguments, why in refused:
        place.run_clean("load", *arguments).refuses(2, why)
    place.run_clean("load", "--vehicles", "8", env={"JOB_COMPLETION_INDEX": "3"}).refuses(2, "FLEETSIM_SHARD_COUNT")
    # A mistake that only the processes can find is told once.
    done = place.run("load", "--shards", "2", "--vehicles", "8", "--endpoint", "mqtts://127.0.0.1:9", timeout=60)
    done.expect(2, "no certificates for it")
    check_equal(len(done.messages()), 1, f"messages of {done}")


if __name__ == "__main__":
    check(os.path.exists(FLEETSIM), "not built")
    main([four_processes_here, shards_by_hand_and_merge, a_lost_shard_makes_it_invalid, their_cloud_ends,
          interrupted_together, what_cannot_be_shared_out_is_refused])
