#!/usr/bin/env python3
"""What scenarios say that fail: steps, soft expectations, what is to do, what runs afterwards, cases,
tags and parameters, as a person and as the results see them."""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import check, check_equal, check_in, main  # noqa: E402

FAILS = """
after(function(t) if t.name == "soft" then error("the bill is wrong") end end)

scenario("soft", function(t)
  local car = t:vehicle { power = "off" }
  t:step("look", function()
    t.soft:equal(car.state.locks.all, "unlocked", "the locks")
    t.soft:near(car.state.climate.target, 99, 1, "the heat")
  end)
end)

scenario("late", function(t)
  local car = t:vehicle { power = "off" }
  t:step("wait for ever", { timeout = 0.2 }, function()
    car:wait_event("signal", 60)
  end)
end)

scenario("to do", function(t)
  t:todo("no wings yet")
  t:equal(t:vehicle { power = "off" }.state.locks.all, "unlocked", "the wings")
end)

scenario("done", function(t) t:todo("is done") end)
"""


def failures_name_steps_and_expectations(place):
    place.write("s.lua", FAILS)
    done = place.run_clean("run", "s.lua", "--junit", "junit.xml")
    done.expect(
        1, "4 scenarios: 1 passed, 2 failed, 1 todo",
        "s.lua:7: 2 expectations did not hold, the first: the locks: expected \"unlocked\", saw \"locked\"",
        "s.lua:8: the heat: expected 99 ± 1, saw ", "(in step 'look')",
        "s.lua:15: step 'wait for ever': expected it to take at most 0.2 s, it still waits (in step 'wait for ever')",
        "todo   to do", "no wings yet (the wings: expected \"unlocked\"",
        "ok     done", "passed, though it was to fail (is done): take t:todo away")
    check_in("the bill is wrong", done.out.split("what went wrong in after()")[1])
    cases = {c.get("name"): c for c in ElementTree.parse(place.path("junit.xml")).getroot().iter("testcase")}
    check(cases["soft"].find("failure") is not None, "soft has failed")
    check_in("no wings yet", cases["to do"].find("skipped").get("message"))
    check(cases["done"].find("skipped") is None, "what passed is no todo")


CASES = """
local count = param("count", 2)
local model = param("model", "compact_ev", { choices = { "compact_ev", "combustion_van" } })

scenario("door {door} of {count}", { tags = { "doors" }, cases = { { door = "left", count = 1 }, { door = "right", count = 2 } } },
  function(t, case)
    t:is_true(case.count <= count, "count")
    t:equal(t:vehicle { model = model, power = "off" }.model, t.param.model)
  end)

scenario("slow", { tags = { "slow", "night" } }, function(t) t:fail("must not run") end)
"""


def cases_tags_and_parameters(place):
    place.write("s.lua", CASES)
    run = ["run", "s.lua", "--no-results"]
    place.run_clean(*run, "--tag", "doors").expect(0, "ok     door left of 1", "ok     door right of 2", "2 scenarios: 2 passed")
    place.run_clean(*run, "--tag", "doors", "--tag", "!doors").refuses(2, "no scenario has the tags")
    place.run_clean(*run, "--tag", "a b").refuses(2, "--tag a b: not tags")
    listed = place.run_clean("run", "s.lua", "--list", "--tag", "!slow,night").expect(0)
    check_equal(listed.out.count("door "), 2, "scenarios listed")

    failed = place.run_clean(*run, "--tag", "doors", "--param", "count=1", "--param", "model=combustion_van")
    failed.expect(1, "2 scenarios: 1 passed, 1 failed", "count: expected a true value")
    again = re.search(r"again with: (.*)", failed.out).group(1)
    for part in ("--filter 'door right of 2'", "--param count=1", "--param model=combustion_van"):
        check_in(part, again)

    place.run_clean(*run, "--param", "cuont=1").refuses(2, "no file declares a parameter 'cuont'", "did you mean 'count'?")
    place.run_clean(*run, "--param", "count").refuses(2, "--param count: not a parameter")
    place.run_clean(*run, "--param", "count=many").refuses(2, "--param count=many: expected a whole number")
    place.run_clean(*run, "--param", "model=tank").refuses(2, "not one of compact_ev, combustion_van")


main([failures_name_steps_and_expectations, cases_tags_and_parameters])
