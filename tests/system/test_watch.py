#!/usr/bin/env python3
"""`fleetsim run --watch`: again when a scenario, a module or a model is saved, until Ctrl-C."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import check, check_equal, main  # noqa: E402

SCENARIO = 'scenario("it", function(t) t:equal(require("number"), 1) end)\n'
WAITS = "waiting for a file to be saved"


def rounds(running):
    return running.text()[0].count(WAITS)


def until_round(running, number):
    running.until(lambda: rounds(running) >= number, f"round {number}")


def save_as_editors_do(place, name, content):
    """A file of another name takes its place."""
    place.write("." + name + ".swp", content)
    os.replace(place.path("." + name + ".swp"), place.path(name))


def again_when_a_file_is_saved(place):
    """A scenario that is changed, a module that it requires, one that is new; nothing else."""
    place.write("scenarios/s.lua", SCENARIO)
    place.write("scenarios/number.lua", "return 1\n")
    with place.start("run", "scenarios", "--watch", "--no-results") as running:
        until_round(running, 1)
        place.write("scenarios/notes.txt", "no scenario")
        place.write("scenarios/number.lua", "return 2\n")
        until_round(running, 2)
        place.write("scenarios/number.lua", "return 1\n")
        until_round(running, 3)
        place.write("scenarios/new.lua", 'scenario("new", function() end)\n')
        until_round(running, 4)
        running.send(signal.SIGINT)
        done = running.wait()
    done.expect(128 + signal.SIGINT, "scenarios/number.lua was saved: once more", "scenarios/new.lua was saved: once more")
    check("notes.txt" not in done.out, f"a text is no script: {done}")
    told = [line.split("(")[0].strip() for line in done.out.splitlines() if " scenario" in line and "passed" in line]
    check_equal(told, ["1 scenario: 1 passed", "1 scenario: 0 passed, 1 failed", "1 scenario: 1 passed", "2 scenarios: 2 passed"],
                "verdicts")
    place.check_clean()


def a_mistake_is_waited_for(place):
    """What cannot be read yet is read again when it has been mended; a file may be replaced, as editors do."""
    place.write("s.lua", "scenario('it', function(t)\n")
    with place.start("run", "s.lua", "--watch", "--no-results") as running:
        until_round(running, 1)
        save_as_editors_do(place, "s.lua", "scenario('it', function() end)\n")
        until_round(running, 2)
        running.send(signal.SIGTERM)
        done = running.wait()
    done.expect(128 + signal.SIGTERM, "s.lua was saved: once more", "1 scenario: 1 passed")
    place.check_clean()


def wrong_usage(place):
    place.write("s.lua", SCENARIO)
    for option in (("--list",), ("--tap", "-"), ("--jsonl", "-")):
        place.run("run", "s.lua", "--watch", *option).refuses(2, "--watch")


main([again_when_a_file_is_saved, a_mistake_is_waited_for, wrong_usage])
