#!/usr/bin/env python3
"""Clicks in the companion page, in headless Chromium, and what `fleetsim demo --measure` says of them: from the click to the
first frame in which the car has changed.

    companion_clicks.py [BUILD [RADIO]]     default: build, perfect; takes 40 s
"""
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))

from browser import Browser  # noqa: E402

SECONDS = 35
TOKEN = "a-token-of-this-bench-0123456789"


def click(page, label):
    """Locks or unlocks, and waits until the car has."""
    page.click("#do-lock")
    page.until(f"document.querySelector('#do-lock .label')?.innerText === '{label}'"
               " && document.querySelector('#do-lock')?.ariaBusy !== 'true'", 10)


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build").resolve()
    radio = sys.argv[2] if len(sys.argv) > 2 else "perfect"
    with tempfile.TemporaryDirectory() as folder:
        demo = subprocess.Popen(
            [build / "fleetsim", "demo", "--headless", "--companion", "--api", ":0", "--measure", "--fps", "60", "--radio",
             radio, "-n", "1", "--at", f"{SECONDS}s"],
            cwd=folder, env={**os.environ, "FLEETSIM_API_TOKEN": TOKEN}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in demo.stderr:
            link = re.search(r"companion page at (http://\S+)/companion/", line)
            if link:
                break
        else:
            sys.exit("companion_clicks.py: the demo has no page (was it built with npm?)")
        ends = time.monotonic() + SECONDS - 8
        with Browser() as browser:
            page = browser.page(390, 844)
            page.open(f"{link.group(1)}/companion/#token={TOKEN}")
            page.until("document.querySelector('#do-lock .label')?.innerText === 'Unlock'", 20)
            with contextlib.suppress(TimeoutError):
                while time.monotonic() < ends:
                    click(page, "Lock")
                    click(page, "Unlock")
        said, problems = demo.communicate(timeout=60)
    print(said or problems, end="")


if __name__ == "__main__":
    main()
