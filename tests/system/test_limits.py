#!/usr/bin/env python3
"""Limits of a run, and two runs compared, as a user meets them."""
import json
import os
import shutil
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import FLEETSIM, PASSES, check, check_equal, check_in, main  # noqa: E402

# Pings of a car's telemetry for a while: a stage with samples in each second.
LASTS = """
scenario("lasts", { timeout = 60 }, function(t)
  local car, app = t:vehicle(), t:companion()
  car:wait_online()
  for i = 1, 12 do
    app:desire(car, { locks = { all = i % 2 == 0 and "locked" or "unlocked" } }):await()
    t:wait(0.6)
  end
end)
"""


def summary(folder):
    with open(os.path.join(folder, "summary.json"), encoding="utf-8") as f:
        return json.load(f)


def limits_are_told_everywhere(place):
    place.write("s.lua", PASSES)
    done = place.run_clean("run", "s.lua", "--limit", "connect.total max < 1h", "--limit", "connect.failed < 0.1%",
                           "--limit", "command.total p99 < 2s", "--junit", "j.xml", "--tap", "t.tap")
    done.expect(5, "1 passed", "connect.failed < 0.1%", "held", "MISSED: command.total has no samples")
    cases = {c.get("name"): c for c in ElementTree.parse(place.path("j.xml")).getroot().find(".//testsuite[@name='limits']")}
    check_equal([len(cases[n].findall("failure")) for n in cases], [0, 0, 1], "failures in junit.xml")
    with open(place.path("t.tap"), encoding="utf-8") as f:
        tap = f.read()
    check_in("- connect.failed < 0.1%", tap)
    check("not ok" in tap.split("- command.total p99 < 2s")[0].splitlines()[-1], "TAP of the limit that is missed")
    told = summary(place.results())
    check_equal([(limit["expression"], limit["held"]) for limit in told["limits"]],
                [("connect.total max < 1h", True), ("connect.failed < 0.1%", True), ("command.total p99 < 2s", False)], "limits")
    check_equal((told["exit_status"], told["verdicts"]["failed"]), (5, 0), "exit status, scenarios that failed")


def a_failure_outweighs_a_limit(place):
    place.write("s.lua", 'scenario("fails", function(t) t:equal(1, 2) end)\n')
    place.run_clean("run", "s.lua", "--no-results", "--limit", "command.total count > 0").expect(1, "MISSED")


def a_bad_limit_is_told_before_anything_runs(place):
    place.write("s.lua", PASSES)
    for text, why in (("comand.total p99 < 2s", "column 1: comand.total: no such stage (did you mean command.total?)"),
                      ("command.total p99 < 2", "column 21: 2: a duration needs a unit"),
                      ("messages.sent < 5%", "no share of anything")):
        place.run_clean("run", "s.lua", "--limit", text).refuses(2, why)
        place.run_clean("load", "--limit", text).refuses(2, why)
    check(not os.path.exists(place.path("results")), "results of a run that did not begin")


def runs_are_compared(place):
    place.write("lasts.lua", LASTS)
    place.write("s.lua", PASSES)
    with place.start("run", "lasts.lua", "--results", "a", "--limit", "commands.failed == 0") as running:
        place.run("run", "s.lua", "--results", "short").expect(0)
        running.wait(60).expect(0)
    a = os.path.join("a", os.listdir(place.path("a"))[0])
    short = os.path.join("short", os.listdir(place.path("short"))[0])
    place.run("report", "compare", a, a).expect(0, "0 worse, 0 better")
    done = place.run("report", "compare", a, a, "--json", "--all").expect(0)
    document = json.loads(done.out)
    check_equal({s["change"] for s in document["stages"] if s["stage"] == "command.total"}, {"same"}, "command.total")
    place.run("report", "compare", a, short).refuses(2, "too short to tell")
    place.run("report", "compare", a, "nowhere").refuses(2, "nowhere/summary.json")
    place.run("report", "compare", a).refuses(2, "two runs to compare")
    # A limit that was held and is missed is worse, and needs no statistics.
    shutil.copytree(place.path(a), place.path("b"))
    told = summary(place.path("b"))
    told["limits"][0]["held"] = False
    place.write("b/summary.json", json.dumps(told))
    place.run("report", "compare", a, "b").expect(1, "limit commands.failed == 0: held, then missed", "WORSE", "1 worse")
    told["complete"] = False
    place.write("b/summary.json", json.dumps(told))
    place.run("report", "compare", a, "b").refuses(6, "b: not whole")


def repetitions_are_merged(place):
    place.write("s.lua", PASSES)
    for i in range(2):
        place.run("run", "s.lua", "--results", f"all/{i}").expect(0)
    folders = [os.path.join("all", str(i), os.listdir(place.path(f"all/{i}"))[0]) for i in range(2)]
    place.run("report", "merge", *folders, "-o", "sum", "--limit", "connect.total count == 2").expect(
        0, "merged: 2 of 2 runs whole", "held", "results: sum")
    told = summary(place.path("sum"))
    check_equal((told["stages_us"]["connect.total"]["count"], told["verdicts"]["passed"]), (2, 2), "the sum")
    check(os.path.exists(place.path("sum/report.html")), "no page")
    place.run("report", "merge", *folders).refuses(2, "give -o DIR")
    place.run("report", "merge", *folders, "-o", folders[0]).refuses(2, "holds a run already")
    place.run("report", "merge", folders[0], "nowhere", "-o", "sum").expect(6, "INVALID: nowhere is lost")


if __name__ == "__main__":
    check(os.path.exists(FLEETSIM), "not built")
    main([limits_are_told_everywhere, a_failure_outweighs_a_limit, a_bad_limit_is_told_before_anything_runs,
          runs_are_compared, repetitions_are_merged])
