#!/usr/bin/env python3
"""What is said before cars connect: whose address it is, and whether that is meant; what the machine and an AWS account
can hold. The foreign addresses are those for documentation, and nobody ever connects to them."""
import os
import pty
import select
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import FLEETSIM, PATIENCE, ROOT, Failed, check, check_equal, check_in, main  # noqa: E402

FOREIGN = ["--endpoint", "mqtts://198.51.100.1:8883", "--pki", "lab", "--no-results"]
FLEET = 'scenario("a fleet", { timeout = 10 }, function(t) t:fleet { count = 101 } end)\n'
LOAD = os.path.join(ROOT, "scenarios/load/steady.lua")


def at_terminal(place, answer, *arguments):
    """Runs it at a terminal, answers the question, and gives its exit status and all that it said."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([FLEETSIM, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, cwd=place.dir,
                               env=place.environment({"TERM": "xterm"}))
    os.close(theirs)
    said, answered, end = b"", False, time.monotonic() + PATIENCE
    try:
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    said += os.read(ours, 65536)
                except OSError:
                    break
            if not answered and b"[y/N]" in said:
                os.write(ours, answer)
                answered = True
        else:
            raise Failed(f"still running: {said.decode()}")
        return process.wait(PATIENCE), said.decode().replace("\r\n", "\n")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def nobody_to_ask(place):
    place.run("pki", "init", "--dir", "lab", "--vehicles", "2").expect(0)
    place.write("s.lua", FLEET)
    for command in (["run", "s.lua", "--vehicles", "101"], ["load", LOAD, "--vehicles", "101"]):
        place.run_clean(*command, *FOREIGN).refuses(2, "101 cars to mqtts://198.51.100.1:8883", "--yes")
    # What only the scenario knows.
    place.run_clean("run", "s.lua", *FOREIGN).expect(2, "101 cars to mqtts://198.51.100.1:8883", "--yes")
    place.run_clean("load", LOAD, *FOREIGN).expect(2, "1000 cars to mqtts://198.51.100.1:8883", "--yes")


def somebody_says_no(place):
    place.run("pki", "init", "--dir", "lab", "--vehicles", "2").expect(0)
    place.write("s.lua", FLEET)
    for answer in (b"n\n", b"\n", b"\x04"):
        status, said = at_terminal(place, answer, "run", "s.lua", "--vehicles", "101", *FOREIGN)
        check_equal(status, 2, said)
        check_in("101 cars are about to connect to mqtts://198.51.100.1:8883, which is not this machine.", said)
        check_in("101 cars to mqtts://198.51.100.1:8883: not wanted", said)
    status, said = at_terminal(place, b"no\n", "load", LOAD, "--vehicles", "5000", "--commands", "400/s", "--profile", "aws",
                               "--ramp", "10s", *FOREIGN)
    check_equal(status, 2, said)
    for part in ("TOO MANY (--ramp 80s, --connect-rate 62)", "TOO MANY (--apps 8)", "check yours", "[y/N]", "not wanted"):
        check_in(part, said)
    check_equal(said.count("[y/N]"), 1, "questions")


def nobody_is_asked_on_this_machine(place):
    place.write("s.lua", FLEET.replace("t:fleet", "local f = t:fleet").replace(" end)", " f:wait_online() end)"))
    with place.cloud():
        place.run("run", "s.lua", "--cloud", "lab", "--no-results", "--timeout", "30s").expect(0)


def what_does_not_fit(place):
    done = place.run("load", LOAD, "--vehicles", "900000", "--no-results", "--cloud", "nowhere")
    done.expect(2)
    check("ulimit -n" in done.err or "of memory" in done.err, f"no remedy in {done}")


if __name__ == "__main__":
    main([nobody_to_ask, somebody_says_no, nobody_is_asked_on_this_machine, what_does_not_fit])
