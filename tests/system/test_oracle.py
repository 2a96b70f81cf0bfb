#!/usr/bin/env python3
"""The oracle in a run: a violation fails the scenario and is in the results; rules can be chosen; wrong
names are refused."""
import json
import os
import sys
from xml.etree import ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import check, check_equal, check_in, main  # noqa: E402

WRONG = """
scenario("asserts nothing", function(t)
  local car = t:vehicle()
  car:wait_online(10)
  t:sabotage("talks_asleep", car)
  car:sleep()
end)
"""

UNSEEN = """
scenario("expects too much", function(t)
  local car = t:vehicle()
  car:wait_online(10)
  t:expect_violation("command.once")
end)
"""


def suite(root):
    cases = [s for s in root.findall("testsuite") if s.get("name") == "oracle"]
    check_equal(len(cases), 1, "suites of the oracle")
    return {c.get("name"): c for c in cases[0].iter("testcase")}


def a_violation_fails_the_scenario(place):
    place.write("s.lua", WRONG)
    done = place.run("run", "s.lua", "--trace", "--junit", "junit.xml").expect(
        1, "oracle: asleep.sends-nothing: car 0 (", "expected silence of a car that is asleep",
        "docs/oracle.md#asleep.sends-nothing", "1 scenario: 0 passed, 1 failed")
    check_in("oracle  asleep.sends-nothing: expected silence", done.out)
    by_name = suite(ElementTree.parse(place.path("junit.xml")).getroot())
    check(by_name["asleep.sends-nothing"].find("failure") is not None, "the rule's case has failed")
    check(by_name["report.matches-signals"].find("failure") is None, "other rules have not")
    check(int(by_name["report.matches-signals"].get("assertions")) > 50, "its checks are counted")
    with open(f"{place.results()}/summary.json", encoding="utf-8") as f:
        summary = json.load(f)
    check_equal(summary["counters"]["oracle.violations"], 1, "violations")
    check_equal(summary["counters"]["oracle.violations.asleep.sends-nothing"], 1, "of the rule")
    check(summary["counters"]["oracle.checks.shadow.version-rises"] >= 1, "checks by rule")
    check_equal(summary["verdicts"]["failed"], 1, "the oracle's cases are no scenarios")
    with open(f"{place.results()}/trace.jsonl", encoding="utf-8") as f:
        check(any('"oracle"' in line and "asleep.sends-nothing" in line for line in f), "in the trace")


def rules_are_chosen(place):
    place.write("s.lua", WRONG.replace("talks_asleep", "answers_twice"))
    place.run("run", "s.lua", "--no-results", "--oracle", "twin.agrees").expect(0, "1 passed")
    place.write("s.lua", WRONG)
    place.run("run", "s.lua", "--no-results", "--oracle", "-asleep.sends-nothing").expect(0, "1 passed")
    place.run("run", "s.lua", "--no-results", "--oracle", "off").expect(0, "1 skipped")
    place.run("run", "s.lua", "--oracle", "twin.agree").expect(2)
    check_in("did you mean twin.agrees?", place.run("run", "s.lua", "--oracle", "twin.agree").err)


def what_is_expected_must_come(place):
    place.write("s.lua", UNSEEN)
    place.run("run", "s.lua", "--no-results", "--time", "virtual").expect(
        1, "expected a violation of command.once, saw none")



main([a_violation_fails_the_scenario, rules_are_chosen, what_is_expected_must_come])
