#!/usr/bin/env python3
"""Brokers that allow as little as they may: every scenario passes on a Mosquitto with its strictest
settings all together, on TLS 1.2 only and on TLS 1.3 only, and the scenarios about the cloud with
each setting alone. Cars keep within what the broker has said, as the trace shows packet by packet."""
import glob
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import PASSES, ROOT, check, check_in, main  # noqa: E402

ALL = ("max_inflight_messages 1\nmax_packet_size 1024\nmax_topic_alias 0\nmax_keepalive 10\n"
       "upgrade_outgoing_qos true\n")

# What a broker's OpenSSL is told; Mosquitto itself knows a lowest version only.
OPENSSL = """openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = versions
[versions]
MinProtocol = {0}
MaxProtocol = {0}
"""

# What an idle car does where it must say something every 10 s; the broker waits half as long again.
IDLE = """
scenario("idle", { timeout = 30 }, function(t)
  local car = t:vehicle()
  car:wait_online()
  car:wait_in_step()
  t:never(16, function() return car.link ~= "online" end)
end)
"""

# A first report of more than 1 KB, and telemetry on one topic again and again.
CHATTY = """
scenario("chatty", function(t)
  local car = t:vehicle()
  local app = t:companion()
  car:wait_online()
  car:wait_in_step()
  for _ = 1, 20 do t:is_true(car:telemetry("trip", '{"speed":13.9}', 1)) end
  t:equal(app:desire(car, { locks = { all = "unlocked" } }):await().status, "SUCCEEDED")
  local reported = app:shadow(car).reported
  t:equal(reported.battery.capacity, 52)
  t:is_true(reported.windows.rear_right)
end)
"""


# What the single settings are tried with; most others are about what happens inside a car.
ABOUT_THE_CLOUD = ("command/duplicate_command", "command/unlock_by_request", "offline/desired_while_offline",
                   "offline/reconnect", "shadow/conflict", "shadow/unlock_by_shadow")


def passes(place, *arguments, names=None):
    """These scenarios, or the rooms that have to do with the cloud: those about cars alone are left out."""
    folder = os.path.join(ROOT, "scenarios")
    if names is None:
        chosen = ["cloud", "command", "fleet", "mqtt", "offline", "oracle", "shadow", "sms", "telemetry"]
    else:
        chosen = [name + ".lua" for name in names]
    return place.run("run", *(os.path.join(folder, name) for name in chosen), "--vehicles-dir",
                     os.path.join(ROOT, "vehicles"), "--no-results", "-q", "--seed", "11", "--tag", "!large",
                     *arguments, timeout=120).expect(0)


def with_lines(lines):
    def test(place):
        place.write("more.conf", lines)
        passes(place, "--broker-conf", "more.conf", names=ABOUT_THE_CLOUD)
        place.check_clean("a strict broker")
    return test


def every_scenario(name, lines):
    test = with_lines(lines)
    test.__name__ = name
    return test


def tls_only(place, version, other, more=""):
    """A cloud that speaks one version of TLS: whoever insists on the other is turned away."""
    place.write("openssl.cnf", OPENSSL.format("TLSv" + version))
    place.write("more.conf", more)
    env = {"OPENSSL_CONF": place.path("openssl.cnf")}
    place.write("p.lua", PASSES)
    with place.cloud("lab", "--broker-conf", "more.conf", env=env):
        passes(place, "--cloud", "lab", names=None if more else ABOUT_THE_CLOUD)
        place.run("run", "p.lua", "--cloud", "lab", "--no-results", "--tls-version", version).expect(0)
        place.run("run", "p.lua", "--cloud", "lab", "--no-results", "--tls-version", version, "--client", "paho").expect(0)
        place.run("run", "p.lua", "--cloud", "lab", "--no-results", "--timeout", "2s",
                  "--tls-version", other).expect(4, "alert: protocol version")


def tls_1_2_only(place):
    tls_only(place, "1.2", "1.3")


def tls_1_3_only(place):
    tls_only(place, "1.3", "1.2")


def all_together_on_tls_1_2(place):
    tls_only(place, "1.2", "1.3", ALL)


def all_together_on_tls_1_3(place):
    tls_only(place, "1.3", "1.2", ALL + "tls_version tlsv1.3\n")


def traced(place, script, *arguments):
    """Runs it on the strictest broker; returns the trace."""
    place.write("s.lua", script)
    place.write("more.conf", ALL)
    place.run("run", "s.lua", "--broker-conf", "more.conf", "--trace", "-q", *arguments).expect(0)
    with open(glob.glob(place.path("results/*/trace.jsonl"))[0], encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def cars_keep_within_limits(place):
    """One report goes in parts, no packet is too large, no alias is used, one message is unanswered at most."""
    trace = traced(place, CHATTY)
    out = [e["text"] for e in trace if e["kind"] == "out"]
    limits = next(e["text"] for e in trace if e["text"].startswith("CONNACK"))
    for part in ("Server Keep Alive=10", "Receive Maximum=1,", "Maximum Packet Size=1024"):
        check_in(part, limits)
    check("Topic Alias" not in limits, limits)
    check(not any("Topic Alias" in text for text in out if text.startswith("PUBLISH")), "an alias was used")
    sizes = [int(re.search(r"\((\d+) B\)$", text).group(1)) for text in out if "/shadow/update " in text]
    check(len(sizes) >= 3, f"the first report in one part: {out}")
    around = len("$aws/things/WFSPDHLB7TA000000/shadow/update") + 8  # type, three lengths, packet id, no properties
    check(all(around + size <= 1024 for size in sizes), f"parts of {sizes} bytes")
    unanswered = 0
    for entry in trace:
        if entry["kind"] == "out" and entry["text"].startswith("PUBLISH q1"):
            unanswered += 1
            check(unanswered <= 1, f"two messages unanswered at {entry}")
        elif entry["kind"] == "in" and entry["text"].startswith("PUBACK"):
            unanswered -= 1


def the_servers_keep_alive_counts(place):
    trace = traced(place, IDLE, "--keep-alive", "600")
    pings = [e["t"] for e in trace if e["kind"] == "out" and e["text"].startswith("PINGREQ")]
    check(1 <= len(pings) <= 3, f"pings at {pings}")


def what_is_wrong_is_told(place):
    place.write("p.lua", PASSES)
    place.write("more.conf", "max_everything 1\n")
    place.run("run", "p.lua", "--broker-conf", "more.conf").refuses(4, "max_everything")
    place.run("run", "p.lua", "--broker-conf", "none.conf").refuses(2, "none.conf: No such file")
    place.run("run", "p.lua", "--broker-conf", "more.conf", "--cloud", "lab").refuses(2, "--broker-conf")
    place.check_clean()


main([
    the_servers_keep_alive_counts,
    all_together_on_tls_1_2,
    all_together_on_tls_1_3,
    tls_1_2_only,
    tls_1_3_only,
    every_scenario("max_inflight_messages_1", "max_inflight_messages 1\n"),
    every_scenario("max_packet_size_1024", "max_packet_size 1024\n"),
    every_scenario("max_topic_alias_0", "max_topic_alias 0\n"),
    every_scenario("max_keepalive_10", "max_keepalive 10\n"),
    every_scenario("upgrade_outgoing_qos", "upgrade_outgoing_qos true\n"),
    cars_keep_within_limits,
    what_is_wrong_is_told,
])
