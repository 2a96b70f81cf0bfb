"""The control API of a run of fleetsim, as tests use it."""
import json
import time
import urllib.error
import urllib.request

from fleetsim_test import check, check_equal, check_in


class Api:
    """Of a run that has begun."""

    def __init__(self, url, token):
        self.url, self.token = url, token

    def ask(self, path, body=None, method=None, headers=None):
        """The status, the headers, and the body as JSON, if it is."""
        headers = {"Authorization": "Bearer " + self.token, **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=headers)
        try:
            answer = urllib.request.urlopen(request, timeout=20)
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            text = answer.read().decode()
            kind = answer.headers["Content-Type"] or ""
            return answer.status, answer.headers, json.loads(text) if "json" in kind else text

    def ok(self, *arguments, **named):
        status, _, answer = self.ask(*arguments, **named)
        check(status == 200, f"{arguments}: {status} {answer}")
        return answer

    def refused(self, status, *arguments, **named):
        """What is said about it."""
        seen, headers, problem = self.ask(*arguments, **named)
        check(seen == status, f"{arguments}: expected {status}, saw {seen} {problem}")
        check_equal(headers["Content-Type"], "application/problem+json")
        check_equal(problem["status"], status)
        return problem

    def signal(self, car, path):
        value = self.ok(f"/v1/vehicles/{car}")["signals"]
        for name in path.split("."):
            value = value[name]
        return value

    def wait_state(self, car, state):
        deadline = time.monotonic() + 20
        while self.ok(f"/v1/vehicles/{car}")["state"] != state:
            check(time.monotonic() < deadline, f"car {car} is not {state}")
            time.sleep(0.05)

    def events(self, query):
        """Yields kind and data of each; the connection is open when this returns."""
        request = urllib.request.Request(self.url + "/v1/events" + query,
                                         headers={"Authorization": "Bearer " + self.token})
        stream = urllib.request.urlopen(request, timeout=20)
        check_equal(stream.headers["Content-Type"], "text/event-stream")
        check_in("retry", stream.readline().decode())

        def read():
            kind = None
            for line in stream:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    yield kind, json.loads(value)
        return read()
