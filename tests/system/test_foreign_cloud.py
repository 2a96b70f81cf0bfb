#!/usr/bin/env python3
"""A cloud that is not ours: certificates of another authority (one of them RSA), things with names of their own, and twice a
broker on loopback: Mosquitto with our plugin, which then is as AWS IoT, and plain Mosquitto with other topics."""
import json
import os
import shlex
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import FLEETSIM, Failed, check, check_in, main  # noqa: E402

THINGS = 3
REQUEST = '''scenario("a request", { timeout = 20 }, function(t)
  local car, app = t:vehicle(), t:companion()
  car:wait_online()
  t:match(car.name, "^thing%-%d$")
  t:equal(app:request(car, { locks = { all = "unlocked" } }):await().status, "SUCCEEDED")
end)
'''
SHADOW = '''for i = 1, 5 do
  scenario("a car without a past " .. i, { timeout = 20 }, function(t)
    local car, app = t:vehicle(), t:companion()
    car:wait_online()
    t:equal(car.state.locks.all, "locked")
    t:equal(app:desire(car, { locks = { all = "unlocked" } }):await().status, "SUCCEEDED")
    t:equal(app:shadow(car).desired.locks.all, "unlocked")
  end)
end
scenario("a restart", { alone = true }, function(t) t:restart_cloud() end)
'''


def openssl(place, *arguments):
    subprocess.run(["openssl", *arguments], cwd=place.dir, check=True, capture_output=True)


EC = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")


def certificate(place, name, subject, extension, kind=EC):
    openssl(place, "req", "-newkey", *kind, "-nodes", "-keyout", f"{name}.key", "-out", "request.csr", "-subj", subject)
    place.write("extension", extension)
    openssl(place, "x509", "-req", "-in", "request.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
            "-out", f"{name}.pem", "-extfile", "extension")
    os.chmod(place.path(f"{name}.key"), 0o600)


def foreign(place):
    os.mkdir(place.path("things"))
    openssl(place, "req", "-x509", "-newkey", *EC, "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
            "-subj", "/O=Foreign/CN=Foreign Root")
    certificate(place, "server", "/O=Foreign/CN=cloud.example", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    for i in range(1, THINGS + 1):
        certificate(place, f"things/thing-{i}", f"/O=Foreign/OU=vehicle/CN=thing-{i}", "extendedKeyUsage=clientAuth",
                    ("rsa:2048",) if i == 1 else EC)
    certificate(place, "phone", "/O=Foreign/OU=companion/CN=phone", "extendedKeyUsage=clientAuth")
    place.write("broker.conf", "".join(f"{name} {place.path(file)}\n" for name, file in (
        ("cafile", "ca.pem"), ("certfile", "server.pem"), ("keyfile", "server.key"))))


def options(port, **more):
    how = {"--ca": "ca.pem", "--certificates": "things", "--app-cert": "phone.pem", "--app-key": "phone.key", **more}
    return ["--endpoint", f"mqtts://localhost:{port}", *(part for pair in how.items() for part in pair)]


def repl(place, line, *arguments):
    """One line at a car there."""
    command = shlex.join([FLEETSIM, "repl", *arguments])
    return place.run("-c", f"echo {shlex.quote(line)} | {command}", program=["sh"])


def as_aws_iot(place):
    """Five scenarios share three things, each from a clean slate; what the local cloud alone can do is skipped."""
    foreign(place)
    place.write("s.lua", SHADOW)
    with place.start("cloud", "--dir", "cloud", "--broker-conf", "broker.conf") as cloud:
        cloud.until(lambda: os.path.exists(place.path("cloud/cloud.json")), "cloud.json")
        with open(place.path("cloud/cloud.json"), encoding="utf-8") as f:
            port = json.load(f)["endpoint"].rsplit(":", 1)[1]
        for client in ("native", "paho"):
            place.run("run", "s.lua", *options(port), "--reset-things", "--jobs", "2", "--client", client).expect(
                0, "6 scenarios: 5 passed, 1 skipped", "only a cloud of the run's own can be restarted")
        place.write("list.csv", "".join(f"thing-{i},things/thing-{i}.pem,things/thing-{i}.key\n" for i in (2, 3)))
        place.run("run", "s.lua", *options(port, **{"--certificates": "list.csv"}), "--reset-things", "--filter",
                  "past 1").expect(0, "1 passed")
        place.write("many.lua", 'scenario("many", function(t) t:fleet { count = 4 } end)\n')
        repl(place, 'app:desire(car, { locks = { all = "unlocked" } }):await().status .. car.name', *options(port)).expect(
            0, '"SUCCEEDEDthing-1"\n')
        place.run("run", "many.lua", *options(port)).expect(3, "no certificate for another car: --certificates has 3")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def plain_broker(place):
    """No shadows, no presence, topics of its own: requests work, the rest is skipped with its reason."""
    foreign(place)
    port = free_port()
    with open(place.path("broker.conf"), "a", encoding="utf-8") as f:
        f.write("user root\nallow_anonymous true\nrequire_certificate true\n")
    place.write("plain.conf", f"listener {port} 127.0.0.1\n" + open(place.path("broker.conf"), encoding="utf-8").read())
    place.write("s.lua", REQUEST + SHADOW)
    broker = subprocess.Popen(["mosquitto", "-c", place.path("plain.conf")], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 10
        while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
            if time.monotonic() > end:
                raise Failed("Mosquitto does not listen")
            time.sleep(0.02)
        topics = ["--topic", "request=in/{thing}", "--topic", "response=out/{thing}/{app}"]
        done = place.run("run", "s.lua", *options(port), *topics, "--no-shadows", "--jobs", "1", "--trace").expect(
            0, "7 scenarios: 1 passed, 6 skipped", "this cloud has no device shadows")
        results = os.listdir(place.path("results"))
        with open(place.path(f"results/{results[0]}/trace.jsonl"), encoding="utf-8") as f:
            trace = f.read()
        repl(place, 'app:request(car, { locks = { all = "locked" } }):await().status', *options(port), *topics,
             "--no-shadows").expect(0, '"SUCCEEDED"\n')
        check_in("out/thing-1/phone-", trace)
        check("cmd/fleetsim" not in trace, f"another topic was used: {done}")
        check("$aws/" not in trace, f"a topic of AWS IoT's was used: {done}")
    finally:
        broker.terminate()
        broker.wait()


def wrong_use(place):
    place.write("s.lua", REQUEST)
    place.run("run", "s.lua", "--certificates", "things").refuses(2, "for another cloud (give --endpoint")
    place.run("repl", "--topic", "request=in/{thing}").refuses(2, "for another cloud (give --endpoint")
    place.run("run", "s.lua", "--endpoint", "mqtts://localhost:1").refuses(2, "--pki DIR", "--certificates")
    place.run("run", "s.lua", "--endpoint", "mqtts://localhost:1", "--certificates", "things").refuses(
        2, "companions need theirs too (give --app-cert FILE and --app-key FILE")
    place.run("run", "s.lua", *options(1)).refuses(2, "phone.key: No such file")
    foreign(place)
    place.run("run", "s.lua", *options(1), "--topic", "request=in").refuses(2, "--topic request=in: {thing} expected")
    os.chmod(place.path("things/thing-2.key"), 0o644)
    place.run("run", "s.lua", *options(1)).refuses(2, "thing-2.key: others may read this key (chmod 600 it)")
    os.chmod(place.path("phone.key"), 0o644)
    place.run("run", "s.lua", *options(1)).refuses(2, "phone.key: others may read this key")


main([as_aws_iot, plain_broker, wrong_use])
