#!/usr/bin/env python3
"""Rules of the local cloud, outside of the broker: what cars publish ends up in files and at an HTTP server, a server that
is not there holds nobody up, and a bad table is refused before anything starts."""
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import FLEETSIM, PATIENCE, check, check_equal, check_in, main  # noqa: E402

CAR = "car-1"


class Server:
    """Takes posts; answers 500 to /no."""

    def __init__(self):
        posts = self.posts = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                posts.append((self.path, self.headers["Content-Type"], body))
                self.send_response(500 if self.path == "/no" else 204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()


class Cloud:
    def __init__(self, place, rules):
        self.dir = place.path("cloud")
        os.mkdir(self.dir)
        with open(f"{self.dir}/rules.json", "w", encoding="utf-8") as f:
            json.dump({"rules": rules}, f)
        self.process = subprocess.Popen(
            [FLEETSIM, "cloud", "--dir", self.dir, "--rules", f"{self.dir}/rules.json"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=place.environment(None))
        self.until(lambda: os.path.exists(f"{self.dir}/cloud.json"), "cloud.json")
        with open(f"{self.dir}/cloud.json", encoding="utf-8") as f:
            self.port = json.load(f)["endpoint"].rsplit(":", 1)[1]
        subprocess.run([FLEETSIM, "pki", "issue", "--dir", self.dir, "--role", "vehicle", "--name", CAR],
                       check=True, stdout=subprocess.DEVNULL)

    def until(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            check(time.monotonic() < end and self.process.poll() is None, f"{what} did not come")
            time.sleep(0.02)

    def publish(self, topic, payload, *options):
        mine = f"{self.dir}/issued/{CAR}"
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", self.port, "--cafile", f"{mine}/ca.pem", "--cert",
                        f"{mine}/cert.pem", "--key", f"{mine}/key.pem", "-i", CAR, "-V", "5", "-q", "1", "-t", topic,
                        "-m", payload, *options], check=True, timeout=PATIENCE)

    def lines(self, name):
        try:
            with open(f"{self.dir}/{name}", encoding="utf-8") as f:
                return [json.loads(line) for line in f if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=PATIENCE)


def files_and_posts(place):
    """A file has a line for each message, a server a post; basic ingest reaches its own rule alone."""
    server = Server()
    cloud = Cloud(place, [
        {"name": "store", "topic": "dt/fleetsim/#", "file": "all.jsonl"},
        {"name": "post", "topic": "dt/fleetsim/+/trip", "http": server.url + "/trips"},
        {"name": "ingest", "http": server.url + "/ingest?x=1",
         "payload": {"of": "${topic(3)}", "value": "${payload}"}},
        {"name": "events", "topic": "$aws/events/presence/connected/+", "file": "events.jsonl"}])
    try:
        cloud.publish(f"dt/fleetsim/{CAR}/trip", '{"km": 7.5}')
        cloud.publish(f"$aws/rules/ingest/dt/fleetsim/{CAR}/speed", "80")
        cloud.until(lambda: len(server.posts) == 2 and cloud.lines("events.jsonl"), "both posts")
        check_equal(server.posts[0], ("/trips", "application/json", b'{"km": 7.5}'))
        check_equal(server.posts[1][0], "/ingest?x=1")
        check_equal(json.loads(server.posts[1][2]), {"of": CAR, "value": 80})
        stored = cloud.lines("all.jsonl")
        check_equal([(s["topic"], s["clientId"], s["payload"]) for s in stored],
                    [(f"dt/fleetsim/{CAR}/trip", CAR, {"km": 7.5})])
        check(abs(stored[0]["timestamp"] / 1000 - time.time()) < 600)
        check_equal(cloud.lines("events.jsonl")[0]["payload"]["clientId"], CAR)
    finally:
        cloud.stop()
        server.close()


def a_server_that_fails(place):
    """Neither a server that is not there nor one that says no holds a car up; the log counts what was lost."""
    server = Server()
    cloud = Cloud(place, [{"name": "gone", "topic": "dt/fleetsim/+/a", "http": "http://127.0.0.1:9/"},
                          {"name": "no", "topic": "dt/fleetsim/+/b", "http": server.url + "/no"}])
    try:
        cloud.publish(f"dt/fleetsim/{CAR}/a", "1")
        cloud.publish(f"dt/fleetsim/{CAR}/b", "2")
        cloud.until(lambda: server.posts, "the post")

        def log():
            with open(f"{cloud.dir}/broker/broker.log", encoding="utf-8") as f:
                return f.read()

        cloud.until(lambda: "2 messages could not be written or posted" in log(), "the warning")
    finally:
        cloud.stop()
        server.close()


def bad_tables(place):
    """What is wrong with a table is said before anything starts."""
    path = place.path("rules.json")
    for text, part in (("{", "not rules"), ('{"rules":[{"name":"x"}]}', "rule x: it does nothing"),
                       ('{"rules":[{"name":"x","file":"a","when":1}]}', "when: not a member")):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        done = subprocess.run([FLEETSIM, "cloud", "--dir", place.path("x"), "--rules", path], capture_output=True,
                              timeout=PATIENCE, check=False)
        check_equal(done.returncode, 2)
        check_in(part, done.stderr.decode())
    done = subprocess.run([FLEETSIM, "cloud", "--dir", place.path("x"), "--rules", path + "-"], capture_output=True,
                          timeout=PATIENCE, check=False)
    check_equal(done.returncode, 2)


main([files_and_posts, a_server_that_fails, bad_tables])
