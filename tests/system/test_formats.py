#!/usr/bin/env python3
"""The runner (order, rounds, retries, --fail-fast) and the formats that machines read: JUnit XML against its schema, TAP,
JSON lines, GitHub's annotations and summary."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from fleetsim_test import check, check_equal, check_in, main  # noqa: E402

# Of everything something. What is flaky fails until a second of the run is over.
MIXED = """
scenario("passes", { tags = { "smoke" } }, function(t)
  local car = t:vehicle()
  t:step("comes online", function()
    car:wait_online(30)
    t:step("#1 \\\\ inside", function() end)
  end)
end)
scenario("fails: 100 %, | <b>", function(t)
  t:step("wrong", function() t:equal(1, 2, "one\\ntwo") end)
end)
scenario("errs", function() error("oops") end)
scenario("is skipped", function(t) t:skip("no # reason") end)
scenario("is to do", function(t)
  t:todo("not built")
  t:fail("of course")
end)
scenario("is flaky", function(t)
  wait(0.3)
  if t:now() < 0.8 then
    t:fail("too early")
  end
end)
"""

# It counts in its file, which no two runs of it share.
COUNTS = """
local also = require "counter"
local count = 0
for _, name in ipairs { "a", "b", "c" } do
  scenario(name, function(t)
    count = count + 1
    t:equal(count, 1)
    t:equal(also(), 1)
    t:equal(require "counter", also)
    print(name, t:vehicle().index, t:random(1, 1000000))
  end)
end
"""


def validate(path):
    if shutil.which("xmllint") is None:
        print("    (no xmllint: the schema is not checked)")
        return
    done = subprocess.run(["xmllint", "--noout", "--schema", os.path.join(HERE, "junit.xsd"), path],
                          capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"{path}: {done.stderr}")


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def every_format_tells_the_same(place):
    place.write("s.lua", MIXED)
    summary = place.path("github.md")
    github = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": place.path("."), "GITHUB_STEP_SUMMARY": summary}
    done = place.run_clean("run", "s.lua", "--retries", "9", "--tap", "-", "--jsonl", "e.jsonl", "--junit", "j.xml", env=github)
    done.expect(1)

    validate(place.path("j.xml"))
    cases = {c.get("name"): c for c in ElementTree.parse(place.path("j.xml")).getroot().iter("testcase") if c.get("file")}
    check_equal(len(cases), 6, "cases")
    check_equal([p.get("name") for p in cases["passes"].iter("property")], ["tag", "step 1", "step 1.1"], "properties")
    check_equal(cases["is to do"].find("skipped").get("type"), "todo", "to do")
    check_equal(len(cases["fails: 100 %, | <b>"].findall("rerunFailure")), 9, "reruns")
    check_equal(len(cases["errs"].findall("rerunError")), 9, "reruns of an error")
    check(len(cases["is flaky"].findall("flakyFailure")) > 0, "flaky in JUnit")
    check(cases["is flaky"].find("failure") is None, "flaky is no failure")

    tap = done.out
    check(tap.startswith("TAP version 14\n") and re.search(r"\n1\.\.\d+\n$", tap), f"the frame of TAP: {tap}")
    check_in("    # Subtest: comes online\n        ok 1 - \\#1 \\\\ inside\n", tap)
    check(re.search(r"^not ok \d - is to do # TODO .*not built", tap, re.M), "to do in TAP")
    check(re.search(r"^ok \d - is skipped # SKIP no # reason$", tap, re.M), "skipped in TAP")
    check(re.search(r"^# flaky: passed in attempt \d+\nok \d - is flaky$", tap, re.M), "flaky in TAP")

    events = lines_of(place.path("e.jsonl"))
    check_equal((events[0]["event"], events[-1]["event"]), ("run_started", "run_finished"), "first and last event")
    last = [e["verdict"] for e in events if e["event"] == "scenario_finished" and not e["again"]]
    check_equal(sorted(last), ["error", "failed", "passed", "passed", "skipped", "todo"], "verdicts")
    checks = [e for e in events if e["event"] == "check_finished"]
    check(any(e["suite"] == "oracle" for e in checks), "the oracle's rules")
    check_equal(sum(events[-1]["verdicts"].values()) + len(checks), int(tap.split("1..")[-1]), "JSON lines and TAP")
    check_equal((events[-1]["flaky"], events[-1]["exit_status"]), (1, 1), "flaky, exit status")
    ended = [e for e in events if e["event"] == "scenario_finished" and e["name"] == "is flaky"]
    check_equal([e["again"] for e in ended], [True] * (len(ended) - 1) + [False], "attempts")
    check_equal((ended[0]["verdict"], ended[-1]["verdict"], ended[-1]["flaky"]), ("failed", "passed", True), "flaky in JSON lines")

    said = done.err
    check_in("::error file=s.lua,line=10,title=fails%3A 100 %25%2C | <b>::", said)
    check_in("::error file=s.lua,line=12,title=errs::", said)
    check(re.search(r"^::warning file=s.lua,line=\d+,title=is flaky::flaky: passed in attempt", said, re.M), "flaky annotated")
    check_in("2 passed (1 flaky", said)
    with open(summary, encoding="utf-8") as file:
        text = file.read()
    check(re.search(r"passed \(1 of them flaky\), 1 failed, 1 error, \d+ skipped, 1 todo", text), f"the summary: {text}")
    check_in("| fails: 100 %, \\| &lt;b> |", text)


def what_scripts_say_is_no_command_to_github(place):
    """A line that looks like one, in a failure, a name or a print, comes while GitHub takes none."""
    place.write("s.lua", 'scenario("fails", function(t) print("a\\n::error::printed") t:fail("so\\n::error::raised") end)\n'
                         'scenario("passes", function(t) end)\n')
    done = place.run_clean("run", "s.lua", "--no-results", env={"GITHUB_ACTIONS": "true"}).expect(1)
    pause, commands = None, []
    for line in done.out.splitlines():
        if pause is None and line.startswith("::stop-commands::"):
            pause = line.split("::")[2]
        elif pause is not None and line == f"::{pause}::":
            pause = None
        elif pause is None and line.startswith("::"):
            commands.append(line)
    check_equal((pause, len(commands)), (None, 1), f"commands: {commands} of {done}")
    check(commands[0].startswith("::error file=s.lua,line=1,title=fails::"), commands[0])
    check("\n::error::raised" in done.out, f"the text is not changed: {done}")
    check("stop-commands" not in place.run_clean("run", "s.lua", "--no-results").expect(1).out, "outside of GitHub")


def flaky_is_told_and_may_fail(place):
    place.write("s.lua", 'scenario("x", function(t) wait(0.2) if t:now() < 0.5 then t:fail("early") end end)')
    place.run_clean("run", "s.lua", "--retries", "9").expect(0, "flaky", "1 passed (1 flaky")
    place.run_clean("run", "s.lua", "--retries", "9", "--fail-on-flaky").expect(1, "1 passed (1 flaky")
    place.run_clean("run", "s.lua", "--retries", "101").refuses(2, "--retries 101: at most 100")
    place.run_clean("run", "s.lua", "--tap", "-", "--jsonl", "-").refuses(2, "only one of them can have stdout")
    place.run_clean("run", "s.lua", "--tap", "no/where").refuses(2, "--tap: no/where: No such file")


def said_by(done):
    return dict(re.findall(r"fleetsim: \w+: (\w)\t(.*)", done.err))


def order_does_not_matter(place):
    place.write("counter.lua", "local n = 0 return function() n = n + 1 return n end")
    place.write("s.lua", COUNTS)
    plain = place.run_clean("run", "s.lua", "--seed", "7").expect(0, "3 passed")
    orders = set()
    for _ in range(2):
        done = place.run_clean("run", "s.lua", "--seed", "7", "--shuffle", "--repeat", "4", "--jobs", "1", "--jsonl", "e.jsonl")
        done.expect(0, "12 scenarios in 4 rounds of 4: 12 passed", "seed 7, shuffled by it")
        started = [e["name"] for e in lines_of(place.path("e.jsonl")) if e["event"] == "scenario_started"]
        orders.add(tuple(started))
    check_equal(len(orders), 1, "orders by the same seed")
    order = orders.pop()
    rounds = [tuple(n[0] for n in order[i:i + 3]) for i in range(0, 12, 3)]
    check(all(sorted(r) == ["a", "b", "c"] for r in rounds) and len(set(rounds)) > 1, f"rounds: {rounds}")
    shuffled = place.run_clean("run", "s.lua", "--seed", "7", "--shuffle").expect(0)
    check_equal(said_by(shuffled), said_by(plain), "cars and draws")


def stops_early(place):
    place.write("s.lua", 'scenario("a", function(t) t:equal(t:random(1, 5) ~= 1, true) end)\n' * 1 +
                'scenario("b", function(t) wait(0.01) end)')
    done = place.run_clean("run", "s.lua", "--until-fail", "--jobs", "1", "--seed", "5", "--junit", "j.xml", "-q").expect(1, " of 1000: ", "1 failed")
    rounds = int(re.search(r"in (\d+) rounds? of 1000", done.out).group(1))
    check(rounds < 100, f"rounds: {rounds}")
    validate(place.path("j.xml"))
    # The command that it gives has the seed of that round.
    again = re.search(r"--seed (\d+)", done.out).group(1)
    check_equal(int(again), 5 + rounds - 1, "seed of the round")
    place.run_clean("run", "s.lua", "--filter", "a", "--seed", again).expect(1, "1 failed")
    place.write("f.lua", 'scenario("a", function(t) t:fail() end) scenario("b", function() end)')
    place.run_clean("run", "f.lua", "--fail-fast", "--jobs", "1", "--repeat", "3").expect(
        1, "2 scenarios in 1 round of 3: 0 passed, 1 failed, 1 skipped", 'not run: "a" has failed')


def an_interrupted_run_is_valid(place):
    place.write("s.lua", 'scenario("a", function() wait(60) end) scenario("b", { alone = true }, function() end)')
    with place.start("run", "s.lua", "--junit", "j.xml", "--tap", "t.tap", "--jsonl", "e.jsonl") as running:
        path = place.path("e.jsonl")
        running.until(lambda: os.path.exists(path) and "scenario_started" in open(path, encoding="utf-8").read(), "a scenario to start")
        running.send(signal.SIGTERM)
        running.wait().expect(143)
    validate(place.path("j.xml"))
    with open(place.path("t.tap"), encoding="utf-8") as file:
        check_in("Bail out! interrupted", file.read())
    check_equal(lines_of(path)[-1]["exit_status"], 143, "exit status in JSON lines")


def a_hundred_short_ones(place):
    for i in range(100):
        place.write(f"many/s{i:02}.lua", f"""
            scenario("short {i}", {{ timeout = 60 }}, function(t)
              local car, app = t:vehicle(), t:companion {{ timeout = 50 }}
              car:wait_online(50)
              t:equal(app:request(car, {{ locks = {{ all = "unlocked" }} }}):await(50).status, "SUCCEEDED")
            end)""")
    began = time.monotonic()
    place.run_clean("run", "many", "--no-results", "-q").expect(0, "100 scenarios: 100 passed")
    print(f"    a hundred short scenarios took {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main([every_format_tells_the_same, what_scripts_say_is_no_command_to_github, flaky_is_told_and_may_fail,
          order_does_not_matter, stops_early, an_interrupted_run_is_valid,
          a_hundred_short_ones])
