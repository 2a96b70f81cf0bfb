#!/usr/bin/env python3
"""What `fleetsim check` says of scripts, and that `fleetsim run` runs nothing that it finds wrong."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import PASSES, ROOT, check, check_equal, main  # noqa: E402

WRONG = '''scenario("wrong", { timeout = 20 }, function(t)
  local car, app = t:vehicle(), t:companion()
  t:equals(car.link, "online")
  app:desire(car, { lokcs = { all = "locked" } })
  car.state.locks.all = "loked"
end)
'''


def all_that_ships(place):
    """No false alarm in 100 files, and no warning."""
    done = place.run("check", os.path.join(ROOT, "scenarios"), os.path.join(ROOT, "vehicles"), "--strict").expect(0)
    check("nothing wrong" in done.out, f"summary: {done}")


def problems_with_places(place):
    place.write("wrong.lua", WRONG)
    place.write("broken.lua", "local x = = 1\n")
    place.write("fine.lua", PASSES)
    done = place.run("check", "wrong.lua", "broken.lua", "fine.lua").expect(2)
    check_equal(done.out.splitlines(), [
        "broken.lua:1:11: error: unexpected symbol near '='",
        "wrong.lua:3:5: error: a test has no 'equals'; did you mean 'equal'?",
        "wrong.lua:4:21: error: no signal 'lokcs' in model compact_ev; did you mean 'locks'?",
        "wrong.lua:5:25: error: locks.all: loked is not one of locked, unlocked, mixed; did you mean 'locked'?",
        "3 files: 4 errors, 0 warnings"], "output")
    check_equal(done.err, "", "stderr")


def as_json(place):
    place.write("wrong.lua", WRONG)
    said = json.loads(place.run("check", "wrong.lua", "--json").expect(2).out)
    check_equal((said["files"], said["errors"], said["warnings"]), (1, 3, 0), "counts")
    check_equal(said["problems"][0], {
        "file": "wrong.lua", "line": 3, "column": 5, "severity": "error", "rule": "unknown-name",
        "text": "a test has no 'equals'; did you mean 'equal'?"}, "first problem")


def what_is_required(place):
    """A module is checked with who requires it; a missing one is named."""
    place.write("help.lua", "local t = {}\nfunction t.go() return undefined_thing end\nreturn t\n")
    place.write("s.lua", 'local help = require "help"\nlocal gone = require "hlep"\n' + PASSES)
    place.run("check", "s.lua").expect(2, "help.lua:2:24: error: undefined variable 'undefined_thing'",
                                       "s.lua:2:22: error: module 'hlep' not found", "did you mean 'help'?", "2 files")


def a_model_of_ones_own(place):
    """Its parts and signals are tried; its options are their names."""
    place.write("mine.lua", 'local locks = require "parts.locks"\n'
                            'return model { name = "mine", parts = { locks { motor_secnds = 1 } } }\n')
    place.run("check", "mine.lua").expect(2, "mine.lua:2:1: error: part locks has no option 'motor_secnds'")


def warnings(place):
    place.write("s.lua", 'scenario("x", { timeout = 5 }, function(t) t:vehicle():wait_online(20) end)\n')
    place.run("check", "s.lua").expect(0, "s.lua:1:68: warning: car:wait_online: 20 s is longer")
    place.run("check", "s.lua", "--strict").expect(2)
    place.write("s.lua", 'scenario("x", { timeout = 5 }, function(t) t:vehicle():wait_online(20) end) -- check: ignore\n')
    place.run("check", "s.lua", "--strict").expect(0)


def wrong_use(place):
    place.run("check").refuses(2, "no file given")
    place.run("check", "nowhere.lua").refuses(2, "nowhere.lua: No such file or directory")
    place.write("code.lua", b"\x1bLua\x54\x00")
    place.run("check", "code.lua").expect(2, "code.lua:1:1: error: bytecode is not loaded")


def before_anything_runs(place):
    place.write("fine.lua", PASSES)
    place.write("wrong.lua", WRONG)
    done = place.run_clean("run", "fine.lua", "wrong.lua").expect(3, "wrong.lua:3:5: error: a test has no 'equals'",
                                                                  "3 errors found before anything ran")
    check_equal(done.out, "", "stdout")
    check(not os.path.exists(place.path("results")), "results of a run that never was")
    place.run_clean("run", "fine.lua", "wrong.lua", "--no-check").expect(3, "1 passed, 1 error")


main([all_that_ships, problems_with_places, as_json, what_is_required, a_model_of_ones_own, warnings, wrong_use,
      before_anything_runs])
