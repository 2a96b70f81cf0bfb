#!/usr/bin/env python3
"""The command line: help, options, their mirrors in the environment, and what is refused."""
import json
import os
import resource
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import PASSES, check, check_equal, check_in, main  # noqa: E402

COMMANDS = ["run", "cloud", "pki", "job", "job create", "job list", "job show", "job cars", "job watch", "job cancel",
            "job delete", "pki init", "pki issue", "pki export", "pki show"]


def help_of_every_command(place):
    for command in COMMANDS:
        done = place.run(*command.split(), "--help").expect(0, f"Usage: fleetsim {command}", "Examples:")
        check_equal(done.err, "", "stderr")
        check_in(f"  fleetsim {command.split()[0]}", done.out.split("Examples:")[1])
    place.check_clean()


def help_of_the_program(place):
    for option in ("--help", "-h", "help"):
        done = place.run(option).expect(0, "Usage: fleetsim COMMAND", "Exit status:")
        for command in COMMANDS[:3]:
            check_in(f"  {command} ", done.out)
    place.run("--version").expect(0, "fleetsim ")
    place.run().expect(2, "Usage: fleetsim COMMAND")
    place.run("fly").refuses(2, "fly: no such command", "--help")


def unknown_options(place):
    for command in ("run", "cloud", "pki init"):
        place.run(*command.split(), "--nonsense").refuses(2, "--nonsense: unknown option", f"fleetsim {command} --help")
        place.run(*command.split(), "-Z").refuses(2, "-Z: unknown option")
    place.run("run", "x.lua", "--no-results=yes").refuses(2, "--no-results")
    place.run("run", "--seed").refuses(2, "--seed: needs a value")
    place.run("run", "x.lua", "-n").refuses(2, "-n: needs a value")


def bad_option_values(place):
    place.write("s.lua", PASSES)
    for option, value in (("vehicles", "many"), ("vehicles", "-1"), ("vehicles", "99999999999999999999"),
                          ("vehicles", "2000000"), ("vehicles", ""), ("timeout", "soon"), ("timeout", "-5s"),
                          ("time-limit", "1x"), ("time-scale", "fast"), ("time-scale", "0"), ("time-scale", "-1"),
                          ("time-scale", "nan"), ("mqtt", "4"), ("keep-alive", "70000"), ("seed", "0x1")):
        place.run_clean("run", "s.lua", f"--{option}={value}").refuses(2, f"--{option}")
    place.run_clean("cloud", "--dir", "x", "--port", "70000").refuses(2, "--port 70000")
    place.run_clean("cloud").refuses(2, "--dir")
    check(not os.path.exists(place.path("results")), "results of a run that never was")


def options_from_the_environment(place):
    place.write("s.lua", PASSES)
    place.run_clean("run", "s.lua", env={"FLEETSIM_TIME_SCALE": "fast"}).refuses(2, "FLEETSIM_TIME_SCALE=fast")
    place.run_clean("run", "s.lua", env={"FLEETSIM_QUIET": "perhaps"}).refuses(2, "FLEETSIM_QUIET=perhaps")
    place.run_clean("run", "s.lua", env={"FLEETSIM_FILTER": "zebra"}).refuses(2, "zebra")
    place.run_clean("run", "s.lua", "--filter", "pass", "--list", env={"FLEETSIM_FILTER": "zebra"}).expect(0, "passes")
    place.run_clean("run", "s.lua", env={"FLEETSIM_SEED": "4711", "FLEETSIM_NO_RESULTS": "1"}).expect(0, "seed 4711")
    check(not os.path.exists(place.path("results")), "results in spite of FLEETSIM_NO_RESULTS")


def list_of_scenarios(place):
    place.write("two/b.lua", 'scenario("second", function() end)\n')
    place.write("two/a.lua", '\nscenario("first", function() end)\n')
    done = place.run_clean("run", "two/", "--list").expect(0)
    check_equal(done.out, "two/a.lua:2: first\ntwo/b.lua:1: second\n", "list")
    check_equal(done.err, "", "stderr")
    done = place.run_clean("run", "two/", "--list", "--filter", "sec").expect(0)
    check_equal(done.out, "two/b.lua:1: second\n", "list")
    check(not os.path.exists(place.path("results")), "results of a list")


def filter_without_a_match(place):
    place.write("s.lua", PASSES)
    place.run_clean("run", "s.lua", "--filter", "zebra").refuses(2, "no scenario matches 'zebra'", "--list")
    check(not os.path.exists(place.path("results")), "results of a run that never was")


def no_scenarios(place):
    place.run_clean("run").refuses(2, "no scenario given")
    os.mkdir(place.path("empty"))
    place.run_clean("run", "empty").refuses(2, "no scenario found")
    place.write("empty/none.lua", "local x = 1\n")
    place.run_clean("run", "empty/").refuses(2, "no scenario found")


def not_enough_descriptors(place):
    """Known before anything starts, with the remedy."""
    place.write("s.lua", PASSES)

    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))

    place.run_clean("run", "s.lua", "--vehicles", "1000", preexec=few).refuses(
        2, "1000 vehicles need 1256 file descriptors, the limit is 300", "ulimit -n 1256", "--vehicles 44")
    check(not os.path.exists(place.path("results")), "results of a run that never was")
    place.run_clean("run", "s.lua", "--vehicles", "40", "--client", "paho", preexec=few).refuses(
        2, "40 vehicles need 336 file descriptors", "ulimit -n 336", "--vehicles 22")
    place.run_clean("run", "s.lua", "--vehicles", "40", preexec=few).expect(0, "1 passed")


def a_fleet_larger_than_the_descriptors(place):
    """What only the scenario knows is said when it asks for it, not when the descriptors are gone."""
    place.write("s.lua", 'scenario("large", function(t) t:fleet { count = 45 } end)\n')

    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))

    place.run_clean("run", "s.lua", preexec=few).expect(3, "45 vehicles need 301 file descriptors", "ulimit -n 301")


def fleets_side_by_side(place):
    """As many scenarios at once as there are descriptors for, each with a whole fleet and the time for
    it; how long cars wait to connect is told apart."""
    place.write("s.lua", "for i = 1, 3 do\n"
                '  scenario("fleet " .. i, { timeout = 0.5, timeout_per_car = 0.5 }, function(t)\n'
                "    t:fleet { count = 2 }:wait_online()\n    t:wait(0.6)\n  end)\nend\n")

    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))

    done = place.run_clean("run", "s.lua", "--vehicles", "40", "--connect-concurrency", "5", "--connect-rate", "400",
                           preexec=few)
    done.expect(0, "3 passed", "connect.queue")
    with open(f"{place.results()}/summary.json", encoding="utf-8") as f:
        stages = json.load(f)["stages_us"]
    check_equal(stages["connect.queue"]["count"], 120, "cars that went through the gate")
    check_equal(stages["connect.total"]["count"], 120, "cars that connected")
    check(stages["connect.queue"]["max"] >= 50000, f"forty at 400 a second: {stages['connect.queue']}")


def bad_connect_limits(place):
    place.write("s.lua", PASSES)
    for option in ("--connect-rate", "--connect-concurrency"):
        place.run_clean("run", "s.lua", option, "fast").refuses(2, option)


main([help_of_every_command, help_of_the_program, unknown_options, bad_option_values,
      options_from_the_environment, list_of_scenarios, filter_without_a_match, no_scenarios,
      not_enough_descriptors, a_fleet_larger_than_the_descriptors, fleets_side_by_side, bad_connect_limits])
