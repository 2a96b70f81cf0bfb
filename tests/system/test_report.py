#!/usr/bin/env python3
"""The page of a run: whole and harmless whatever the names are, with the curves that were recorded, also of runs
that failed, were interrupted or killed."""
import csv
import json
import os
import re
import shutil
import signal
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import PASSES, check, check_equal, check_in, main  # noqa: E402

HTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"

DAY = """
scenario("a day </script><script>alert(1)</script> & more", { timeout = 1e6 }, function(t)
  local car = t:vehicle { state = { ["battery.state_of_charge"] = 60 } }
  t:record(car, nil, { every = 60, name = "<i>the car</i>" })
  t:record(car, { "charging.active", "link" }, { every = 3600 })
  car:wait_online()
  wait(6 * 3600)
  car:plug_in(11)
  wait(6 * 3600)
  car:sleep()
  wait(12 * 3600)
  t:equal(1, 2, "</pre><b>the end</b>")
end)
"""


def page(folder):
    """The page as a tree: it is XML as well."""
    with open(os.path.join(folder, "report.html"), encoding="utf-8") as f:
        text = f.read()
    check(text.startswith("<!DOCTYPE html>"), text[:80])
    return text, ElementTree.fromstring(text[len("<!DOCTYPE html>"):])


def words(element):
    return " ".join("".join(element.itertext()).split())


def by_class(root, name):
    return [e for e in root.iter() if name in e.get("class", "").split()]


def shows_a_day(place):
    """A day in virtual time: panels, curves, a band, and names that are nothing but text."""
    place.write("day.lua", DAY)
    place.run_clean("run", "day.lua", "--time", "virtual", "--start", "2026-01-12T06:30", "--seed", "5").expect(1)
    text, root = page(place.results())
    check("<script>alert" not in text and "<b>the end" not in text and "<i>the" not in text, "what was text is markup")
    check_equal(len(list(root.iter(f"{HTML}script"))), 1, "scripts")
    check(not re.search(r'(src|href)=(?!"data:)|url\(|@import', text), "the page needs something else")
    check_equal(words(by_class(root, "pill")[0]), "Failed", "verdict")
    check_in("a day </script><script>alert(1)</script> & more", words(by_class(root, "failure")[0]))
    check_in("climate.cabin_temperature =", words(by_class(root, "failure")[0]))  # the timeline
    check_in("for 1 d of virtual time", words(root))
    check_in("fleetsim run day.lua", words(by_class(root, "command")[0]).replace(
        "--time virtual --start 2026-01-12T06:30 --seed 5 ", ""))
    first, second = by_class(root, "car")
    check_in("<i>the car</i>", words(first))
    labels = [words(key) for key in by_class(first, "key")]
    check_equal(labels, ["Charge %", "Cabin °C", "Outside °C", "Speed km/h", "Connection", "TCU"], "panels")
    check_equal(len(by_class(first, "panel")), 5, "panels")
    states = {e.get("data-name"): e.get("d") for e in by_class(first, "state") if e.get("data-name")}
    check({"online", "asleep"} <= set(states), str(states))
    half = re.fullmatch(r"M500\.\d\d 0h(\d+\.\d\d)v100h-[\d.]+z", states["asleep"])
    check(half and 499 < float(half.group(1)) < 501, states["asleep"])
    charge = by_class(first, "line")[0].get("d")
    numbers = [float(n) for n in re.findall(r"[\d.]+", charge)]
    check_equal(numbers[:2], [0, 40], "60 % in the beginning")
    check_equal(numbers[-2:], [1000, 20], "charged to the limit in the end")
    check_equal([words(e) for e in by_class(second, "key")], ["Charging active", "Connection"], "panels of the second")
    check_equal({e.get("data-name") for e in by_class(second, "state") if e.get("data-name")} & {"yes", "no"}, {"yes", "no"},
                "whether it charged")


def records_what_changes(place):
    """series.jsonl: a head, few lines while nothing happens, and the moments when something does."""
    place.write("day.lua", DAY)
    place.run_clean("run", "day.lua", "--time", "virtual", "--seed", "5").expect(1)
    with open(os.path.join(place.results(), "series.jsonl"), encoding="utf-8") as f:
        lines = [json.loads(line) for line in f]
    heads = [line for line in lines if "signals" in line]
    check_equal([h["series"] for h in heads], [1, 2], "series")
    check_equal(heads[1]["signals"], [{"path": "charging.active", "type": "boolean"}, {"path": "link", "type": "text"}], "signals")
    rows = [(line["t"], line["v"]) for line in lines if line["series"] == 2 and "v" in line]
    times = [t for t, _ in rows]
    check(times == sorted(times) and times[-1] == 86400, str(rows))
    check(len(rows) < 20, f"{len(rows)} lines for a handful of changes")
    check_in((21600, [True, "online"]), rows)
    check_in((43200, [False, "asleep"]), rows)


def repeats_itself(place):
    """The same run draws the same curves; the same files give the same page."""
    place.write("day.lua", DAY)
    figures = []
    for _ in range(2):
        place.run_clean("run", "day.lua", "--time", "virtual", "--seed", "5").expect(1)
        folder = place.results()
        text, _ = page(folder)
        figures.append(re.findall(r'<figure class="car".*?</figure>', text, re.S))
        os.unlink(os.path.join(folder, "report.html"))
        place.run_clean("report").expect(0, folder[len(place.dir) + 1:] + "/report.html")
        check_equal(page(folder)[0], text, "the page made anew")
        shutil.rmtree(place.path("results"))
    check_equal(len(figures[0]), 2, "figures")
    check_equal(figures[0], figures[1], "figures of two runs")


def ends_early(place):
    """Interrupted, it leaves a page; killed, the page can be made of what is there."""
    place.write("long.lua", 'scenario("long", function(t) local c = t:vehicle() t:record(c, { "link" }, { every = 0.1 })\n'
                            'c:wait_online() print("ready") wait(1000) end)\n')
    with place.start("run", "long.lua", "--timeout", "1000s") as running:
        running.until_said("ready")
        running.send(signal.SIGINT)
        running.wait().expect(130)
    text, root = page(place.results())
    check_equal(words(by_class(root, "pill")[0]), "Interrupted", "verdict")
    check_equal(len(by_class(root, "car")), 1, "cars")
    shutil.rmtree(place.path("results"))
    with place.start("run", "long.lua", "--timeout", "1000s") as running:
        running.until(lambda: os.path.isdir(place.path("results")) and os.listdir(place.path("results")) and os.path.isfile(
            os.path.join(place.results(), "series.jsonl")) and os.path.getsize(os.path.join(place.results(), "series.jsonl")) > 0,
                      "a record")
        running.send(signal.SIGKILL)
        running.wait()
    check(not os.path.exists(os.path.join(place.results(), "report.html")), "a page of a killed run")
    place.run("report", place.results()).expect(0)
    text, root = page(place.results())
    check_equal(words(by_class(root, "pill")[0]), "Unfinished", "verdict")
    check_in("online", [e.get("data-name") for e in by_class(root, "state")])
    shutil.rmtree(place.tmp)  # what a killed run leaves
    os.mkdir(place.tmp)


def shows_a_load(place):
    """A load: limits, phases, cars by state, a heat map, what was due and not only what was sent; timeline.csv by the second."""
    place.run_clean("load", "--vehicles", "30", "--commands", "40/s", "--telemetry", "20/s", "--ramp", "1s", "--warm-up", "1s",
                    "--duration", "4s", "--lag-budget", "60s", "--lateness-budget", "60s", "--task-budget", "60s", "--limit",
                    "command.total p50 < 60s", "--limit", "command.total p50 < 1us").expect(5)
    folder = place.results()
    with open(os.path.join(folder, "timeline.csv"), encoding="ascii") as f:
        rows = list(csv.DictReader(f))
    check(len(rows) >= 6, f"{len(rows)} lines for as many seconds")
    states = ("off", "asleep", "connecting", "syncing", "online", "backing_off", "provisioning")
    check(all(int(row["vehicles"]) == sum(int(row[state]) for state in states) for row in rows), str(rows))
    check_equal(rows[-1]["online"], "30", "cars in the end")
    check(abs(sum(int(row["commands_sent"]) for row in rows) - 5 * 40) < 60, "commands")
    check(all(float(row["memory_mib"]) > 1 for row in rows), "memory")
    text, root = page(folder)
    check_equal(words(by_class(root, "pill")[0]), "Limit missed", "verdict")
    limits = [words(row.find(f"{HTML}td")) for row in root.find(".//*[@id='limits']").iter(f"{HTML}tr")]
    check_equal(limits, ["held", "missed"], "limits")
    phases = [e.get("title") for e in by_class(root, "phases")[0]]
    check({"ramp", "warm-up", "steady"} <= set(phases), str(phases))
    titles = [words(e.find(f".//{HTML}h4")) for e in by_class(root, "panel")]
    for title in ("Cars", "Commands /s", "command.total samples", "command.total percentiles", "publish.puback samples",
                  "Messages /s", "CPU of simulator and broker %"):
        check_in(title, titles)
    check(by_class(root, "cells")[0].get("data-cells").count(";") >= 5, "cells")
    check_in("uncorrected", words(root.find(".//*[@id='latency']")))
    check_in("Probe cars and apps", words(root.find(".//*[@id='latency']")))
    check_equal(len(list(root.find(".//*[@id='slowest']").iter(f"{HTML}tr"))), 20, "slowest commands")
    check_in("OpenSSL", words(root.find(".//*[@id='settings']")))
    check(len(text) < 400000, f"{len(text)} bytes for six seconds")


def small_things(place):
    """Nothing is recorded without results; a page without cars; what `report` refuses."""
    place.write("r.lua", 'scenario("r", function(t) local c = t:vehicle { power = "off" } t:record(c) end)\n')
    place.run_clean("run", "r.lua", "--no-results").expect(0)
    check(not os.path.exists(place.path("results")), "results")
    place.run_clean("report").refuses(2, "results: no run in it")
    place.run_clean("report", "nowhere").refuses(2, "nowhere/summary.json")
    place.run_clean("report", "a", "b").refuses(2, "b is one too many")
    place.write("p.lua", PASSES)
    place.run_clean("run", "p.lua").expect(0)
    _, root = page(place.results())
    check_equal(words(by_class(root, "pill")[0]), "Passed", "verdict")
    check_equal(by_class(root, "car"), [], "cars")
    place.write("bad.lua", 'scenario("b", function(t) t:record(t:vehicle(), { "driving.sped" }) end)\n')
    place.run_clean("run", "bad.lua", "--no-results").expect(3, "driving.sped")


if __name__ == "__main__":
    main([shows_a_day, shows_a_load, records_what_changes, repeats_itself, ends_early, small_things])
