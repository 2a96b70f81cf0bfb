#!/usr/bin/env python3
"""Ten minutes of a demo that nobody attends: its broker is killed twice and the network is cut once, while a story goes on.

Usage: demo.py [BUILD [SECONDS]]   (build, 600; at least 240)

Frames are recorded without a window and looked at: they keep coming, they are not the same for long, the mark beside
"Online" turns and the words on screen come when the broker goes, and the mark turns back. The story's commands are obeyed
again after each loss. Memory after the first fifth grows by less than 2 MB in ten minutes. Exit status 1 and a sentence if
anything of it is not so.
"""
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build"))
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 600
sys.argv = sys.argv[:1]
from png import rows_of  # noqa: E402

FPS = 4
STILL_MOST = 30.0  # seconds without any change in the picture: a story waits for an answer for 20 at most
GAP_MOST = 3.0     # between two frames, on a busy machine
GROWTH_MOST = 2.0  # MB in ten minutes
MARK = (16, 32)    # the middle of the mark beside "Online", at 640x400
WORDS = (22, 357)  # the mark in the bar for words below the car


def resident_mb(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def broker_below(folder):
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/comm", encoding="ascii") as file:
                if file.read().strip() == "mosquitto" and os.readlink(f"/proc/{entry}/cwd").startswith(folder + "/"):
                    return int(entry)
        except OSError:
            pass
    return None


def pixel(path, at):
    _, _, step, rows = rows_of(path, at[1] + 1)
    return tuple(rows[at[1]][at[0] * step:at[0] * step + 3])


def is_online(path):
    red, green, blue = pixel(path, MARK)
    return green > red + 40 and green > blue + 20


def has_notice(path):
    red, green, blue = pixel(path, WORDS)
    return red > blue + 20


def slope(samples):
    """MB in ten minutes, by least squares."""
    n = len(samples)
    mean_t, mean_v = sum(t for t, _ in samples) / n, sum(v for _, v in samples) / n
    spread = sum((t - mean_t) ** 2 for t, _ in samples)
    return 600 * sum((t - mean_t) * (v - mean_v) for t, v in samples) / spread


class Watch:
    """Frames as they come; those that were looked at go."""

    def __init__(self, folder):
        self.folder, self.number, self.last_at, self.gap = folder, 0, None, 0.0
        self.digest, self.changed_at, self.still = None, None, 0.0
        self.online, self.notice, self.told, self.turns = None, False, 0, []

    def look(self, now):
        while os.path.exists(self.path(self.number + 2)):  # the newest may be half written
            self.number += 1
            path = self.path(self.number)
            at = os.stat(path).st_mtime
            if self.last_at is not None:
                self.gap = max(self.gap, at - self.last_at)
            self.last_at = at
            self.compare(path, at)
            online = is_online(path)
            if not online or self.number % (3 * FPS) == 0:  # all of a picture takes long to read
                notice = has_notice(path)
            else:
                notice = self.notice and self.number - self.told < 6 * FPS
            if notice and not self.notice:
                self.told = self.number
            if online != self.online or notice != self.notice:
                self.turns.append((now, online, notice))
            self.online, self.notice = online, notice
            os.unlink(path)

    def path(self, number):
        return os.path.join(self.folder, f"frame-{number:05d}.png")

    def compare(self, path, at):
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).digest()
        if digest != self.digest:
            self.digest, self.changed_at = digest, at
        self.still = max(self.still, at - self.changed_at)


def say(began, text):
    print(f"{time.monotonic() - began:6.1f} s  {text}", flush=True)


def watch(run, frames, tmp):
    """What was seen, and when the broker was killed."""
    began, seen, memory = time.monotonic(), Watch(frames), []
    kills, killed = [0.2 * SECONDS, 0.45 * SECONDS], []
    while run.poll() is None:
        now = time.monotonic() - began
        if now > SECONDS + 120:
            run.kill()
            sys.exit("FAILED: the story does not come to its end")
        if len(killed) < len(kills) and now > kills[len(killed)]:
            os.kill(broker_below(tmp), signal.SIGKILL)
            killed.append(now)
            say(began, "the broker is killed")
        turns = len(seen.turns)
        seen.look(now)
        for _, online, notice in seen.turns[turns:]:
            say(began, f"the picture says {'online' if online else 'not online'}{', and why' if notice else ''}")
        resident = resident_mb(run.pid)
        if resident > 0:  # it has not ended meanwhile
            memory.append((now, resident))
        time.sleep(1)
    return seen, memory, killed


def judge(seen, memory, killed, story):
    wrong, late = [], [m for m in memory if m[0] > 0.2 * SECONDS]
    growth = slope(late)
    for at in killed:
        after = [t for t in seen.turns if at - 1 < t[0] < at + 60]
        if not any(t[2] for t in after) or not any(not t[1] for t in after):
            wrong.append(f"the picture does not tell of the loss at {at:.0f} s")
        if not after or not any(t[1] for t in after[1:]):
            wrong.append(f"the picture does not tell of the return after {at:.0f} s")
    losses = story.split("network cut")[-1]
    if "obeyed" not in losses.split("network back")[-1]:
        wrong.append("no command is obeyed after the last loss")
    if not seen.online:
        wrong.append("the car is not online at the end")
    if seen.gap > GAP_MOST:
        wrong.append(f"no frame for {seen.gap:.1f} s")
    if seen.still > STILL_MOST:
        wrong.append(f"the same picture for {seen.still:.1f} s")
    if growth > GROWTH_MOST:
        wrong.append(f"memory grows by {growth:.1f} MB in ten minutes")
    print(f"{seen.number} frames, at most {seen.gap:.2f} s apart; the same for at most {seen.still:.1f} s; "
          f"{story.count('obeyed')} commands obeyed, {story.count('lost:')} lost; memory {late[0][1]:.1f} to "
          f"{late[-1][1]:.1f} MB, slope {growth:+.2f} MB in ten minutes")
    return wrong


def main():
    with tempfile.TemporaryDirectory(prefix="fleetsim-soak-") as tmp:
        frames, story = os.path.join(tmp, "frames"), os.path.join(tmp, "story.lua")
        with open(os.path.join(HERE, "demo.lua"), encoding="utf-8") as source, open(story, "w", encoding="utf-8") as file:
            file.write(source.read().replace("local seconds = 600", f"local seconds = {SECONDS}"))
        with open(os.path.join(tmp, "told"), "w+", encoding="utf-8") as told:
            run = subprocess.Popen(
                [os.path.join(BUILD, "fleetsim"), "demo", "--headless", "--record", frames, "--fps", str(FPS), "--size",
                 "640x400", "--storyboard", story, "--verbose", "--vehicles-dir", os.path.join(ROOT, "vehicles")],
                stdin=subprocess.DEVNULL, stdout=told, stderr=told, env={**os.environ, "TMPDIR": tmp}, cwd=tmp)
            try:
                seen, memory, killed = watch(run, frames, tmp)
            finally:
                if run.poll() is None:
                    run.terminate()
                    run.wait()
            told.seek(0)
            text = told.read()
        wrong = judge(seen, memory, killed, text)
        if run.returncode != 0:
            wrong.append(f"exit status {run.returncode}:\n{text[-2000:]}")
    for sentence in wrong:
        print("FAILED:", sentence)
    sys.exit(1 if wrong else 0)


main()
