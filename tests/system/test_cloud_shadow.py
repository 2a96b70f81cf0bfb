#!/usr/bin/env python3
"""The local cloud for real: runs `fleetsim cloud`, issues certificates with `fleetsim pki issue`, and
talks MQTT to it over mutual TLS: every vector of the shadow contract, policy breaches on MQTT 3.1.1
and 5, lifecycle events with their reasons, takeover, and what the broker alone would do differently
from AWS IoT.

Usage: test_cloud_shadow.py [FOLDER]   (with fleetsim and its plugin; default: build)
KEEP_LAB=1 in the environment keeps the directories, with the broker's log.
The last line is "N passed, N failed"; the exit status is 1 if anything failed.
"""
import hashlib
import json
import os
import queue
import re
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WAIT = 10.0   # for what must come
QUIET = 0.3   # for what must not

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9
WANT = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)
UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 10, 11, 12, 13, 14


def string(text):
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw


def varint(n):
    out = b""
    while True:
        out += bytes([n % 128 | (0x80 if n >= 128 else 0)])
        n //= 128
        if n == 0:
            return out


class Closed(Exception):
    pass


class Client:
    """An MQTT client that shows everything the broker sends, and lets a test misbehave."""

    def __init__(self, lab, name, client_id=None, version=5, clean=True, keep_alive=60, will=None,
                 connect=True, expiry=0):
        self.version = version
        self.id = client_id or name
        self.messages = queue.Queue()
        self.packets = queue.Queue()
        self.closed = threading.Event()
        self.packet_id = 0
        self.sock = self._owner_socket(lab) if name is None else self._tls_socket(lab, name)
        # A TLS connection is one object: reader and writer take turns.
        self.sock.setblocking(False)
        self.turn = threading.Lock()
        self.input = b""
        threading.Thread(target=self._read, daemon=True).start()
        if connect:
            self.connect(clean, keep_alive, will, expiry)

    @staticmethod
    def _owner_socket(lab):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(f"{lab.dir}/broker/owner.sock")
        return sock

    @staticmethod
    def _tls_socket(lab, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(lab.ca)
        context.load_cert_chain(f"{lab.dir}/issued/{name}/cert.pem",
                                f"{lab.dir}/issued/{name}/key.pem")
        raw = socket.create_connection(("127.0.0.1", lab.port), WAIT)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(raw, server_hostname="127.0.0.1")

    def connect(self, clean=True, keep_alive=60, will=None, expiry=0):
        flags = 2 if clean else 0
        body = string(self.id)
        if will:
            flags |= 4
            body = body + (b"\0" if self.version == 5 else b"") + string(will[0]) + string(will[1])
        properties = b""
        if self.version == 5:
            properties = b"\x11" + struct.pack(">I", expiry) if expiry else b""
            properties = varint(len(properties)) + properties
        self.send(CONNECT, 0, string("MQTT") + bytes([self.version, flags]) +
                  struct.pack(">H", keep_alive) + properties + body)
        self.connack = self.expect(CONNACK)[1]
        self.code = self.connack[1]
        if self.code != 0:
            raise Closed(f"CONNACK {self.code}")

    def send(self, kind, flags, body):
        data = bytes([kind << 4 | flags]) + varint(len(body)) + body
        try:
            while data:
                try:
                    with self.turn:
                        data = data[self.sock.send(data):]
                except WANT:
                    select.select([], [self.sock], [], 0.01)
        except (OSError, ValueError):
            self.closed.set()

    def _exactly(self, n):
        while len(self.input) < n:
            try:
                with self.turn:
                    part = self.sock.recv(65536)
            except WANT:
                select.select([self.sock], [], [], 0.5)
                continue
            if not part:
                raise OSError("closed")
            self.input += part
        data, self.input = self.input[:n], self.input[n:]
        return data

    def _read(self):
        try:
            while True:
                first = self._exactly(1)[0]
                length = shift = 0
                while True:
                    b = self._exactly(1)[0]
                    length |= (b & 127) << shift
                    shift += 7
                    if b < 128:
                        break
                self._packet(first >> 4, first & 15, self._exactly(length))
        except (OSError, ValueError):
            self.closed.set()
            self.packets.put((None, b""))

    def _packet(self, kind, flags, body):
        if kind != PUBLISH:
            self.packets.put((kind, body))
            return
        n = struct.unpack(">H", body[:2])[0]
        topic, rest = body[2:2 + n].decode(), body[2 + n:]
        if flags >> 1 & 3:
            self.send(PUBACK, 0, rest[:2])
            rest = rest[2:]
        if self.version == 5:
            assert rest[0] < 128
            rest = rest[1 + rest[0]:]
        self.messages.put((topic, rest, bool(flags & 1)))

    def expect(self, *kinds):
        """The next packet of one of these kinds; raises Closed if the connection ends first."""
        end = time.monotonic() + WAIT
        while True:
            kind, body = self.packets.get(timeout=max(0.01, end - time.monotonic()))
            if kind in kinds:
                return kind, body
            if kind is None:
                raise Closed("connection closed")

    def _next_id(self):
        self.packet_id += 1
        return struct.pack(">H", self.packet_id)

    def subscribe(self, *filters, qos=1):
        body = self._next_id() + (b"\0" if self.version == 5 else b"")
        self.send(SUBSCRIBE, 2, body + b"".join(string(f) + bytes([qos]) for f in filters))
        return list(self.expect(SUBACK)[1][3 if self.version == 5 else 2:])

    def unsubscribe(self, *filters):
        body = self._next_id() + (b"\0" if self.version == 5 else b"")
        self.send(UNSUBSCRIBE, 2, body + b"".join(string(f) for f in filters))
        self.expect(UNSUBACK)

    def publish(self, topic, payload=b"", qos=1, retain=False, wait=True):
        if not isinstance(payload, bytes):
            payload = (payload if isinstance(payload, str) else json.dumps(payload)).encode()
        body = string(topic) + (self._next_id() if qos else b"")
        body += (b"\0" if self.version == 5 else b"") + payload
        self.send(PUBLISH, qos << 1 | retain, body)
        if qos and wait:
            return self.expect(PUBACK)[1]
        return None

    def message(self, timeout=WAIT):
        topic, payload, _ = self.messages.get(timeout=timeout)
        return topic, json.loads(payload)

    def silent(self, timeout=QUIET):
        try:
            return self.messages.get(timeout=timeout) is None
        except queue.Empty:
            return True

    def disconnect(self):
        self.send(DISCONNECT, 0, b"")
        self.drop()

    def drop(self):
        # The plain shutdown: ssl's own would let the reader go on without TLS. And the descriptor
        # must not be free for the next client while the reader still has its number.
        try:
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        except OSError:
            pass
        self.closed.wait(WAIT)
        self.sock.close()

    def must_close(self, reason_code=None):
        """The broker closes; MQTT 5 is told why, 3.1.1 is not told anything."""
        try:
            _, body = self.expect(DISCONNECT)
        except Closed:
            check(reason_code is None, f"closed without DISCONNECT {reason_code:#x}"
                  if reason_code else "")
            return
        check(reason_code is not None, f"unexpected DISCONNECT {body.hex()}")
        check(body[0] == reason_code, f"DISCONNECT {body[0]:#x}, not {reason_code:#x}")
        check(self.closed.wait(WAIT), "still open after DISCONNECT")


class Failed(Exception):
    pass


def check(ok, what="check failed"):
    if not ok:
        raise Failed(what)


def check_equal(got, want, what=""):
    check(got == want, f"{what}\n    got  {got!r}\n    want {want!r}")


class Lab:
    """A running `fleetsim cloud` in a directory of its own."""

    def __init__(self, fleetsim):
        self.fleetsim = fleetsim
        self.dir = tempfile.mkdtemp(prefix="fleetsim-cloud-")
        self.process = subprocess.Popen([fleetsim, "cloud", "--dir", self.dir],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        end = time.monotonic() + WAIT
        path = f"{self.dir}/cloud.json"
        while not os.path.exists(path) and self.process.poll() is None:
            check(time.monotonic() < end, "no cloud.json")
            time.sleep(0.005)
        if self.process.poll() is not None:
            raise Failed(f"fleetsim cloud ended: {self.process.stdout.read().decode()}")
        with open(path) as f:
            self.info = json.load(f)
        self.ca = self.info["ca"]
        self.port = int(self.info["endpoint"].rsplit(":", 1)[1])

    def issue(self, role, *names):
        for name in names:
            subprocess.run([self.fleetsim, "pki", "issue", "--dir", self.dir, "--role", role,
                            "--name", name], check=True, stdout=subprocess.DEVNULL)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        output = self.process.communicate(timeout=WAIT)[0].decode()
        return self.process.returncode, output

    def remove(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        if not os.environ.get("KEEP_LAB"):
            shutil.rmtree(self.dir, ignore_errors=True)


def same_shape(got, want, at="$"):
    """Equal, but for the values of timestamps."""
    if isinstance(want, dict):
        check(isinstance(got, dict) and set(got) == set(want),
              f"{at}: {json.dumps(got)} is not like {json.dumps(want)}")
        for key, value in want.items():
            if key == "timestamp" and isinstance(value, int):
                check(isinstance(got[key], int) and abs(got[key] - time.time()) < 600,
                      f"{at}.timestamp: {got[key]}")
            else:
                same_shape(got[key], value, f"{at}.{key}")
    elif isinstance(want, list):
        check(isinstance(got, list) and len(got) == len(want), f"{at}: {json.dumps(got)}")
        for i, value in enumerate(want):
            same_shape(got[i], value, f"{at}[{i}]")
    else:
        check(got == want and isinstance(got, bool) == isinstance(want, bool),
              f"{at}: got {json.dumps(got)}, want {json.dumps(want)}")


def every_vector(lab):
    with open(f"{ROOT}/tests/vectors/shadow.json") as f:
        vectors = json.load(f)
    car = Client(lab, "tcu-0001", version=4)
    prefix = "$aws/things/tcu-0001/shadow/"
    check_equal(car.subscribe(*[prefix + s for s in (
        "get/accepted", "get/rejected", "update/accepted", "update/rejected", "update/delta",
        "update/documents", "delete/accepted", "delete/rejected")]), [1] * 8)
    for v in vectors:
        request = v["request"]
        car.publish(prefix + v["op"], "" if request == {} else request)
        got = {}
        for _ in v["publishes"]:
            topic, payload = car.message()
            got[topic[len(prefix):]] = payload
        check(set(got) == set(v["publishes"]), f"{v['name']}: {sorted(got)}")
        for suffix, want in v["publishes"].items():
            try:
                same_shape(got[suffix], want)
            except Failed as e:
                raise Failed(f"{v['name']}: {suffix}: {e}") from e
    check(car.silent(), "one message too many")
    car.disconnect()


def replies_come_in_order(lab):
    car = Client(lab, "tcu-2")
    car.subscribe("$aws/things/tcu-2/shadow/update/+")
    car.publish("$aws/things/tcu-2/shadow/update", {"state": {"desired": {"a": 1}}})
    check_equal([car.message()[0].rsplit("/", 1)[1] for _ in range(3)],
                ["accepted", "delta", "documents"])
    car.disconnect()


def named_shadow(lab):
    car = Client(lab, "tcu-2")
    app = Client(lab, "app", "app-7")
    app.subscribe("$aws/things/+/shadow/name/+/update/accepted")
    car.publish("$aws/things/tcu-2/shadow/name/doors/update", {"state": {"reported": {"l": 1}}})
    topic, payload = app.message()
    check_equal(topic, "$aws/things/tcu-2/shadow/name/doors/update/accepted")
    check_equal(payload["version"], 1)
    car.disconnect()
    app.disconnect()


def rejections(lab):
    car = Client(lab, "tcu-3")
    car.subscribe("$aws/things/tcu-3/shadow/update/rejected")
    for payload, code, text in (
            (b'{"state":', 400, "Invalid JSON"),
            (b'{"foo":1}', 400, "Missing required node: state"),
            (b'{"state":{"delta":{}}}', 400, "State contains an invalid node: 'delta'"),
            (b'{"state":{"desired":{"a":"\xff"}}}', 415,
             "Unsupported documented encoding; supported encoding is UTF-8"),
            (json.dumps({"state": {"desired": {"a": "x" * 8200}}}).encode(), 413,
             "The payload exceeds the maximum size allowed")):
        car.publish("$aws/things/tcu-3/shadow/update", payload)
        _, reply = car.message()
        check_equal([reply["code"], reply["message"]], [code, text])
    car.disconnect()


def breaches_close(lab):
    """Unauthorised publish and subscribe: 3.1.1 just closes, MQTT 5 hears 0x87; the will is sent (contract 7.3)."""
    app = Client(lab, "app", "app-b")
    app.subscribe("dt/fleetsim/tcu-4/will")
    for version, code in ((4, None), (5, 0x87)):
        for qos in (0, 1):
            car = Client(lab, "tcu-4", version=version, will=("dt/fleetsim/tcu-4/will", "gone"))
            car.publish("$aws/things/tcu-1/shadow/update", "{}", qos=qos, wait=False)
            car.must_close(code)
            check_equal(app.messages.get(timeout=WAIT)[1], b"gone", "will")
        car = Client(lab, "tcu-4", version=version)
        car.publish("$aws/things/tcu-4/shadow/update/accepted", "{}", wait=False)
        car.must_close(code)
        car = Client(lab, "tcu-4", version=version)
        car.publish("$aws/things/tcu-4/shadow/update", "{}", retain=True, wait=False)
        car.must_close(code)
        for forbidden in ("#", "$aws/things/+/shadow/#", "$SYS/#", "cmd/fleetsim/+/request"):
            car = Client(lab, "tcu-4", version=version)
            try:
                car.subscribe(forbidden)
                raise Failed(f"{forbidden}: granted")
            except Closed:
                pass
        car = Client(lab, "tcu-4", version=version)
        car.publish("dt/fleetsim/tcu-4/4/5/6/7/8/9", "{}", wait=False)
        car.must_close(0x90 if code else None)
    app.disconnect()


def connect_refused(lab):
    """3.1.1: closed without CONNACK; MQTT 5: CONNACK 0x87 (contract 7.3)."""
    for name, client_id in (("tcu-4", "tcu-5"), ("app", "apple")):
        for version in (4, 5):
            try:
                Client(lab, name, client_id, version=version)
                raise Failed(f"{name} let in as {client_id}")
            except Closed as e:
                check_equal(str(e), "CONNACK 135" if version == 5 else "connection closed")


def claim(lab):
    """A claim connects under any client id, and may do nothing but ask for a certificate (contract 4.1)."""
    for version, code in ((4, None), (5, 0x87)):
        for topic in ("$aws/things/tcu-4/shadow/get", "dt/fleetsim/tcu-4/x", "fleetsim/things/tcu-4/delete"):
            car = Client(lab, "claim-1", "anybody", version=version)
            car.publish(topic, "{}", wait=False)
            car.must_close(code)


def no_certificate(lab):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(lab.ca)
    try:
        raw = socket.create_connection(("127.0.0.1", lab.port), WAIT)
        with context.wrap_socket(raw, server_hostname="127.0.0.1") as s:
            s.sendall(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01x")
            check(s.recv(4) == b"", "answered without a certificate")
    except (ssl.SSLError, ConnectionError):
        pass


def next_event(observer, kind, client_id):
    """The next lifecycle event of that kind about that client."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        topic, payload = observer.message()
        if topic == f"$aws/events/presence/{kind}/{client_id}":
            return payload
    raise Failed(f"no {kind} of {client_id}")


def watch(lab):
    observer = Client(lab, "app", "app-observer")
    observer.subscribe("$aws/events/presence/#")
    return observer


def lifecycle(lab):
    """Connected and disconnected, and who: the certificate's id is the SHA-256 of its DER (contract 4.4)."""
    observer = watch(lab)
    car = Client(lab, "tcu-6", version=4)
    up = next_event(observer, "connected", "tcu-6")
    check_equal(set(up), {"clientId", "thingName", "timestamp", "eventType", "sessionIdentifier",
                          "principalIdentifier", "ipAddress", "versionNumber"})
    der = ssl.PEM_cert_to_DER_cert(open(f"{lab.dir}/issued/tcu-6/cert.pem").read()
                                   .split("-----END")[0] + "-----END CERTIFICATE-----\n")
    check_equal(up["principalIdentifier"], hashlib.sha256(der).hexdigest())
    check_equal([up["ipAddress"], up["versionNumber"]], ["127.0.0.1", 0])
    check(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", up["sessionIdentifier"]))
    check(abs(up["timestamp"] - time.time() * 1000) < 600000)
    car.disconnect()
    down = next_event(observer, "disconnected", "tcu-6")
    check_equal([down["clientInitiatedDisconnect"], down["disconnectReason"],
                 down["sessionIdentifier"], down["versionNumber"]],
                [True, "CLIENT_INITIATED_DISCONNECT", up["sessionIdentifier"], 0])
    check_equal(Client(lab, "tcu-6").code, 0)
    check_equal(next_event(observer, "connected", "tcu-6")["versionNumber"], 1)
    observer.disconnect()


def disconnect_reasons(lab):
    observer = watch(lab)

    def lose(car):
        car.drop()

    def breach(car):
        car.publish("nowhere", "{}", wait=False)

    def second_connect(car):
        car.send(CONNECT, 0, string("MQTT") + bytes([car.version, 2]) + b"\0\x3c" +
                 (b"\0" if car.version == 5 else b"") + string(car.id))

    def too_big(car):
        car.publish("dt/fleetsim/tcu-7/x", b"x" * 131073, wait=False)

    def too_sure(car):
        car.publish("dt/fleetsim/tcu-7/x", b"x", qos=2, wait=False)

    for version in (4, 5):
        for deed, reason in ((lose, "CONNECTION_LOST"), (breach, "AUTH_ERROR"),
                             (second_connect, "CLIENT_ERROR"), (too_big, "CLIENT_ERROR"),
                             (too_sure, "CLIENT_ERROR")):
            car = Client(lab, "tcu-7", version=version)
            next_event(observer, "connected", "tcu-7")
            deed(car)
            down = next_event(observer, "disconnected", "tcu-7")
            check_equal([down["disconnectReason"], down["clientInitiatedDisconnect"]],
                        [reason, False], deed.__name__)
            car.drop()
    try:
        Client(lab, "tcu-7", "tcu-8")
    except Closed:
        pass
    failed = next_event(observer, "connect_failed", "tcu-8")
    check_equal(failed["connectFailureReason"], "AUTHORIZATION_FAILED")
    observer.disconnect()


def keep_alive(lab):
    observer = watch(lab)
    car = Client(lab, "tcu-9", version=5, keep_alive=1)
    next_event(observer, "connected", "tcu-9")
    end = time.monotonic() + 15
    while not car.closed.is_set() and time.monotonic() < end:
        time.sleep(0.1)
    car.must_close(0x8d)
    check_equal(next_event(observer, "disconnected", "tcu-9")["disconnectReason"],
                "MQTT_KEEP_ALIVE_TIMEOUT")
    observer.disconnect()


def takeover(lab):
    observer = watch(lab)
    for version, code in ((4, None), (5, 0x8e)):
        old = Client(lab, "tcu-10", version=version, will=("dt/fleetsim/tcu-10/will", "gone"))
        next_event(observer, "connected", "tcu-10")
        telemetry = Client(lab, "app", "app-t")
        telemetry.subscribe("dt/fleetsim/tcu-10/will")
        new = Client(lab, "tcu-10", version=version)
        old.must_close(code)
        down = next_event(observer, "disconnected", "tcu-10")
        check_equal(down["disconnectReason"], "DUPLICATE_CLIENTID")
        up = next_event(observer, "connected", "tcu-10")
        check_equal(up["versionNumber"], down["versionNumber"] + 1)
        check_equal(telemetry.messages.get(timeout=WAIT)[1], b"gone", "will")
        check(not new.closed.is_set(), "the new one was closed")
        new.disconnect()
        next_event(observer, "disconnected", "tcu-10")
        telemetry.disconnect()
    observer.disconnect()


def wills_do_not_reach_the_shadow(lab):
    app = Client(lab, "app", "app-w")
    app.subscribe("$aws/things/tcu-11/shadow/update/accepted",
                  "$aws/things/tcu-11/shadow/get/rejected")
    car = Client(lab, "tcu-11", will=("$aws/things/tcu-11/shadow/update",
                                      '{"state":{"reported":{"online":false}}}'))
    car.drop()
    check(app.silent(), "the will was taken for an update")
    app.publish("$aws/things/tcu-11/shadow/get")
    check_equal(app.message()[1]["code"], 404)
    app.disconnect()


def subscription_events(lab):
    app = Client(lab, "app", "app-s")
    app.subscribe("$aws/events/subscriptions/+/tcu-12")
    car = Client(lab, "tcu-12", version=4)
    filters = ["$aws/things/tcu-12/shadow/update/delta", "cmd/fleetsim/tcu-12/request"]
    car.subscribe(*filters)
    topic, event = app.message()
    check_equal([topic, event["topics"], event["eventType"]],
                ["$aws/events/subscriptions/subscribed/tcu-12", filters, "subscribed"])
    car.unsubscribe(filters[0])
    topic, event = app.message()
    check_equal([topic, event["topics"]],
                ["$aws/events/subscriptions/unsubscribed/tcu-12", filters[:1]])
    car.disconnect()
    app.disconnect()


def aws_matching(lab):
    """a/# does not match a; retained messages come to exact filters only (contract 6.2)."""
    car = Client(lab, "tcu-13")
    car.publish("dt/fleetsim/tcu-13/a", "7", retain=True)
    app = Client(lab, "app", "app-m")
    app.subscribe("dt/fleetsim/tcu-13/a/#")
    app.subscribe("dt/fleetsim/tcu-13/+")
    check(app.silent(), "retained message for a wildcard")
    car.publish("dt/fleetsim/tcu-13/a/b", "8")
    check_equal(app.messages.get(timeout=WAIT)[1], b"8")
    app.unsubscribe("dt/fleetsim/tcu-13/+")
    car.publish("dt/fleetsim/tcu-13/a", "9", qos=1)
    check(app.silent(), "a/# matched a")
    app.subscribe("dt/fleetsim/tcu-13/x")
    exact = Client(lab, "app", "app-e", version=4)
    exact.subscribe("dt/fleetsim/tcu-13/a")
    check_equal(exact.messages.get(timeout=WAIT)[1:], (b"7", True))
    for c in (car, app, exact):
        c.disconnect()


def commands_and_privacy(lab):
    """A request reaches its car alone, the response its companion alone."""
    car = Client(lab, "tcu-14")
    mine = Client(lab, "app", "app-1")
    other = Client(lab, "rival", "rival")
    car.subscribe("cmd/fleetsim/tcu-14/request")
    mine.subscribe("cmd/fleetsim/+/response/app-1")
    other.subscribe("cmd/fleetsim/+/response/rival")
    mine.publish("cmd/fleetsim/tcu-14/request", {"unlock": True})
    check_equal(car.message(), ("cmd/fleetsim/tcu-14/request", {"unlock": True}))
    car.publish("cmd/fleetsim/tcu-14/response/app-1", {"ok": True})
    check_equal(mine.message()[1], {"ok": True})
    check(other.silent(), "a rival saw the answer")
    try:
        other.subscribe("cmd/fleetsim/+/response/app-1")
        raise Failed("a rival may listen")
    except Closed:
        pass
    car.disconnect()
    mine.disconnect()


def durable_session(lab):
    car = Client(lab, "tcu-15", version=4, clean=False)
    car.subscribe("$aws/things/tcu-15/shadow/update/delta")
    car.drop()
    app = Client(lab, "app", "app-d")
    app.publish("$aws/things/tcu-15/shadow/update", {"state": {"desired": {"a": 1}}})
    car = Client(lab, "tcu-15", version=4, clean=False)
    check_equal(car.connack[0], 1, "session present")
    check_equal(car.message()[1]["state"], {"a": 1})
    check(not car.closed.is_set())
    car.disconnect()
    Client(lab, "tcu-15", version=4).disconnect()
    app.disconnect()


def mqtt5_connack(lab):
    car = Client(lab, "tcu-16", keep_alive=0)
    properties = car.connack[3:]
    check(b"\x22\x00\x08" in properties, "topic alias maximum 8")
    check(b"\x24\x01" in properties, "maximum QoS 1")
    check(b"\x13" + struct.pack(">H", 1200) in properties, "server keep alive 1200")
    car.disconnect()


def owner_control(lab):
    """Over the owner's socket: status, and an operator's disconnect (contract 6.11)."""
    owner = Client(lab, None, "owner")
    observer = watch(lab)
    car = Client(lab, "tcu-1", will=("dt/fleetsim/tcu-1/will", "gone"))
    next_event(observer, "connected", "tcu-1")
    owner.subscribe("dt/fleetsim/tcu-1/will")
    owner.publish("$CONTROL/cloud/v1", {"command": "status"})
    topic, reply = owner.message()
    check_equal(topic, "$CONTROL/cloud/v1/response")
    check(reply["connected"] >= 2 and reply["shadows"] >= 1, str(reply))
    owner.publish("$CONTROL/cloud/v1", {"command": "disconnect", "clientId": "tcu-1"})
    both = {owner.messages.get(timeout=WAIT)[:2] for _ in range(2)}
    check_equal(both, {("$CONTROL/cloud/v1/response", b"{}"), ("dt/fleetsim/tcu-1/will", b"gone")})
    car.must_close(0x98)
    check_equal(next_event(observer, "disconnected", "tcu-1")["disconnectReason"],
                "API_INITIATED_DISCONNECT")
    app = Client(lab, "app", "app-c", version=4)
    app.publish("$CONTROL/cloud/v1", {"command": "status"}, wait=False)
    app.must_close()
    owner.disconnect()
    observer.disconnect()


def one_cloud_per_directory(lab):
    """The one that runs keeps its server certificate, too."""
    server = os.path.join(lab.dir, "pki", "server.pem")
    with open(server, "rb") as f:
        before = f.read()
    done = subprocess.run([lab.fleetsim, "cloud", "--dir", lab.dir, "--server-name", "other.example"],
                          capture_output=True)
    check_equal(done.returncode, 2)
    check(b"runs there already" in done.stderr, done.stderr.decode())
    with open(server, "rb") as f:
        check(f.read() == before, "the server certificate was written anew")


def port_in_use(lab):
    with tempfile.TemporaryDirectory() as d:
        done = subprocess.run([lab.fleetsim, "cloud", "--dir", d, "--port", str(lab.port)],
                              capture_output=True)
        check_equal(done.returncode, 2)
        check(b"already in use" in done.stderr, done.stderr.decode())
        check(not os.path.exists(f"{d}/cloud.json"))


def wrong_usage(lab):
    for arguments in ([], ["--dir", lab.dir, "extra"], ["--dir", lab.dir, "--port", "70000"],
                      ["--dir", lab.dir + "-2", "--bind", "localhost"], ["--nonsense"]):
        done = subprocess.run([lab.fleetsim, "cloud", *arguments], capture_output=True)
        check_equal(done.returncode, 2, str(arguments))
        check(done.stderr.startswith(b"fleetsim: "), done.stderr.decode())
    shutil.rmtree(lab.dir + "-2", ignore_errors=True)


def no_mosquitto(lab):
    """The text that a user without the package sees."""
    real = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if os.geteuid() != 0 or real != "/usr/sbin/mosquitto" or not shutil.which("unshare"):
        return
    with tempfile.TemporaryDirectory() as d:
        script = f"mount --bind /dev/null {real} && PATH=/usr/bin:/bin exec {lab.fleetsim} cloud --dir {d}/x"
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True)
        if b"mount:" in done.stderr or b"unshare" in done.stderr:
            return
        check_equal(done.returncode, 2)
        check(b"apt-get install mosquitto" in done.stderr, done.stderr.decode())


def broker_pid(lab):
    with open(f"/proc/{lab.info['pid']}/task/{lab.info['pid']}/children") as f:
        return int(f.read().split()[0])


def broker_killed(fleetsim):
    lab = Lab(fleetsim)
    try:
        os.kill(broker_pid(lab), signal.SIGKILL)
        output = lab.process.communicate(timeout=WAIT)[0].decode()
        check_equal(lab.process.returncode, 4)
        check("killed by signal 9" in output, output)
        check(not os.path.exists(f"{lab.dir}/cloud.json"), "cloud.json is still there")
    finally:
        lab.remove()


def parent_killed(fleetsim):
    lab = Lab(fleetsim)
    try:
        child = broker_pid(lab)
        lab.process.kill()
        lab.process.wait()
        end = time.monotonic() + WAIT
        while os.path.exists(f"/proc/{child}") and time.monotonic() < end:
            with open(f"/proc/{child}/stat") as f:
                if f.read().rsplit(")", 1)[1].split()[0] == "Z":
                    break
            time.sleep(0.02)
        else:
            check(not os.path.exists(f"/proc/{child}"), "the broker outlived us")
    finally:
        lab.remove()


def clean_stop(fleetsim):
    for sig in (signal.SIGINT, signal.SIGTERM):
        lab = Lab(fleetsim)
        try:
            lab.process.send_signal(sig)
            output = lab.process.communicate(timeout=WAIT)[0].decode()
            status = lab.process.returncode
            check_equal(status, 0, output)
            check("mosquitto_sub" in output, output)
            check(not os.path.exists(f"{lab.dir}/cloud.json"), "cloud.json is still there")
        finally:
            lab.remove()


IN_THE_LAB = [every_vector, replies_come_in_order, named_shadow, rejections, breaches_close,
              connect_refused, claim, no_certificate, lifecycle, disconnect_reasons, keep_alive, takeover,
              wills_do_not_reach_the_shadow, subscription_events, aws_matching,
              commands_and_privacy, durable_session, mqtt5_connack, owner_control,
              one_cloud_per_directory,
              port_in_use, wrong_usage, no_mosquitto]
ALONE = [broker_killed, parent_killed, clean_stop]


def stopped_with(status):
    check_equal(status, 0)


def attempt(test, argument):
    try:
        test(argument)
        print(f"ok      {test.__name__}", flush=True)
        return True
    except Exception as e:  # whatever it is, it is this test's failure
        print(f"FAILED  {test.__name__}: {e}", flush=True)
        if not isinstance(e, (Failed, Closed)):
            traceback.print_exc(file=sys.stdout)
        return False


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else f"{ROOT}/build"
    fleetsim = os.path.abspath(os.path.join(folder, "fleetsim"))
    results = []
    lab = Lab(fleetsim)
    try:
        lab.issue("vehicle", "tcu-0001", *[f"tcu-{i}" for i in range(1, 17)])
        lab.issue("companion", "app", "rival")
        lab.issue("claim", "claim-1")
        results += [attempt(test, lab) for test in IN_THE_LAB]
        status, _ = lab.stop()
        results.append(attempt(stopped_with, status))
    finally:
        lab.remove()
    results += [attempt(test, fleetsim) for test in ALONE]
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


sys.exit(main())
