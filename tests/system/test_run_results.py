#!/usr/bin/env python3
"""What a run says and leaves behind: verdicts, a failure that explains and repeats itself, JUnit XML,
results folders, and runs beside each other."""
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import FLEETSIM, PASSES, ROOT, check, check_equal, check_in, main  # noqa: E402

# The one that fails makes its cars while others make theirs, and throws dice.
FAILS = """
scenario("first", function(t) t:vehicle() t:vehicle() t:wait(0.3) end)
scenario("it's \\"wrong\\" & <odd>", function(t)
  t:wait(0.1)
  local car = t:vehicle()
  local app = t:companion()
  car:wait_online()
  app:desire(car, { locks = { all = "unlocked" } }):await()
  local dice = t:random(1, 1000000)
  t:equal(dice .. " " .. car.vin, "never", "the dice")
end)
scenario("it's \\"wrong\\" & <odd> as well", function(t) t:vehicle() end)
"""


def run_again(place, done):
    """The command line that the run gave to repeat a failure, run by a shell."""
    command = re.search(r"again with: (fleetsim run .*)", done.out).group(1)
    return place.run_clean("-c", command.replace("fleetsim", f"exec {FLEETSIM}", 1) + " --no-results", program=["sh"])


def seen(done):
    return re.search(r'the dice: expected "never", saw "(\d+ \w+)"', done.out).group(1)


def failure_explains_itself(place):
    place.write("s.lua", FAILS)
    done = place.run_clean("run", "s.lua", "--junit", "junit.xml")
    done.expect(1, "3 scenarios: 2 passed, 1 failed", "results: ", "s.lua:10: the dice: expected \"never\", saw ")
    check_equal(done.err, "", "stderr")
    story = done.out.split("FAIL ")[1].split("again with")[0]
    for part in ("s.lua:3", "off → connecting", "connecting → syncing", "syncing → online", "CONNECT v5", "CONNACK", "SUBSCRIBE",
                 "PUBLISH", "shadow/update/delta", "locks.all", "SUCCEEDED"):
        check_in(part, story)
    times = [float(t) for t in re.findall(r"\n\s+\+(\d+\.\d+) s ", story)]
    check(len(times) > 15 and times == sorted(times), f"times of the timeline: {times}")
    vin = seen(done).split()[1]
    check_in(vin, story)
    check(re.fullmatch(r"[A-HJ-NPR-Z0-9]{17}", vin), f"a VIN: {vin}")
    again = run_again(place, done).expect(1, "1 scenario: 0 passed, 1 failed", "s.lua:10: the dice")
    check_equal(seen(again), seen(done), "what the repeated run saw")
    junit = ElementTree.parse(place.path("junit.xml")).getroot()
    failures = junit.findall(".//failure")
    check_equal(len(failures), 1, "failures in junit.xml")
    check_in("the dice: expected", failures[0].get("message"))
    check_in("shadow/update/delta", failures[0].text)
    check_equal([c.get("name") for c in junit.iter("testcase")][1], 'it\'s "wrong" & <odd>', "name in junit.xml")


def repeats_with_all_that_matters(place):
    """Options that change what happens are in the command to repeat it."""
    place.write("a folder/s.lua", FAILS)
    shutil.copytree(os.path.join(ROOT, "vehicles"), place.path("cars"))
    with place.cloud() as cloud:
        done = place.run("run", "a folder/", "--cloud", "lab", "--mqtt", "3.1.1", "--time-scale", "2", "--vehicles", "7",
                         "--keep-alive", "33", "--connect-rate", "50", "--connect-concurrency", "9", "--vehicles-dir", "cars", "--timeout", "20s", "--tls-version", "1.2", "--resumption", "--seed", "99",
                         "--filter", "wrong").expect(1)
        check_in("again with: fleetsim run 'a folder/s.lua' --filter 'it'\\''s \"wrong\" & <odd>' --seed 99", done.out)
        for part in ("--cloud lab", "--connect-rate 50 --connect-concurrency 9", "--vehicles-dir cars", "--mqtt 3.1.1", "--time-scale 2", "--vehicles 7", "--keep-alive 33", "--timeout 20s",
                     "--tls-version 1.2", "--resumption"):
            check_in(part, done.out)
        command = re.search(r"again with: (fleetsim run .*)", done.out).group(1)
        again = place.run("-c", command.replace("fleetsim", FLEETSIM, 1) + " --no-results", program=["sh"]).expect(1)
        check_equal(seen(again), seen(done), "what the repeated run saw")
        cloud.send(2)
        cloud.wait().expect(0)


def same_seed_same_run(place):
    place.write("s.lua", FAILS)
    runs = [seen(place.run("run", "s.lua", "--no-results", "--seed", s)) for s in ("5", "5", "6")]
    check_equal(runs[0], runs[1], "two runs of one seed")
    check(runs[0] != runs[2], "two seeds, one run")


def junit_of_every_verdict(place):
    place.write("a.lua", PASSES + 'scenario("fails", function(t) t:is_true(false, "\\0\\27[31m\\255 <&\\"]]>") end)\n')
    place.write("b.lua", 'scenario("errs", function() nothing_like_it() end)\n'
                'scenario("skips", function(t) t:skip("not today") end)\n')
    place.run_clean("run", "a.lua", "b.lua", "--junit", "deep.xml", "--name", "every <verdict>", "--oracle", "off", "--no-check").expect(
        1, "4 scenarios: 1 passed, 1 failed, 1 error, 1 skipped")
    for path in (place.path("deep.xml"), f"{place.results()}/junit.xml"):
        root = ElementTree.parse(path).getroot()
        check_equal(root.tag, "testsuites", "root")
        check_equal([s.get("name") for s in root.findall("testsuite")], ["a.lua", "b.lua"], "suites")
        by_name = {c.get("name"): c for c in root.iter("testcase")}
        check_equal({n: [e.tag for e in c if e.tag in ("failure", "error", "skipped")] for n, c in by_name.items()},
                    {"passes": [], "fails": ["failure"], "errs": ["error"], "skips": ["skipped"]}, "verdicts")
        check_equal((root.get("tests"), root.get("failures"), root.get("errors")), ("4", "1", "1"), "totals")
        for case in by_name.values():
            check(float(case.get("time")) >= 0 and case.get("line"), "time and line")
        if shutil.which("xmllint"):
            subprocess.run(["xmllint", "--noout", path], check=True)


def junit_that_cannot_be_written(place):
    place.write("s.lua", PASSES)
    done = place.run_clean("run", "s.lua", "--junit", "nowhere/junit.xml").expect(2, "ok     passes", "nowhere/junit.xml")
    check_equal(len(done.messages()), 1, f"messages of {done}")
    check(os.path.exists(f"{place.results()}/summary.json"), "no summary")


def results_that_cannot_be_written(place):
    place.write("s.lua", PASSES)
    place.write("file", "")
    place.run_clean("run", "s.lua", "--results", "file").refuses(2, "file/", "results folder")
    place.run_clean("run", "s.lua", "--results", "file/deeper").refuses(2, "file/deeper", "results folder")
    place.run_clean("run", "s.lua", "--results", "/proc/1/nothing").refuses(2, "/proc/1/nothing", "results folder")
    if os.path.exists("/dev/full"):
        # The disk is full: the verdict stands, the trouble is told.
        os.symlink("/dev/full", place.path("full.xml"))
        done = place.run_clean("run", "s.lua", "--junit", "full.xml").expect(2, "ok     passes", "1 passed", "full.xml")
        check_equal(len(done.messages()), 1, f"messages of {done}")
        check(os.path.islink(place.path("full.xml")), "the link was replaced, not followed")


def results_folder(place):
    place.write("s.lua", PASSES)
    place.run_clean("run", "s.lua", "--name", "../my run/1", "--results", "deep/er", "--seed", "3").expect(0)
    folders = os.listdir(place.path("deep/er"))
    check_equal(len(folders), 1, "folders")
    check(re.fullmatch(r"\d{8}T\d{6}Z--\.-my-run-1", folders[0]), f"the folder's name: {folders[0]}")
    check(set(os.listdir(place.path("deep/er/" + folders[0]))) >= {"summary.json", "junit.xml", "latency.hlog"}, "files")
    with open(place.path(f"deep/er/{folders[0]}/summary.json"), encoding="utf-8") as f:
        summary = json.load(f)
    check_equal((summary["exit_status"], summary["complete"], summary["seed"]), (0, True, "3"), "summary")
    check_equal(summary["verdicts"]["passed"], 1, "passed")
    place.run_clean("run", "s.lua", "--no-results").expect(0)
    check(not os.path.exists(place.path("results")), "results in spite of --no-results")


def quiet(place):
    place.write("s.lua", PASSES)
    done = place.run_clean("run", "s.lua", "--quiet", "--no-results").expect(0, "1 scenario: 1 passed")
    check("ok  " not in done.out, f"quiet: {done}")
    check("\033" not in done.out + done.err and "\r" not in done.out + done.err, f"control characters: {done}")


def side_by_side(place):
    """Two runs at one time in one folder with one seed: nothing clashes."""
    place.write("s.lua", PASSES * 3 + 'scenario("stays", function(t) t:vehicle():wait_online() t:wait(0.5) end)\n')
    runs = [place.start("run", "s.lua", "--seed", "8") for _ in range(3)]
    try:
        for running in runs:
            running.wait().expect(0, "4 scenarios: 4 passed")
    finally:
        for running in runs:
            running.__exit__()
    folders = os.listdir(place.path("results"))
    check_equal(len(folders), 3, "results folders")
    for folder in folders:
        with open(place.path(f"results/{folder}/summary.json"), encoding="utf-8") as f:
            check_equal(json.load(f)["verdicts"]["passed"], 4, "passed")
    place.check_clean()


def what_scripts_print(place):
    place.write("s.lua", 'scenario("talks", function(t) print("hello", 1, nil, {} ~= nil) end)\n')
    done = place.run_clean("run", "s.lua", "--no-results").expect(0)
    check_equal(done.err, "fleetsim: talks: hello\t1\tnil\ttrue\n", "stderr")
    check("hello" not in done.out, f"stdout is the results': {done}")


main([failure_explains_itself, repeats_with_all_that_matters, same_seed_same_run, junit_of_every_verdict,
      junit_that_cannot_be_written, results_that_cannot_be_written, results_folder, quiet, side_by_side,
      what_scripts_print])
