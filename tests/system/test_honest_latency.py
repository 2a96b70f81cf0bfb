#!/usr/bin/env python3
"""The latency that is reported is right: against proxies that add a known delay, or stall for a second, the percentiles
are those of theory; and what is not corrected for coordinated omission visibly does not show the stall.

Lower bounds follow from the proxies alone and hold on any machine. Upper bounds leave room for how late the simulator and the
proxy were by their own account; a machine on which the simulator could not keep up proves nothing, and the test says so.
"""
import json
import math
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import Skipped, check, check_equal, main  # noqa: E402
from slow_proxy import SlowProxy  # noqa: E402

INVALID = 6
RESOLUTION = 1 / 1000  # three significant digits
NOISE = 60e3  # µs that a broker and three processes on a busy machine may take besides


def load(*options):
    """`fleetsim load` with what all runs here share: lights need 50 ms, and nothing is left to chance."""
    return ["load", "--pki", "lab", "--command", "lights", "--arrivals", "constant", "--warm-up", "0s", "--probes", "0",
            "--lag-budget", "20ms", "--seed", "5", *options]


def port_of(cloud):
    return int(cloud.endpoint.rsplit(":", 1)[1])


def through(proxy):
    return f"mqtts://127.0.0.1:{proxy.port}"


def stages_of(place, done):
    """What was measured, in µs."""
    if done.status == INVALID:
        raise Skipped(f"this machine is too busy to measure on: {(done.err.splitlines() or ['?'])[-1]}")
    done.expect(0)
    with open(os.path.join(place.results(), "summary.json"), encoding="utf-8") as f:
        return json.load(f)["stages_us"]


def within(stage, percentile, theory, room, what):
    """Not below theory, and above it by no more than the resolution and the room."""
    seen = stage[percentile]
    text = f"{what} {percentile}: {seen} µs, theory says {theory:.0f}, and up to {room:.0f} more for noise"
    check(theory * (1 - RESOLUTION) - 1 <= seen <= theory * (1 + RESOLUTION) + room, text)


def known_delay(place):
    """A car in five is 150 ms from the cloud, the others 50: so say the percentiles of each stage."""
    near, far = 50e3, 150e3
    with place.cloud("lab") as cloud, SlowProxy(port_of(cloud), lambda k: (far if k % 5 == 4 else near) / 1e6) as proxy:
        done = place.run(*load("--endpoint", through(proxy), "--app-endpoint", cloud.endpoint, "--vehicles", "20",
                               "--ramp", "1s", "--commands", "50/s", "--duration", "6s"))
        stages = stages_of(place, done)
        check_equal(proxy.connections, 20, "connections")
        check_equal(stages["command.total"]["count"], 300, "commands")
        # On their way a packet is late once in each direction, and each hop may find the proxy or our loop busy.
        room = NOISE + 2 * 1e6 * proxy.lateness + stages["loop.lag"]["p99"]
        actuation = stages["command.actuation"]["min"]
        for percentile, delay in (("min", near), ("p50", near), ("p90", far), ("p99", far)):
            within(stages["command.delivery"], percentile, delay, room, "command.delivery")
            within(stages["command.notify"], percentile, delay, room, "command.notify")
            # An answer is as far as the question.
            within(stages["command.total"], percentile, actuation + 2 * delay, 2 * room, "command.total")
            for stage in ("connect.connack", "connect.subscribe", "connect.first_shadow"):
                within(stages[stage], percentile, 2 * delay, 2 * room, stage)
        # Nothing hid in the sender's queue.
        total, uncorrected = stages["command.total"], stages["command.total/uncorrected"]
        check(total["p50"] - uncorrected["p50"] < NOISE, f"corrected {total}, uncorrected {uncorrected}")


def stall(place):
    """The way to the cloud stalls for a second. Whoever had a command due then waited, and that is in the percentiles from
    when it was due; the sender, which has two publishes without PUBACK at most, waited with all but a few, and so do not
    the ones from when it was sent."""
    rate, seconds, length = 100, 12, 1
    with place.cloud("lab") as cloud, SlowProxy(port_of(cloud)) as proxy:
        with place.start(*load("--endpoint", cloud.endpoint, "--app-endpoint", through(proxy), "--vehicles", "50",
                               "--ramp", "1s", "--commands", f"{rate}/s", "--duration", f"{seconds}s", "--apps", "1",
                               "--in-flight", "2")) as running:
            running.until(lambda: is_measured(place), "a command")
            began, ended = proxy.stall(length)
            done = running.wait()
        stages = stages_of(place, done)
    total, uncorrected = stages["command.total"], stages["command.total/uncorrected"]
    check_equal(total["count"], rate * seconds, "commands")
    stalled = 1e6 * (ended - began)
    for percentile, share in (("p90", 0.90), ("p99", 0.99), ("p99.9", 0.999)):
        # Of those due while it stalled, the k-th waited until its end: all but k arrivals' time.
        k = total["count"] - math.ceil(share * total["count"]) + 1
        least = stalled - (k + 1) * 1e6 / rate
        # Then they go one after the other, and take their time; a few were on their way when it began.
        within(total, percentile, max(least, 0), 600e3, "command.total")
    check(total["p99"] > 0.8 * stalled, f"the stall is not in the 99th percentile: {total}")
    check(total["p50"] < 0.25 * stalled, f"half of the commands waited: {total}")
    check(uncorrected["p90"] < 0.25 * stalled and uncorrected["p99"] < 0.5 * stalled,
          f"uncorrected, the stall would show: {uncorrected}")
    check(uncorrected["max"] >= 0.9 * stalled, f"nothing was on its way when it stalled: {uncorrected}")


def is_measured(place):
    """Has a command ended, by what is on the disk?"""
    folder = place.path("results")
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        with open(os.path.join(folder, name, "latency.hlog"), encoding="ascii") as f:
            return "Tag=command.total," in f.read()
    return False


if __name__ == "__main__":
    main([known_delay, stall])
