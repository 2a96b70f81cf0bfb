"""Headless Chromium, driven by its DevTools protocol over a pipe: no port that others could find, no package.

    with Browser() as browser:
        page = browser.page(390, 844)
        page.open(url)
        page.click("#do-lock")
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def find_program():
    """The path of a Chromium; None: there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class BrowserError(Exception):
    pass


class Browser:
    def __init__(self, patience=30):
        self.patience = patience
        self.number = 0
        self.events = []  # (session, method, parameters), as they came
        self.profile = tempfile.mkdtemp(prefix="browser-")
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()

        def hand_over():
            # The protocol is on descriptors 3 and 4; ours may have these numbers.
            spare_in, spare_out = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(spare_in, 3)
            os.dup2(spare_out, 4)

        self.process = subprocess.Popen(
            [find_program(), "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
             "--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--mute-audio",
             "--user-data-dir=" + self.profile, "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            preexec_fn=hand_over)
        os.close(theirs_in)
        os.close(theirs_out)
        self.reader, self.writer, self.rest = ours_in, ours_out, b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.reader)
        os.close(self.writer)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _receive(self, deadline):
        while b"\0" not in self.rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.reader], [], [], left)[0]:
                raise BrowserError("the browser does not answer")
            piece = os.read(self.reader, 1 << 20)
            if not piece:
                raise BrowserError("the browser has ended")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, session=None, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if session:
            request["sessionId"] = session
        os.write(self.writer, json.dumps(request).encode() + b"\0")
        deadline = time.monotonic() + self.patience
        while True:
            said = self._receive(deadline)
            if said.get("id") == self.number:
                if "error" in said:
                    raise BrowserError(f"{method}: {said['error']}")
                return said["result"]
            if "method" in said:
                self.events.append((said.get("sessionId"), said["method"], said["params"]))

    def page(self, width, height, dark=True):
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, session, width, height, dark)


class Page:
    def __init__(self, browser, session, width, height, dark):
        self.browser, self.session = browser, session
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(domain + ".enable")
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=True)
        self.scheme(dark)

    def ask(self, method, **parameters):
        return self.browser.ask(method, self.session, **parameters)

    def scheme(self, dark):
        """By night or by day, and without animations, which cost a loaded machine much."""
        self.ask("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"}])

    def open(self, url):
        self.ask("Page.navigate", url=url)

    def run(self, script):
        """The value of a JavaScript expression; a promise is waited for."""
        said = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in said:
            raise BrowserError(f"{script}: {said['exceptionDetails']['exception'].get('description')}")
        return said["result"].get("value")

    def until(self, script, timeout=30):
        """Waits until the expression is true, and returns what it is."""
        deadline = time.monotonic() + timeout
        while True:
            value = self.run(script)
            if value:
                return value
            if time.monotonic() > deadline:
                raise BrowserError(f"did not come true within {timeout} s: {script}")
            time.sleep(0.04)

    def text(self, selector):
        return self.run(f"document.querySelector({json.dumps(selector)}).innerText")

    def click(self, selector):
        """With the mouse, where it is to be seen."""
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({ block: 'center', behavior: 'instant' });"
            " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def complaints(self):
        """What the page or the browser has logged as wrong since the last time."""
        self.run("0")  # all events that came before
        ours = [(m, p) for s, m, p in self.browser.events if s == self.session]
        self.browser.events = []
        wrong = [p["exceptionDetails"].get("exception", {}).get("description") or p["exceptionDetails"]["text"]
                 for m, p in ours if m == "Runtime.exceptionThrown"]
        wrong += [p["entry"]["text"] for m, p in ours if m == "Log.entryAdded" and p["entry"]["level"] == "error"]
        wrong += [" ".join(str(a.get("value", a.get("description"))) for a in p["args"])
                  for m, p in ours if m == "Runtime.consoleAPICalled" and p["type"] in ("error", "warning")]
        return wrong

    def picture(self, path):
        data = self.ask("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))
