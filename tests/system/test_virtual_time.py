#!/usr/bin/env python3
"""Virtual time: three days in a second, the same day for the same seed, and what it cannot go with."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import PASSES, check, check_in, main  # noqa: E402

DAYS_APART = """
scenario("three days", function(t)
  local car = t:vehicle()
  local app = t:companion()
  car:wait_online()
  t:equal(os.date("!%FT%T"), "2026-03-01T06:30:00")
  car:sleep()
  t:wait(3 * 86400)
  t:equal(os.date("!%F"), "2026-03-04")
  car:wake()
  car:wait_online()
  app:desire(car, { locks = { all = "unlocked" } }):await()
  car:wait_in_step()
  print("stamped " .. app:shadow(car).version)
end)
"""

LATER = """
scenario("ten days later", function(t)
  t:wait(86400 * 10)
  local car = t:vehicle()
  t:companion():desire(car, { locks = { all = "unlocked" } }):await()
end)
"""

# Cars of their own minds, an app that speaks to all of them, lost connections, and several scenarios.
DAY = """
for n = 1, 2 do
  scenario("a day " .. n, function(t)
    local fleet = t:fleet { count = 8 }
    local app = t:companion()
    fleet:wait_online()
    fleet:each(function(car, i)
      for hour = 1, 6 do
        wait(car:random(60, 3600))
        if car:random() < 0.3 then
          car:drop_connection()
          car:wait_online(120)
        elseif car:random() < 0.5 then
          app:desire(car, { locks = { all = hour % 2 == 0 and "locked" or "unlocked" } }):await(60)
        else
          app:request(car, { windows = { front_left = car:random(0, 100) } }):await(60)
        end
      end
    end)
  end)
end
"""

RUN = ("run", "s.lua", "--time", "virtual")


def trace_of(place, name):
    folder = next(f for f in os.listdir(place.path("results")) if f.endswith("-" + name))
    with open(place.path(os.path.join("results", folder, "trace.jsonl")), "rb") as trace:
        return trace.read()


def three_days_take_a_moment(place):
    place.write("s.lua", DAYS_APART)
    done = place.run(*RUN, "--start", "2026-03-01T06:30", "--no-results").expect(0, "1 passed", "of virtual time")
    check_in("stamped", done.err)
    place.check_clean()


def the_cloud_lives_in_it_too(place):
    place.write("s.lua", LATER)
    place.run(*RUN, "--trace", "--start", "2026-05-01", "--name", "cloud").expect(0)
    texts = [json.loads(line)["text"] for line in trace_of(place, "cloud").splitlines()]
    stamps = [text for text in texts if text.startswith("PUBLISH") and "update/delta" in text]
    check(stamps, "no delta of the cloud in the trace")
    check(all('"timestamp":1778457600' in text for text in stamps), f"not the 11th of May: {stamps[0]}")


def the_same_seed_gives_the_same_bytes(place):
    place.write("s.lua", DAY)
    for name, seed in (("a", "42"), ("b", "42"), ("c", "42"), ("other", "43")):
        place.run(*RUN, "--trace", "--seed", seed, "--name", name).expect(0, "2 passed")
    a = trace_of(place, "a")
    check(len(a) > 100000, f"a trace of {len(a)} bytes")
    check(a == trace_of(place, "b") == trace_of(place, "c"), "the same seed has written another day")
    check(a != trace_of(place, "other"), "another seed has written the same day")


def what_it_cannot_go_with(place):
    place.write("s.lua", PASSES)
    place.run("run", "s.lua", "--time", "soon").refuses(2, "--time soon")
    place.run("run", "s.lua", "--start", "2026-01-01").refuses(2, "--start", "--time virtual")
    place.run(*RUN, "--start", "tomorrow").refuses(2, "--start tomorrow")
    place.run(*RUN, "--time-scale", "60").refuses(2, "--time-scale")
    place.run(*RUN, "--endpoint", "mqtts://localhost", "--pki", "x").refuses(2, "--time virtual", "--endpoint")
    place.check_clean()


main([three_days_take_a_moment, the_cloud_lives_in_it_too, the_same_seed_gives_the_same_bytes,
      what_it_cannot_go_with])
