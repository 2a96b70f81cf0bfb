#!/usr/bin/env python3
"""Clouds that are not there, refuse us, lie, or cannot be started: one message that names the cause,
exit status 4 (or 2 when it is this machine that lacks something), and results all the same."""
import json
import os
import shutil
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import FLEETSIM, check, check_equal, check_in, main  # noqa: E402

# Two attempts fit in: the first at once, the second within a second.
WAITS = 'scenario("waits", function(t) t:vehicle():wait_online(1.5) end)\n'
APP_WAITS = 'scenario("waits", function(t) t:companion { timeout = 1.5 } end)\n'


def pki(place, name="mine"):
    if not os.path.exists(place.path(name)):
        place.run("pki", "init", "--dir", name, "--seed", "42").expect(0)
    return name


def unreachable(place, endpoint, *parts, more=(), scenario=WAITS, directory=None):
    """Runs a scenario against it: exit status 4, and the cause in one message, in the car's timeline
    and in summary.json."""
    place.write("s.lua", scenario)
    shutil.rmtree(place.path("results"), ignore_errors=True)
    done = place.run_clean("run", "s.lua", "--endpoint", endpoint, "--pki", directory or pki(place), *more)
    done.expect(4, "0 passed, 1 failed")
    messages = done.messages()
    check_equal(len(messages), 1, f"messages in {done}")
    for part in (endpoint, *parts):
        check_in(part, messages[0])
    with open(f"{place.results()}/summary.json", encoding="utf-8") as f:
        summary = f.read()
    json.loads(summary)
    check_in(parts[0], summary)
    return done


class Server:
    """A TCP server on the loopback that deals with each connection in `deal`; use it with `with`."""

    def __init__(self, deal):
        self.deal = deal
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"mqtt://127.0.0.1:{self.socket.getsockname()[1]}"
        self.connections = []

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        for s in (self.socket, *self.connections):
            s.close()

    def _accept(self):
        try:
            while True:
                connection = self.socket.accept()[0]
                self.connections.append(connection)
                self.deal(connection)
        except OSError:
            pass


def answers(data):
    def deal(connection):
        connection.recv(4096)
        connection.sendall(data)
    return deal


def nothing_listens(place):
    unreachable(place, "mqtts://127.0.0.1:1", "Connection refused", "is the broker running?")
    unreachable(place, "mqtt://127.0.0.1:1", "Connection refused")


def companion_without_a_cloud(place):
    unreachable(place, "mqtts://127.0.0.1:1", "cannot connect", scenario=APP_WAITS)


def name_that_does_not_resolve(place):
    place.write("s.lua", WAITS)
    place.run_clean("run", "s.lua", "--endpoint", "mqtts://no-such-host.invalid:8883", "--pki", pki(place)).refuses(
        4, 'no-such-host.invalid', "cannot be resolved")


def malformed_endpoint(place):
    place.write("s.lua", WAITS)
    for endpoint in ("http://localhost", "mqtts://", "mqtts://localhost:0", "mqtts://localhost:99999",
                     "mqtts://[::1", "mqtts://a:b:c"):
        done = place.run_clean("run", "s.lua", "--endpoint", endpoint, "--pki", pki(place))
        check(done.status == 2, f"{endpoint}: {done}")
        done.refuses(2, endpoint)


def no_certificates_for_it(place):
    place.write("s.lua", WAITS)
    place.run_clean("run", "s.lua", "--endpoint", "mqtts://127.0.0.1:1").refuses(2, "--pki DIR", "fleetsim pki init")
    place.run_clean("run", "s.lua", "--endpoint", "mqtts://127.0.0.1:1", "--pki", "nowhere").refuses(
        2, "nowhere", "fleetsim pki init")
    place.run_clean("run", "s.lua", "--endpoint", "mqtts://127.0.0.1:1", "--pki", pki(place), "--ca", "no.pem").refuses(
        2, "no.pem")
    place.write("not.pem", "this is no certificate\n")
    place.run_clean("run", "s.lua", "--endpoint", "mqtts://127.0.0.1:1", "--pki", pki(place), "--ca", "not.pem").refuses(
        2, "not.pem")


def no_cloud_in_the_folder(place):
    place.write("s.lua", WAITS)
    place.run_clean("run", "s.lua", "--cloud", "nowhere").refuses(4, "nowhere/cloud.json", "fleetsim cloud")
    for text in ("", "{", "[]", '{"endpoint": 7}'):
        place.write("broken/cloud.json", text)
        place.run_clean("run", "s.lua", "--cloud", "broken").refuses(4, "broken/cloud.json")


def wrong_authority(place):
    """A broker whose certificate another PKI issued."""
    with place.cloud() as cloud:
        unreachable(place, cloud.endpoint, "certificate verify failed", "is the CA file the one")
        unreachable(place, cloud.endpoint, "certificate verify failed", directory="lab",
                    more=("--ca", f"{pki(place)}/pki/ca.pem"))
        # The other way round: we trust the broker, it does not trust us.
        unreachable(place, cloud.endpoint, "alert", more=("--ca", "lab/pki/ca.pem"))
        # And so that it is not the test that is wrong:
        place.run("run", "s.lua", "--endpoint", cloud.endpoint, "--pki", "lab").expect(0)
        cloud.send(2)
        cloud.wait().expect(0)


def expired_certificate(place):
    """The cars' certificates come from the broker's own authority, but from a year that has passed."""
    with place.cloud() as cloud:
        shutil.copytree(place.path("lab/pki"), place.path("late/pki"))
        with open(place.path("late/pki/pki.json"), encoding="utf-8") as f:
            text = f.read()
        with open(place.path("late/pki/pki.json"), "w", encoding="utf-8") as f:
            f.write(text.replace('"2025-01-01', '"2023-01-01').replace('"2045-01-01', '"2024-01-01'))
        unreachable(place, cloud.endpoint, "certificate expired", "renew the client certificate", directory="late")


def server_without_tls(place):
    with Server(answers(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        done = unreachable(place, server.endpoint.replace("mqtt:", "mqtts:"), "TLS")
        check_in("is it a plain MQTT port?", done.err)


def malformed_packets(place):
    """A peer that speaks no MQTT, or MQTT that breaks its rules."""
    for name, data in (("noise", b"\xff\xff\xff\xff\xff\xff"), ("text", b"SSH-2.0-OpenSSH_9.2\r\n"),
                       ("publish first", b"\x30\x05\x00\x01ahi"), ("length of five bytes", b"\x20\xff\xff\xff\xff\x7f"),
                       ("connack too short", b"\x20\x01\x00"), ("reserved bits", b"\x20\x03\xfe\x00\x00"),
                       ("property that is not", b"\x20\x05\x00\x00\x02\xee\x01"),
                       ("property twice", b"\x20\x09\x00\x00\x06\x21\x00\x01\x21\x00\x02"),
                       ("properties that overrun", b"\x20\x04\x00\x00\x7f\x21"),
                       ("huge announcement", b"\x20\xff\xff\xff\x7f\x00\x00")):
        with Server(answers(data)) as server:
            done = unreachable(place, server.endpoint, "the broker sent ", scenario=WAITS.replace("1.5", "0.3"))
            check("connection failed: the broker sent" in done.out, f"{name}: {done}")


def refused_by_the_broker(place):
    with Server(answers(b"\x20\x03\x00\x87\x00")) as server:
        unreachable(place, server.endpoint, "Not authorized")
    with Server(answers(b"\x20\x02\x00\x05")) as server:
        unreachable(place, server.endpoint, "authori", more=("--mqtt", "3.1.1"))


def garbage_later_on(place):
    """After a good start: the car drops the connection and says why; the scenario is told the truth."""
    def deal(connection):
        connection.recv(4096)
        connection.sendall(b"\x20\x03\x00\x00\x00")
        connection.recv(4096)
        connection.sendall(b"\x00\x00\x00\x00")
    with Server(deal) as server:
        check_in("CONNACK", unreachable(place, server.endpoint, "bytes that are no MQTT packet").out)


def silent_server(place):
    with Server(lambda connection: None) as server:
        unreachable(place, server.endpoint, "no answer")


def port_in_use(place):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        place.run_clean("cloud", "--dir", "lab", "--port", str(port)).refuses(
            2, f"port {port}: already in use", "--port", "stop the program")
        check(not os.path.exists(place.path("lab/cloud.json")), "cloud.json of a cloud that never was")


def without(place, command, program):
    """Runs program in a namespace of its own in which `command` has been done; None if not allowed."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        return None
    done = place.run_clean("-c", f"{command} && exec {program}", program=["unshare", "--mount", "sh"])
    return None if "unshare" in done.err or "mount:" in done.err else done


def no_mosquitto(place):
    """Without it fleetsim says how to get it. In a mount namespace, because it looks in sbin as well."""
    real = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    place.write("s.lua", WAITS)
    # /dev/null cannot be executed, so it hides the program.
    for command in ("run s.lua", "cloud --dir lab"):
        done = without(place, f"mount --bind /dev/null {real}", f"{FLEETSIM} {command}")
        if done is not None:
            done.refuses(2, "mosquitto: not found", "apt-get install mosquitto", "--endpoint")
    check(not os.path.exists(place.path("results")), "results of a run that never was")


def broken_mosquitto(place):
    """One that ends at once, and one that is no program."""
    place.write("s.lua", WAITS)
    place.write("bin/mosquitto", "#!/bin/sh\necho 'Error: this broker is broken'\nexit 3\n")
    os.chmod(place.path("bin/mosquitto"), 0o755)
    path = {"PATH": place.path("bin") + ":" + os.environ["PATH"]}
    place.run_clean("run", "s.lua", env=path).refuses(4, "local cloud: mosquitto: ended with exit status 3",
                                                      "this broker is broken")
    place.write("bin/mosquitto", b"\x7fELF\0\0")
    place.run_clean("run", "s.lua", env=path).refuses(4, "local cloud: mosquitto: ")


def no_plugin(place):
    place.write("s.lua", WAITS)
    place.run_clean("run", "s.lua", env={"FLEETSIM_PLUGIN": "nowhere.so"}).refuses(2, "nowhere.so", "No such file")
    place.write("not-a-plugin.so", "no library")
    place.run_clean("run", "s.lua", env={"FLEETSIM_PLUGIN": "not-a-plugin.so"}).refuses(4, "local cloud: mosquitto: ")
    shutil.copy(FLEETSIM, place.path("alone"))
    place.run_clean("run", "s.lua", program=[place.path("alone")]).refuses(2, "fleetsim-cloud.so: not found",
                                                                           "FLEETSIM_PLUGIN")


def nowhere_to_put_it(place):
    place.write("s.lua", WAITS)
    place.run_clean("run", "s.lua", env={"TMPDIR": place.path("nowhere")}).refuses(2, "nowhere", "TMPDIR")
    place.write("file", "")
    place.run_clean("cloud", "--dir", "file").refuses(2, "file")


main([nothing_listens, companion_without_a_cloud, name_that_does_not_resolve, malformed_endpoint, no_certificates_for_it,
      no_cloud_in_the_folder, wrong_authority, expired_certificate, server_without_tls, malformed_packets,
      refused_by_the_broker, garbage_later_on, silent_server, port_in_use, no_mosquitto, broken_mosquitto, no_plugin,
      nowhere_to_put_it])
