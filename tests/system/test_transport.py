#!/usr/bin/env python3
"""Ways to the cloud: over WebSocket, and over several endpoints of which some are of no use."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import PASSES, ROOT, check, check_equal, check_in, main  # noqa: E402

# An app's request, a shadow, and a car that comes back; nobody waits for a time of day.
UNLOCK = """
scenario("unlocks", function(t)
  local car, app = t:vehicle(), t:companion()
  car:wait_online()
  app:desire(car, { locks = { all = "unlocked" } })
  t:eventually(10, function() return car.state.locks.all == "unlocked" end)
  car:drop_connection()
  car:wait_online(10)
  local answer = app:request(car, { lights = { hazard = true } }):await(20)
  t:equal(answer.status, "SUCCEEDED")
end)
"""
NOBODY = "mqtts://127.0.0.1:1"
WS_NOBODY = "wss://127.0.0.1:1/mqtt"


def endpoints(place):
    with open(place.path("lab/cloud.json"), encoding="utf-8") as f:
        info = json.load(f)
    return info["endpoint"], info["websocket"]


def summary(place):
    with open(f"{place.results()}/summary.json", encoding="utf-8") as f:
        return json.load(f)


def own_cloud_over_websocket(place):
    """--websocket: the cars of our own cloud, all of two shipped scenarios."""
    place.run_clean("run", os.path.join(ROOT, "scenarios/shadow/unlock_by_shadow.lua"),
                    os.path.join(ROOT, "scenarios/offline/reconnect.lua"), "--websocket").expect(0, " passed")
    check_in("wss://127.0.0.1:", json.dumps(summary(place)))


def another_cloud_over_websocket(place):
    """--endpoint wss://…, on both versions of MQTT."""
    place.write("s.lua", PASSES)
    with place.cloud() as cloud:
        plain, websocket = endpoints(place)
        check_in(websocket, "".join(cloud.text()))
        for version in ("5", "3.1.1"):
            place.run("run", "s.lua", "--endpoint", websocket, "--pki", "lab", "--mqtt", version,
                      "--no-results").expect(0, "1 passed")
        place.run("run", "s.lua", "--cloud", "lab", "--websocket", "--no-results").expect(0, "1 passed")
        place.write("u.lua", UNLOCK)
        place.run("run", "u.lua", "--endpoint", websocket, "--app-endpoint", plain, "--pki", "lab",
                  "--no-results").expect(0, "1 passed")


def on_paho_over_websocket(place):
    """Paho's own WebSocket, with our URI."""
    place.write("s.lua", PASSES)
    place.run_clean("run", "s.lua", "--websocket", "--client", "paho").expect(0, "1 passed")


def the_wrong_port(place):
    """MQTT where WebSocket is expected, and the other way round: said in words."""
    place.write("s.lua", 'scenario("waits", function(t) t:vehicle():wait_online(1.5) end)\n')
    with place.cloud():
        plain, websocket = endpoints(place)
        done = place.run("run", "s.lua", "--endpoint", plain.replace("mqtts", "wss"), "--pki", "lab",
                         "--no-results")
        done.expect(4, "WebSocket upgrade", "does it speak WebSocket there?")
        done = place.run("run", "s.lua", "--endpoint", websocket.replace("wss", "mqtts").replace("/mqtt", ""),
                         "--pki", "lab", "--no-results")
        done.expect(4, "0 passed, 1 failed")


def a_dead_first_endpoint(place):
    """The cars go on to the second endpoint and stay there; so does the companion. The failure names the
    endpoint that it is about."""
    place.write("u.lua", UNLOCK)
    with place.cloud() as cloud:
        done = place.run("run", "u.lua", "--endpoint", f"{NOBODY},{cloud.endpoint}", "--pki", "lab", "--trace")
        done.expect(0, "1 passed")
    with open(f"{place.results()}/trace.jsonl", encoding="utf-8") as f:
        trace = f.read()
    check_equal(trace.count(f"{NOBODY}: cannot connect"), 1, "attempts at the dead one")


def spread_over_two(place):
    """With `spread` every other car begins with the second endpoint; given as two options."""
    place.write("s.lua", 'scenario("all", function(t) t:fleet { count = 10 }:wait_online() end)\n')
    with place.cloud() as cloud:
        place.run("run", "s.lua", "--endpoint", cloud.endpoint, "--endpoint", WS_NOBODY, "--pki", "lab",
                  "--endpoint-policy", "spread").expect(0, "1 passed")
    counters = summary(place)["counters"]
    check_equal(counters["connect.attempts"], 15, "attempts")
    check_equal(counters["connect.succeeded"], 10, "connects")


def none_of_them(place):
    """All dead: one message that names one."""
    place.write("s.lua", 'scenario("waits", function(t) t:vehicle():wait_online(1.5) end)\n')
    place.run("pki", "init", "--dir", "mine", "--seed", "1").expect(0)
    done = place.run_clean("run", "s.lua", "--endpoint", f"{NOBODY},{WS_NOBODY}", "--pki", "mine")
    done.expect(4, f"{NOBODY}: cannot connect", "Connection refused")
    check_equal(len(done.messages()), 1, "messages")


def refused_options(place):
    """What cannot be meant is refused before anything starts."""
    place.write("s.lua", PASSES)
    place.run("pki", "init", "--dir", "mine", "--seed", "1").expect(0)
    for options, part in (
            (("--endpoint", "mqtts://a,mqtt://b"), "cannot stand in for each other"),
            (("--endpoint", "wss://a/b c"), "not an address"),
            (("--endpoint", "mqtts://a", "--websocket"), "wss://"),
            (("--endpoint", "mqtts://127.0.0.1", "--app-endpoint", "http://x"), "not an address"),
            (("--endpoint-policy", "random"), "order or spread")):
        done = place.run_clean("run", "s.lua", *options, "--pki", "mine")
        done.refuses(2, part)
        check("results" not in os.listdir(place.dir), "results are left")


if __name__ == "__main__":
    main([own_cloud_over_websocket, another_cloud_over_websocket, on_paho_over_websocket, the_wrong_port,
          a_dead_first_endpoint, spread_over_two, none_of_them, refused_options])
