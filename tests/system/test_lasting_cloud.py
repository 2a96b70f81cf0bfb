#!/usr/bin/env python3
"""A cloud that is a cloud (docs/cloud.md, "What lasts"): killed and started again it has what it had, and cars come back
to it with the certificates that they got in an earlier run (docs/certificates.md)."""
import os
import re
import signal
import stat
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import check, check_equal, check_in, main  # noqa: E402

# The n-th scenario of a file has the same cars in each run.
GET = """
scenario("one rotates its certificate", function(t)
  local car, app = t:vehicle { model = "compact_ev_certified" }, t:companion()
  car:wait_online()
  local job = app:create_job(car, { operation = "rotate_certificate" })
  t:equal(job:await(60).count.succeeded, 1)
  print(car.name, car:certificate())
end)
scenario("one has but a claim", function(t)
  local car = t:vehicle { provision = "claim" }
  car:wait_online(30)
  print(car.name, car:certificate())
end)
scenario("one has a factory's", function(t)
  local car = t:vehicle { provision = { by = "just_in_time", factory = "plant" } }
  t:companion():register_factory("plant", { activate_after = 0.1, template = "fleetsim-jit" })
  car:wait_online(60)
  print(car.name, car:certificate())
end)
"""
PROMISED = """
scenario("one has but a claim", function(t)
  local car = t:vehicle { provision = "claim" }
  car:wait_online(30)
  print(car.name, car:certificate())
end)
scenario("another rotates its certificate", function(t)
  local car, app = t:vehicle { model = "compact_ev_certified" }, t:companion()
  car:wait_online()
  t:equal(app:create_job(car, { operation = "rotate_certificate" }):await(60).count.succeeded, 1)
  print(car.name, car:certificate())
end)
scenario("a third has a claim", function(t)
  local car = t:vehicle { provision = "claim" }
  car:wait_online(30)
  print(car.name, car:certificate())
end)
"""
COME_BACK = """
for _, name in ipairs { "one", "another", "a third" } do
  scenario(name .. " comes back", function(t)
    local car, app = t:vehicle(), t:companion()
    car:wait_online(30)
    t:equal(app:certificate(car).status, "ACTIVE")
    print(car.name, car:certificate())
  end)
end
"""


def run(place, script, *options, cars=3):
    """Each car's certificate, in the order of the scenarios."""
    place.write("cars.lua", script)
    done = place.run("run", "cars.lua", "--cloud", "lab", "--no-results", *options).expect(0)
    found = dict(re.findall(r"(WFS\S+)\s+([0-9a-f]{64})", done.out + done.err))
    check_equal(len(found), cars, f"cars in {done}")
    return found


def found(running):
    return re.search(r"^found +(.*)$", running.text()[0], re.MULTILINE).group(1)


def things(place):
    return place.run("cloud", "things", "list", "--dir", "lab").expect(0).out


def wait_change(path, before):
    end = time.monotonic() + 20
    while not os.path.exists(path) or os.stat(path).st_mtime_ns == before:
        check(time.monotonic() < end, f"{path}: not written")
        time.sleep(0.02)
    return os.stat(path).st_mtime_ns


def a_killed_cloud(place):
    """kill -9 of fleetsim itself: the next one has what was put into it, and a retained message's file is there."""
    state = place.path("lab/broker/cloud.state")
    with place.cloud() as running:
        check_in("nothing of an earlier run", found(running))
        place.run("cloud", "things", "create", "car-1", "--dir", "lab").expect(0)
        written = wait_change(state, 0)
        place.run("cloud", "things", "create", "car-2", "--dir", "lab").expect(0)
        wait_change(state, written)
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait()
    place.check_no_broker(5)
    os.unlink(place.path("lab/cloud.json"))
    check_equal(stat.S_IMODE(os.stat(state).st_mode), 0o600, "mode")
    with place.cloud() as running:
        check(re.match(r"2 things.* from \d\d:\d\d \(--fresh", found(running)), found(running))
        check_in("car-2", things(place))
    with open(state, "r+b") as f:
        f.seek(100)
        f.write(b"#")
    place.run("cloud", "--dir", "lab").refuses(2, "cloud.state: damaged", "--fresh")
    with place.cloud("lab", "--fresh") as running:
        check_in("nothing of an earlier run", found(running))
        check("car-2" not in things(place), "forgotten")


def cars_come_back(place):
    """What cars got in one run they have in the next, over a restart of the cloud; a cloud that begins anew knows none of
    it, and they have the fleet's again."""
    with place.cloud():
        got = run(place, GET)
        # The same again is another job, from what the car has now.
        again = run(place, GET, "--filter", "rotates", cars=1)
        for car, certificate in again.items():
            check(got[car] != certificate, f"{car}: {certificate} still")
        got.update(again)
        check_equal(run(place, COME_BACK), got, "certificates in the next run")
    with place.cloud() as running:
        check_in("3 things", found(running))
        check_equal(run(place, COME_BACK), got, "certificates after a restart")
        # Paho takes them as files.
        check_equal(run(place, COME_BACK, "--client", "paho"), got, "certificates on Paho")
    check_equal(stat.S_IMODE(os.stat(place.path("lab/pki/rotated.bin")).st_mode), 0o600, "mode")
    keys = place.path("lab/artifacts/certificates")
    os.makedirs(keys, exist_ok=True)
    place.write("lab/artifacts/certificates/1.pem", "not fetched")
    with place.cloud("lab", "--fresh") as running:
        check_equal(os.listdir(keys), [], "keys of the cloud before")
        check_in("3 cars: they have certificates of the fleet's authority again", running.text()[0])
        again = run(place, COME_BACK)
        check_equal(set(again), set(got), "cars")
        check(not set(again.values()) & set(got.values()), "certificates that the new cloud cannot know")
    # They are not in the fleet file, but a workshop can tell them, too.
    place.run("pki", "rotate", "--dir", "lab", "--vehicles", "0").expect(0)
    place.run("pki", "show", "--dir", "lab", "--vehicle", "0").expect(0)
    place.run("pki", "rotate", "--dir", "lab", "--vehicles", "0..1").refuses(2, "vehicle 1: the PKI has 0")


def killed_at_once(place):
    """kill -9 of the broker before the state was written even once: cars have what they were given, for it was in the
    journal before they were told (docs/cloud.md, "What lasts")."""
    with place.cloud() as running:
        os.mkdir(place.path("lab/broker/cloud.state.new"))  # so that no state can be written
        got = run(place, PROMISED)
        for broker in place.brokers():
            os.kill(broker, signal.SIGKILL)
        running.wait().expect(4)
    check(not os.path.exists(place.path("lab/broker/cloud.state")), "a state was written")
    os.rmdir(place.path("lab/broker/cloud.state.new"))
    with place.cloud() as running:
        check_in("3 things, 4 certificates", found(running))
        check_equal(run(place, COME_BACK), got, "certificates after kill -9")


def a_last_write_that_fails(place):
    """Who stops a cloud hears that what it had is not on the disk."""
    with place.cloud() as running:
        os.mkdir(place.path("lab/broker/cloud.state.new"))
        place.run("cloud", "things", "create", "car-1", "--dir", "lab").expect(0)
        running.process.send_signal(signal.SIGTERM)
        running.wait().expect(4, "lab/broker/cloud.state: what has changed last could not be written", "broker.log")


if __name__ == "__main__":
    main([a_killed_cloud, cars_come_back, killed_at_once, a_last_write_that_fails])
