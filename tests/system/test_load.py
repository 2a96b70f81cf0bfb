#!/usr/bin/env python3
"""`fleetsim load`: a small load from its ramp to its verdict, what it leaves behind, and what it refuses."""
import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import check, check_equal, check_in, main  # noqa: E402

# A machine that does other things as well must not make it invalid.
PATIENT = ("--lag-budget", "60s", "--lateness-budget", "60s", "--task-budget", "60s")
PROFILE = """
load_profile("two phases", {
  vehicles = param("cars", 6), mix = { compact_ev = 2, electric_bus = 1 }, warm_up = 0.5,
  commands = { rate = 4, by = "shadow", kinds = { locks = 1, lights = 1 } },
  telemetry = { rate = 20 },
  probes = { cars = 2, rate = 3 },
  phases = {
    { name = "half", duration = 1, vehicles = 0.5, commands = 0.5 },
    { name = "storm", duration = 2, storm = 0.5, after = function(fleet, t) t:is_true(#fleet == 12) end },
  },
})
"""


def summary_of(place):
    [name] = [n for n in os.listdir(place.path("results"))]
    with open(place.path(f"results/{name}/summary.json"), encoding="utf-8") as f:
        return name, json.load(f)


def tags_of(place, name):
    with open(place.path(f"results/{name}/latency.hlog"), encoding="utf-8") as f:
        return {line.split(",")[0][4:] for line in f if line.startswith("Tag=")}


def steady(place):
    run = place.run("load", "--vehicles", "10", "--duration", "2s", "--warm-up", "1s", "--commands", "20/s", "--arrivals",
                    "constant", "--seed", "5", "--limit", "commands.failed < 1", *PATIENT)
    run.expect(0, "10 cars, measured for 2.0 s", "valid: the simulator kept up")
    name, summary = summary_of(place)
    load, counters, stages = summary["load"], summary["counters"], summary["stages_us"]
    check_equal([p["name"] for p in load["phases"]], ["start", "ramp", "warm-up", "steady", "drain"])
    check_equal(summary["command"], "load")
    commands = next(a for a in load["arrivals"] if a["what"] == "commands")
    check(39 <= commands["intended"] <= 41, f"20/s for 2 s, not {commands}")
    # The warm-up's are in none of these, and every command has one end.
    check_equal(counters["commands.sent"], commands["sent"])
    check_equal(counters["commands.succeeded"], commands["sent"])
    check_equal(stages["command.total"]["count"], commands["sent"])
    check_equal(stages["command.total/uncorrected"]["count"], commands["sent"])
    check_equal(counters["connect.succeeded"], 10)
    check_equal(stages["connect.total"]["count"] + stages["probe/connect.total"]["count"], 10)
    check_equal(load["invalid"], [])
    check(stages["task.lateness"]["count"] > commands["sent"], "tasks whose lateness is known")
    # Of the same machine, and by the kernel: TLS has more bytes than MQTT, and packets have headers.
    data, broker = load["data"], load["broker"]
    check(0 < broker["cores"] < 64 and broker["memory_bytes"] > 1e6, f"{broker}")
    for direction in ("sent", "received"):
        check(data[f"wire_{direction}_bytes_per_s"] > data[f"{direction}_bytes_per_s"] > 0, f"{data}")
    check(data["header_bytes_per_s"] >= 40 * data["packets_per_s"] > 0 and 1e3 < data["bytes_per_handshake"] < 2e4, f"{data}")
    all_bytes = sum(data[k] for k in ("wire_sent_bytes_per_s", "wire_received_bytes_per_s", "header_bytes_per_s"))
    check(abs(data["bytes_per_vehicle_month"] / (all_bytes * 30 * 86400 / 10) - 1) < 1e-6, f"{data}")
    tags = tags_of(place, name)
    for tag in ("command.total", "warm_up/publish.puback", "connect.total", "schedule.lateness"):
        check(tag in tags, f"no {tag} in {sorted(tags)}")


def profile(place):
    place.write("p.lua", PROFILE)
    place.run("load", "p.lua", "--param", "cars=12", *PATIENT).expect(0)
    _, summary = summary_of(place)
    load, counters = summary["load"], summary["counters"]
    check_equal([p["name"] for p in load["phases"]][2:], ["warm-up", "half", "storm", "drain"])
    check_equal((load["vehicles"], load["probe_vehicles"], load["way"]), (12, 2, "shadow"))
    check(counters["load.cut"] >= 2, f"half of those that are there were cut: {counters}")
    check(counters["commands.succeeded"] > 0 and counters["probe/commands.succeeded"] > 0, f"{counters}")
    check(counters["telemetry.observed"] > 0 and summary["stages_us"]["telemetry.delivery"]["count"] > 0, f"{counters}")
    check(counters["telemetry.sent"] > 0 and "load.unsent.no_car" not in counters, f"{counters}")


def search(place):
    run = place.run("load", "--vehicles", "10", "--search", "command.total p99 < 60s", "--search-from", "10/s",
                    "--search-most", "20/s", "--step", "1s", "--settle", "0", "--warm-up", "0", *PATIENT)
    run.expect(0, "search: command.total p99 < 60s", "found: at least 20 commands/s")
    found = summary_of(place)[1]["search"]
    check_equal((found["what"], found["bound"], found["result"]), ("commands", "at_least", 20))
    check_equal([(s["value"], s["again"], s["outcome"]) for s in found["steps"]],
                [(10, False, "held"), (20, False, "held"), (20, True, "held")])
    check(all(0 < s["reached"] < 60e6 and s["from_s"] < s["to_s"] for s in found["steps"]), f"{found}")


def search_for_vehicles(place):
    run = place.run("load", "--vehicles", "6", "--probes", "1", "--search", "connect.succeeded < 1", "--search-for",
                    "vehicles", "--search-from", "2", "--step", "500ms", "--settle", "0", *PATIENT)
    run.expect(5, "found: nothing that holds")
    name, summary = summary_of(place)
    found = summary["search"]
    # The whole fleet would come for a warm-up.
    check("warm-up" not in [p["name"] for p in summary["load"]["phases"]], f"{summary['load']['phases']}")
    place.run("report", "compare", f"results/{name}", f"results/{name}").expect(2, "a search (--search)")
    check_equal([(s["value"], s["outcome"]) for s in found["steps"]], [(2, "missed"), (1, "missed")])


def a_search_that_only_the_simulator_fails(place):
    run = place.run("load", "--vehicles", "5", "--search", "command.total p99 < 60s", "--search-from", "2/s", "--search-most",
                    "4/s", "--step", "500ms", "--settle", "0", "--warm-up", "0", *PATIENT, "--task-budget", "1us")
    run.expect(6, "found: nothing that holds", "invalid: task.lateness")
    steps = summary_of(place)[1]["search"]["steps"]
    check(all("over its budget" in s["why"] for s in steps), f"{steps}")


def nothing_but_a_burst(place):
    run = place.run("load", "--vehicles", "5", "--duration", "3s", "--warm-up", "0", "--commands", "0", "--burst",
                    "20/s:1s", "--arrivals", "constant", *PATIENT)
    run.expect(0)
    commands = next(a for a in summary_of(place)[1]["load"]["arrivals"] if a["what"] == "commands")
    check(19 <= commands["intended"] <= 21, f"20/s for 1 s, not {commands}")


def invalid(place):
    run = place.run("load", "--vehicles", "5", "--duration", "1s", "--warm-up", "0", "--commands", "20/s", "--lag-budget",
                    "1us", "--no-results", "--limit", "command.total p99 < 1us")
    run.expect(6, "INVALID: loop.lag p90")
    # What cars do may be late although the loop is not.
    run = place.run("load", "--vehicles", "5", "--duration", "1s", "--warm-up", "0", "--commands", "20/s", *PATIENT,
                    "--task-budget", "1us", "--no-results")
    run.expect(6, "INVALID: task.lateness p")


def interrupted(place):
    """What was measured until then is told, and nothing else."""
    with place.start("load", "--vehicles", "5", "--duration", "60s", "--warm-up", "0", "--commands", "20/s",
                     *PATIENT) as running:
        running.until(lambda: measured_commands(place) > 20, "commands that were measured")
        running.send(signal.SIGINT)
        running.wait().expect(130, "of 60 s: it was ended early", "KB/s up")
    _, summary = summary_of(place)
    load = summary["load"]
    check(0.5 < load["measured_s"] < 59, f"measured for {load['measured_s']} s")
    check(load["data"]["sent_bytes_per_s"] > 0 and load["simulator"]["cores"] > 0, f"{load}")
    check_equal(summary["exit_status"], 130)


def measured_commands(place):
    try:
        return summary_of(place)[1]["counters"].get("commands.succeeded", 0)
    except (OSError, ValueError, KeyError):
        return 0


def refusals(place):
    for arguments, why in (
        (("--commands", "many"), "--commands many: not valid (expected a rate"),
        (("--ramp", "fast"), "--ramp fast: not valid"),
        (("--mix", "a=1,a=2"), "--mix a=1,a=2: not a mix"),
        (("--by", "post"), "--by post: not valid (expected request or shadow)"),
        (("--burst", "5/s:1s", "--storm", "50%:1s"), "only one of --burst, --storm and --outage"),
        (("--storm", "200%:1s"), "--storm 200%:1s: not valid"),
        (("--command", "dance"), "no kind of command 'dance'"),
        (("--burst", "5/s:2m"), "does not fit into 60 s"),
        (("--duration", "0"), "nothing would be measured"),
        (("--mix", "hovercraft"), "hovercraft"),
        (("--search", "command.total p99"), "--search: "),
        (("--search-from", "5"), "with --search EXPR only"),
        (("ota_wave", "--param", "sise=5"), "no file declares a parameter 'sise'; did you mean 'size'? (there are by, size, rate)"),
        (("ota_wave", "--param", "by=post"), "--param by=post: not one of time, https"),
        (("ota_wave", "--param", "size=much"), "--param size=much: expected a whole number"),
        (("steady", "--param", "size=5"), "no file declares a parameter"),
        (("steady", "--param", "size"), "--param size: not a parameter (as count=5)"),
        (("nowhere",), "nowhere: no such load profile"),
        (("steady", "burst"), "burst: one profile at a time"),
    ):
        run = place.run("load", *arguments, "--vehicles", "1", "--no-results")
        check(run.status in (2, 3), f"{arguments}: {run}")
        check_in(why, run.out + run.err)


if __name__ == "__main__":
    main([steady, profile, search, search_for_vehicles, a_search_that_only_the_simulator_fails, nothing_but_a_burst, invalid,
          interrupted, refusals])
