#!/usr/bin/env python3
"""Ten thousand random shadow operations (updates with nulls, arrays, type changes, versions and faults,
gets, deletes; on the classic and several named shadows of two things), sent over MQTT to the real local
cloud as fast as it takes them, agree message for message with a model of the service that was written
from the contract alone (tests/support/shadow_model.py): once in order, once with the cloud's deliveries
shuffled and duplicated.

Usage: test_shadow_model.py [FOLDER] [--seed N] [--operations N]   (with fleetsim; default: build)
The seed is printed. A disagreement is cut down to the shortest sequence that still shows it.
The last line is "N passed, N failed"; the exit status is 1 if anything failed.
"""
import argparse
import collections
import json
import os
import random
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from shadow_model import Shadow, compact  # noqa: E402

WAIT = 20.0      # seconds without a word from the cloud
QUIET = 0.4      # for what must not come
WINDOW = 400     # publishes without their PUBACK
KEYS = ["a", "b", "c", "hvac", "timestamp", "état"]
NAMES = [None, "charging", "climate-1", "n" * 64]


# ---- a client ----------------------------------------------------------------------------------

def string(text):
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw


def packet(first, body):
    out, n = bytes([first]), len(body)
    while True:
        out += bytes([n % 128 | (0x80 if n >= 128 else 0)])
        n //= 128
        if n == 0:
            return out + body


class Client:
    """MQTT 3.1.1 over mutual TLS, one thread, many publishes in flight."""

    def __init__(self, directory, port, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(f"{directory}/issued/{name}/ca.pem")
        context.load_cert_chain(f"{directory}/issued/{name}/cert.pem", f"{directory}/issued/{name}/key.pem")
        raw = socket.create_connection(("127.0.0.1", port), WAIT)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = context.wrap_socket(raw, server_hostname="127.0.0.1")
        self.sock.setblocking(False)
        self.input, self.output = bytearray(), bytearray()
        self.messages = collections.deque()
        self.unacked, self.packet_id, self.seen = 0, 0, collections.Counter()
        self.send(packet(0x10, string("MQTT") + b"\x04\x02" + struct.pack(">H", 60) + string(name)))
        self.until(lambda: self.seen[2])

    def send(self, data):
        self.output += data

    def subscribe(self, *filters):
        self.send(packet(0x82, self.next_id() + b"".join(string(f) + b"\x01" for f in filters)))
        self.until(lambda: self.seen[9])

    def publish(self, topic, payload):
        self.unacked += 1
        self.send(packet(0x32, string(topic) + self.next_id() + payload))

    def next_id(self):
        self.packet_id = self.packet_id % 65535 + 1
        return struct.pack(">H", self.packet_id)

    def until(self, done, patience=WAIT):
        """Lets bytes flow until done(); False if nothing has come for so long."""
        heard = time.monotonic()
        while not done():
            if self.turn():
                heard = time.monotonic()
            elif time.monotonic() - heard > patience:
                return False
        return True

    def turn(self):
        if self.output:
            try:
                del self.output[:self.sock.send(self.output[:65536])]
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                pass
        try:
            part = self.sock.recv(262144)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            select.select([self.sock], [self.sock] if self.output else [], [], 0.02)
            return False
        if not part:
            raise ConnectionError("the cloud has closed the connection")
        self.input += part
        self.parse()
        return True

    def parse(self):
        at = 0
        while True:
            length, shift, i = 0, 0, at + 1
            while i < len(self.input):
                length |= (self.input[i] & 127) << shift
                shift += 7
                i += 1
                if self.input[i - 1] < 128:
                    break
            else:
                break
            if i + length > len(self.input):
                break
            self.take(self.input[at], bytes(self.input[i:i + length]))
            at = i + length
        del self.input[:at]

    def take(self, first, body):
        kind = first >> 4
        self.seen[kind] += 1
        if kind == 4:
            self.unacked -= 1
        elif kind == 3:
            n = struct.unpack(">H", body[:2])[0]
            rest = body[2 + n:]
            if first >> 1 & 3:
                self.send(packet(0x40, rest[:2]))
                rest = rest[2:]
            self.messages.append((body[2:2 + n].decode(), json.loads(rest)))


# ---- random operations -------------------------------------------------------------------------

def scalar(rng):
    return rng.choice([0, 1, -7, 21.5, 1e6, True, False, "", "on", "ü\"\\\n", "x" * rng.randrange(40),
                       rng.randrange(5), rng.randrange(5)])


def value(rng, depth, nulls=True):
    pick = rng.random()
    if depth > 0 and pick < 0.35:
        return tree(rng, depth - 1, nulls)
    if depth > 0 and pick < 0.5:
        return [value(rng, depth - 1, nulls=True) for _ in range(rng.randrange(4))]
    return scalar(rng)


def tree(rng, depth, nulls):
    out = {}
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        out[rng.choice(KEYS)] = None if nulls and rng.random() < 0.25 else value(rng, depth, nulls)
    return out


def nested(levels):
    inner = 1
    for _ in range(levels):
        inner = {"k": inner}
    return inner


def section(rng):
    pick = rng.random()
    if pick < 0.06:
        return None
    if pick < 0.1:
        return nested(rng.choice([7, 8, 9]))
    if pick < 0.115:
        return {rng.choice(KEYS): "y" * rng.randrange(2000, 9000)}
    if pick < 0.125:
        return {"list": [1, None]}
    return tree(rng, 3, True)


def state(rng):
    pick = rng.random()
    if pick < 0.03:
        return None
    if pick < 0.06:
        return {}
    names = rng.choice([["desired"], ["reported"], ["desired", "reported"], ["reported", "desired"]])
    return {name: section(rng) for name in names}


FAULTS = [b"", b"{", b'{"state":', b'{"foo":1}', b'{"state":[]}', b'{"state":3}', b'{"state":{"desired":3}}',
          b'{"state":{"reported":"x"}}', b'{"state":{"delta":{}}}', b'{"state":{},"version":-1}',
          b'{"state":{},"version":1.5}', b'{"state":{},"version":"2"}', b'{"state":{},"clientToken":5}',
          b'{"state":{"desired":{"a":"\xff"}}}', b'{"state":{},"clientToken":"' + b"t" * 65 + b'"}',
          b'{"clientToken":"bad","state":{"desired":true}}', b'{"clientToken":"bad"}']

Operation = collections.namedtuple("Operation", "thing name kind document version payload")


def operation(rng, number):
    thing = rng.choice([0, 0, 0, 1])
    name = rng.choice(NAMES)
    pick = rng.random()
    token = {} if rng.random() < 0.2 else {"clientToken": f"op-{number}" + "z" * rng.choice([0, 0, 50])}
    if pick < 0.08:
        return Operation(thing, name, "get", None, None, json.dumps(token).encode() if token else b"")
    if pick < 0.11:
        payload = rng.choice([b"", b"{}", b"no JSON", json.dumps(token).encode()])
        return Operation(thing, name, "delete", None, None, payload)
    if pick < 0.12:
        return Operation(thing, name, "get", None, None, rng.choice([b"{", b'{"clientToken":7}', b"\xff"]))
    if pick < 0.16:
        return Operation(thing, name, "update", None, None, rng.choice(FAULTS))
    document = {"state": state(rng), **token}
    if rng.random() < 0.05:
        document["ignored"] = [1]
    version = rng.choice([0, 0, 0, -1, 1]) if rng.random() < 0.2 else None
    return Operation(thing, name, "update", document, version, None)


# ---- both sides --------------------------------------------------------------------------------

class Disagreement(Exception):
    def __init__(self, at, text):
        super().__init__(text)
        self.at = at


class Round:
    """A sequence of operations on things that nobody has seen before."""
    count = 0

    def __init__(self, operations):
        Round.count += 1
        self.things = [f"model-{os.getpid()}-{Round.count}-{i}" for i in range(2)]
        self.operations = operations
        self.answers = 0
        self.requests = list(self.make_requests())

    def shadows(self):
        return {(i, name): Shadow(name or thing) for i, thing in enumerate(self.things) for name in NAMES}

    def topic(self, op):
        named = f"name/{op.name}/" if op.name else ""
        return f"$aws/things/{self.things[op.thing]}/shadow/{named}{op.kind}"

    def make_requests(self):
        """Versions are told relative to the current one: the model knows it."""
        shadows = self.shadows()
        for op in self.operations:
            shadow = shadows[op.thing, op.name]
            payload = op.payload
            if payload is None:
                document = op.document
                if op.version is not None:
                    document = {**document, "version": max(0, shadow.version + op.version)}
                payload = compact(document)
            self.answers += len(shadow.apply(op.kind, payload, 0))
            yield self.topic(op), payload

    def send(self, client):
        filters = [f"$aws/things/{t}/shadow/{f}" for t in self.things for f in ("+/+", "name/+/+/+")]
        client.subscribe(*filters)
        client.messages.clear()
        for topic, payload in self.requests:
            client.until(lambda: client.unacked < WINDOW)
            client.publish(topic, payload)
        client.until(lambda: client.unacked == 0 and len(client.messages) >= self.answers, 3.0)
        client.until(lambda: False, QUIET)
        return list(client.messages)

    def expected(self, moments):
        """For each operation its messages, as [(topic, document)]; `moments` tells when an update was
        accepted, by topic and version."""
        shadows = self.shadows()
        for op, (topic, payload) in zip(self.operations, self.requests):
            shadow = shadows[op.thing, op.name]
            t = moments.get((topic, shadow.next_version()), 0) if op.kind == "update" else 0
            said = shadow.apply(op.kind, payload, t)
            yield [(f"{topic}/{suffix}", document) for suffix, document in said.items()]


def moments_of(received):
    return {(topic.rsplit("/", 1)[0], document["version"]): document["timestamp"]
            for topic, document in received if topic.endswith("/update/accepted")}


def mark(topic, document):
    """A message as something to look up. The times of answers that write nothing are the service's."""
    free = not topic.rsplit("/", 2)[1] == "update" or topic.endswith("/rejected")
    if free and "timestamp" in document:
        t = document["timestamp"]
        if t != 0 and abs(t - time.time()) > 600:
            return (topic, f"timestamp {t}")
        document = {**document, "timestamp": "now"}
    return (topic, json.dumps(document, sort_keys=True, ensure_ascii=False))


def show(messages):
    return "".join(f"\n      {topic} {document}" for topic, document in messages) or " nothing"


def compare_in_order(sequence, received):
    """The next messages are those of the next operation, in any order."""
    at, clock = 0, 0
    for i, messages in enumerate(sequence):
        want = sorted(mark(*m) for m in messages)
        got = sorted(mark(*m) for m in received[at:at + len(want)])
        if got != want:
            raise Disagreement(i, f"expected{show(want)}\n    saw{show(got)}")
        for _, document in received[at:at + len(want)]:
            if document.get("timestamp", clock) < clock:
                raise Disagreement(i, f"the time goes back: {document}")
            clock = document.get("timestamp", clock)
        at += len(want)
    if at != len(received):
        raise Disagreement(len(sequence) - 1, f"too many messages:{show(mark(*m) for m in received[at:at + 3])}")


def compare_in_any_order(sequence, received):
    """Each message comes once or twice, whenever."""
    pool = collections.Counter(mark(*m) for m in received)
    wanted = collections.Counter()
    for i, messages in enumerate(sequence):
        for m in (mark(*m) for m in messages):
            wanted[m] += 1
            if pool[m] < wanted[m]:
                raise Disagreement(i, f"expected {wanted[m]} times, saw {pool[m]} times{show([m])}")
    for m, times in pool.items():
        if times > 2 * wanted[m]:
            raise Disagreement(len(sequence) - 1, f"expected {wanted[m]} times, saw {times} times{show([m])}")


def attempt(client, operations, compare):
    """None, or the disagreement."""
    r = Round(operations)
    received = r.send(client)
    try:
        compare(list(r.expected(moments_of(received))), received)
    except Disagreement as d:
        return d
    return None


def shrink(client, operations, compare, first):
    """Leaves out whatever does not matter, a half, a quarter, … at a time."""
    last = operations[first.at]
    kept = [o for o in operations[:first.at + 1] if (o.thing, o.name) == (last.thing, last.name)]
    worst = attempt(client, kept, compare)
    if worst is None:
        return operations[max(0, first.at - 5):first.at + 1], first
    step, end = max(1, len(kept) // 2), time.monotonic() + 60
    while step >= 1 and time.monotonic() < end:
        i, smaller = 0, False
        while i < len(kept) and time.monotonic() < end:
            fewer = kept[:i] + kept[i + step:]
            found = attempt(client, fewer, compare) if fewer else None
            if found is not None:
                kept, worst, smaller = fewer, found, True
            else:
                i += step
        step = step if smaller and step == 1 else step // 2
    return kept, worst


# ---- the cloud ---------------------------------------------------------------------------------

class Cloud:
    def __init__(self, fleetsim, *options):
        self.dir = tempfile.mkdtemp(prefix="fleetsim-model-")
        self.process = subprocess.Popen([fleetsim, "cloud", "--dir", self.dir, *options],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            self.client = self.introduce(fleetsim)
        except BaseException:
            self.end()
            raise

    def introduce(self, fleetsim):
        path, end = f"{self.dir}/cloud.json", time.monotonic() + WAIT
        while not os.path.exists(path):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"fleetsim cloud: {self.process.stderr.read().decode()}")
            time.sleep(0.01)
        with open(path) as f:
            port = int(json.load(f)["endpoint"].rsplit(":", 1)[1])
        subprocess.run([fleetsim, "pki", "issue", "--dir", self.dir, "--role", "companion", "--name", "model"],
                       check=True, stdout=subprocess.DEVNULL)
        return Client(self.dir, port, "model")

    def __enter__(self):
        return self.client

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


def prove(fleetsim, what, seed, count, compare, *options):
    rng = random.Random(f"{seed}-{what}")
    operations = [operation(rng, i) for i in range(count)]
    began = time.monotonic()
    with Cloud(fleetsim, *options) as client:
        found = attempt(client, operations, compare)
        if found is None:
            print(f"ok      {what}: {count} operations, {client.seen[3]} messages  "
                  f"({time.monotonic() - began:.1f} s)", flush=True)
            return True
        print(f"FAILED  {what}: operation {found.at} (seed {seed})", flush=True)
        kept, worst = shrink(client, operations, compare, found)
        for topic, payload in Round(kept).requests:
            print(f"    {topic} {payload[:400].decode(errors='replace')}")
        print(f"    {worst}")
    return False


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", nargs="?", default=f"{ROOT}/build")
    arguments.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    arguments.add_argument("--operations", type=int, default=10000)
    options = arguments.parse_args()
    fleetsim = os.path.abspath(os.path.join(options.folder, "fleetsim"))
    print(f"seed {options.seed}", flush=True)
    results = [prove(fleetsim, "in order", options.seed, options.operations, compare_in_order),
               prove(fleetsim, "in any order", options.seed, options.operations // 4, compare_in_any_order,
                     "--delivery", "shuffle,duplicate", "--seed", str(options.seed))]
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


sys.exit(main())
