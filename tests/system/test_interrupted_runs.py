#!/usr/bin/env python3
"""Runs that end early: killed, interrupted, out of time, or without their broker. What was recorded
up to then is kept and can be read, and nothing else is left."""
import json
import os
import signal
import sys
import time
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import PASSES, check, check_equal, check_in, main  # noqa: E402

# One has passed, one is under way, and one has not begun.
THREE = """
scenario("early", function(t)
  local car, app = t:vehicle(), t:companion()
  car:wait_online()
  t:equal(app:desire(car, { locks = { all = "unlocked" } }):await().status, "SUCCEEDED")
end)
scenario("endless", { timeout = 300 }, function(t)
  local car = t:vehicle()
  car:wait_online()
  t:wait(200)
end)
scenario("later", function(t) t:vehicle():wait_online() end)
"""


def begin(place, *more):
    """Starts them; goes on once the first has passed and the second's car is online and recorded."""
    place.write("s.lua", THREE)
    running = place.start("run", "s.lua", "--jobs", "1", "--junit", "junit.xml", "--trace", *more)
    try:
        running.until_said("ok     early")
        began = time.monotonic()
        running.until(lambda: "endless" not in running.text()[0] and time.monotonic() > began + 1.3, "a second")
    except BaseException:
        running.__exit__()
        raise
    return running


def check_hlog(path):
    with open(path, encoding="ascii") as f:
        lines = f.read().split("\n")
    check_in("[Histogram log format version 1.", "\n".join(lines[:5]))
    check_equal(lines[-1], "", "the last line's end")
    rows = [line for line in lines if line.startswith("Tag=")]
    check(rows, "no interval in the log")
    check(any(row.startswith("Tag=connect.total,") for row in rows), f"connect.total is not among {rows}")
    for row in rows:
        check_equal(len(row.split(",")), 5, f"columns of {row}")
    return rows


def check_trace(path, whole=True):
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    for line in lines[:-1]:
        json.loads(line)
    if whole:
        check_equal(lines[-1], "", "the last line's end")
    check(len(lines) > 10, "too little in the trace")


def check_results(place, status, reason, complete=True):
    """The results folder after an end by that reason."""
    folder = place.results()
    with open(f"{folder}/summary.json", encoding="utf-8") as f:
        summary = json.load(f)
    check_equal(summary["complete"], complete, "complete")
    check_equal(summary.get("exit_status"), status, "exit_status")
    if reason:
        check_in(reason, summary["reason"])
    check_equal(summary["verdicts"]["passed"], 1, "passed")
    check(summary["counters"]["commands.succeeded"] == 1, "the command is not counted")
    check_hlog(f"{folder}/latency.hlog")
    check_trace(f"{folder}/trace.jsonl", complete)
    suites = ElementTree.parse(f"{folder}/junit.xml").getroot()
    cases = {c.get("name"): c for suite in suites if suite.get("name") != "oracle" for c in suite.iter("testcase")}
    check_equal(list(cases), ["early", "endless", "later"], "cases in junit.xml")
    check(not list(cases["early"].findall("error")), "the scenario that passed has an error")
    for name in ("endless", "later"):
        errors = cases[name].findall("error") + cases[name].findall("skipped")
        check_equal(len(errors), 1, f"errors of {name} in junit.xml")
        if reason:
            check_in(reason, errors[0].get("message"))
    return folder


def check_junit_copy(place):
    cases = ElementTree.parse(place.path("junit.xml")).getroot().iter("testcase")
    check_equal([c.get("name") for c in cases if c.find("error") is not None], ["endless", "later"], "errors in --junit")


def broker_killed(place):
    with begin(place) as running:
        os.kill(running.broker(), signal.SIGKILL)
        done = running.wait(5)
    done.expect(4, "ERROR  endless", "aborted: local cloud", "not run: local cloud", "1 passed, 2 error", "results: ")
    check_equal(len(done.messages()), 1, f"messages of {done}")
    check_in("local cloud: mosquitto: killed by signal 9", done.messages()[0])
    check_results(place, 4, "killed by signal 9")
    check_junit_copy(place)
    place.check_clean(str(done))


def broker_killed_while_starting(place):
    """Whenever that is: never a success, never a hang."""
    place.write("s.lua", THREE)
    for _ in range(5):
        with place.start("run", "s.lua", "--no-results") as running:
            os.kill(running.broker(), signal.SIGKILL)
            done = running.wait(10).expect(4)
        check_equal(len(done.messages()), 1, f"messages of {done}")
        place.check_clean(str(done))


def program_killed(place):
    """Nobody can clean up then, except the kernel, which ends the broker."""
    with begin(place) as running:
        broker = running.broker()
        running.send(signal.SIGKILL)
        running.process.wait()
        place.check_no_broker(within=1.0)
        check(not os.path.exists(f"/proc/{broker}/exe"), "the broker lives on")
    check_results(place, None, None, complete=False)
    left = os.listdir(place.tmp)
    check(left, "expected the dead run's temporary folder")
    # Young folders are left alone: they may belong to a run that starts just now.
    for name in left:
        os.utime(os.path.join(place.tmp, name), (time.time() - 120,) * 2)
    place.write("p.lua", PASSES)
    place.run("run", "p.lua", "--no-results").expect(0)
    place.check_clean("the next run")


def interrupted(place, number=signal.SIGINT):
    with begin(place) as running:
        running.send(number)
        done = running.wait(5)
    done.expect(128 + number, "ERROR  endless", "aborted: interrupted", "not run: interrupted", "1 passed, 2 error",
                "results: ")
    check_equal(len(done.messages()), 1, f"messages of {done}")
    check_in("interrupted", done.messages()[0])
    check_results(place, 128 + number, "interrupted")
    check_junit_copy(place)
    place.check_clean(str(done))


def terminated(place):
    interrupted(place, signal.SIGTERM)


def interrupted_twice(place):
    """At once, even though the first one is still being obeyed: here its broker does not end."""
    with begin(place) as running:
        broker = running.broker()
        os.kill(broker, signal.SIGSTOP)
        running.send(signal.SIGINT)
        running.until_said("results: ")
        began = time.monotonic()
        running.send(signal.SIGINT)
        running.process.wait(5)
        check(time.monotonic() - began < 0.5, "that took long")
        check(running.process.returncode in (128 + signal.SIGINT, -signal.SIGINT), f"{running.process.returncode}")
        place.check_no_broker(within=1.0)


def interrupted_twice_while_busy(place):
    """A pattern that backtracks for years keeps the loop busy inside of one instruction."""
    place.write("s.lua", 'scenario("busy", function() string.find(("a"):rep(500), (".-"):rep(12) .. "b") end)\n')
    with place.start("run", "s.lua", "--no-results") as running:
        running.broker()
        time.sleep(0.7)
        running.send(signal.SIGINT)
        time.sleep(0.2)
        check(running.process.poll() is None, "it is not as busy as it should be")
        running.send(signal.SIGINT)
        running.process.wait(5)
        check_equal(running.process.returncode, 130, "exit status")
        place.check_no_broker(within=1.0)


def interrupted_by_a_group(place):
    """As a terminal does it: every process of the group gets the signal, the broker must not."""
    place.write("s.lua", THREE)
    with place.start("run", "s.lua", preexec=os.setsid) as running:
        running.until_said("ok     early")
        os.killpg(running.pid, signal.SIGINT)
        done = running.wait(5).expect(130, "interrupted")
        check("mosquitto" not in done.err, f"the broker ended first: {done}")
    place.check_clean(str(done))


def interrupted_while_starting(place):
    """However early: the status says so, and nothing is left."""
    place.write("s.lua", THREE)
    for delay in (0.005, 0.02, 0.04, 0.06, 0.1):
        with place.start("run", "s.lua", "--no-results", "--vehicles", "300") as running:
            time.sleep(delay)
            running.send(signal.SIGINT)
            running.process.wait(10)
            check(running.process.returncode in (130, -signal.SIGINT), f"{delay}: {running.process.returncode}")
        place.check_no_broker()
    place.run("run", "s.lua", "--no-results", "--filter", "early").expect(0)
    place.check_clean()


def time_limit(place):
    place.write("s.lua", THREE)
    done = place.run_clean("run", "s.lua", "--jobs", "1", "--time-limit", "2s", "--junit", "junit.xml", "--trace")
    done.expect(124, "ok     early", "ERROR  endless", "aborted: time limit reached", "not run: time limit reached")
    check_equal(len(done.messages()), 1, f"messages of {done}")
    check_in("time limit reached (--time-limit)", done.messages()[0])
    check_results(place, 124, "time limit")
    check_junit_copy(place)


def scenario_timeout(place):
    """Of one scenario: it fails where it waited, the others go on."""
    place.write("s.lua", THREE)
    place.run_clean("run", "s.lua", "--filter", "endless", "--no-results", "--time-limit", "1s").expect(124)
    place.write("t.lua", 'scenario("slow", { timeout = 0.5 }, function(t)\n  t:vehicle():wait_online()\n  t:wait(60)\nend)\n'
                + PASSES)
    done = place.run_clean("run", "t.lua").expect(1, "FAIL   slow", "ok     passes",
                                                  "t.lua:3: timed out after 0.5 s, still waiting at t.lua:3",
                                                  "connecting → syncing")
    check_equal(done.err, "", "stderr")


def output_closed(place):
    """`fleetsim run … | head -1`: no crash, and the results are there."""
    place.write("s.lua", PASSES)
    reader, writer = os.pipe()
    os.close(reader)

    def no_reader():
        os.dup2(writer, 1)

    done = place.run("run", "s.lua", preexec=no_reader)
    os.close(writer)
    check(done.status >= 0 and done.status < 126, f"{done}")
    with open(f"{place.results()}/summary.json", encoding="utf-8") as f:
        check_equal(json.load(f)["verdicts"]["passed"], 1, "passed")
    place.check_clean()


main([broker_killed, broker_killed_while_starting, program_killed, interrupted, terminated, interrupted_twice, interrupted_twice_while_busy,
      interrupted_by_a_group, interrupted_while_starting, time_limit, scenario_timeout, output_closed])
