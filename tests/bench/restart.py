#!/usr/bin/env python3
"""A broker restart under a fleet: who tries when, who is back when, and whether anything acknowledged is lost.

Usage: restart.py [BUILD [VEHICLES [SVG]]]   (build, 5000, docs/pictures/restart.svg)

A fleet sends QoS 1 messages that mosquitto_sub, with a session of its own, writes down. The broker ends and starts
again 3 s later. The trace of the run says when each car tried to connect and when it was online again, and which
messages were acknowledged. Exit status 1 if a car stays away, an acknowledged message never arrives, a command is not
obeyed, or cars strike in step: if the busiest second has half as many attempts more as with ideal full jitter.
"""
import collections
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build"))
VEHICLES = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
SVG = sys.argv[3] if len(sys.argv) > 3 else os.path.join(ROOT, "docs/pictures/restart.svg")
BINS = 2  # of the picture, per second
FLEETSIM = os.path.join(BUILD, "fleetsim")


def observe(tmp, run):
    """mosquitto_sub on the run's own cloud, which it finds in the run's TMPDIR."""
    while True:
        for name in os.listdir(tmp):
            lab = os.path.join(tmp, name)
            conf = os.path.join(lab, "broker/mosquitto.conf")
            if os.path.exists(os.path.join(lab, "broker/owner.sock")) and os.path.exists(conf):
                subprocess.run([FLEETSIM, "pki", "issue", "--dir", lab, "--role", "companion", "--name", "observer"],
                               check=True, stdout=subprocess.DEVNULL)
                port = re.search(r"^listener (\d+) ", open(conf, encoding="utf-8").read(), re.M).group(1)
                pem = os.path.join(lab, "issued/observer")
                return subprocess.Popen(
                    ["mosquitto_sub", "-h", "127.0.0.1", "-p", port, "--cafile", pem + "/ca.pem", "--cert",
                     pem + "/cert.pem", "--key", pem + "/key.pem", "-i", "observer", "-V", "5", "-c", "-x", "3600",
                     "-q", "1", "-t", "dt/fleetsim/+/trip", "-F", "%t %p"], stdout=open(os.path.join(tmp, "seen"), "wb"))
        if run.poll() is not None:
            sys.exit("the run ended early")
        time.sleep(0.05)


def read_trace(path):
    """Times of attempts and returns after the loss, and what was acknowledged, by car."""
    lost, tries, back, sent, acked = {}, [], {}, {}, set()
    for line in open(path, encoding="utf-8"):
        e = json.loads(line)
        car, text = e.get("vehicle"), e["text"]
        if e["kind"] == "note" and text.startswith("connection lost"):
            lost.setdefault(car, e["t"])
        elif e["kind"] == "state" and car in lost and text == "backing off → connecting":
            tries.append(e["t"])
        elif e["kind"] == "state" and car in lost and text.endswith("→ online"):
            back.setdefault(car, e["t"])
        elif e["kind"] == "out" and (m := re.match(r"PUBLISH q1.* id=(\d+) .*?\bT(\d+) \(\d+ B\)$", text)):
            sent[car, m.group(1)] = m.group(2)
        elif e["kind"] == "in" and (m := re.match(r"PUBACK id=(\d+)", text)) and (car, m.group(1)) in sent:
            acked.add((car, sent.pop((car, m.group(1)))))
    return lost, tries, back, acked


def count(times, zero, per_second):
    return collections.Counter(int((t - zero) * per_second) for t in times)


def ideal(lost, runs):
    """Attempts of as many cars with full jitter, each from its own loss on, until the broker runs and lets them in."""
    tries, draw = [], random.Random(1)
    for t in lost.values():
        for n in range(64):
            t += draw.uniform(0, min(60, 2 ** n))
            tries.append(t)
            if t >= runs:
                break
    return tries


def draw(path, zero, runs, tries, back, vehicles):
    width, height, left, base = 900, 360, 60, 320
    attempts, returns = count(tries, zero, BINS), count(back.values(), zero, BINS)
    last, top = max(returns) + 5, max([*attempts.values(), *returns.values()])
    x = lambda bins: left + bins * (width - left - 20) / last
    y = lambda n: base - n * (base - 50) / top
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
           'font-size="12"><rect width="100%" height="100%" fill="white"/>',
           f'<text x="{left}" y="20" font-size="14">{vehicles} cars, the broker restarts: attempts to connect (grey) and '
           f'cars back online (blue) per {1000 // BINS} ms</text>']
    for counts, colour, wide in ((attempts, "#bbb", 1.0), (returns, "#1668b8", 0.6)):
        w = (x(1) - x(0)) * wide
        svg += [f'<rect x="{x(k):.1f}" y="{y(n):.1f}" width="{w:.1f}" height="{base - y(n):.1f}" fill="{colour}"/>'
                for k, n in sorted(counts.items())]
    for at, text in ((0, "broker ends"), ((runs - zero) * BINS, "runs again")):
        svg.append(f'<path d="M{x(at):.1f} 40V{base}" stroke="#c22" stroke-dasharray="4 3"/>'
                   f'<text x="{x(at) + 4:.1f}" y="46" fill="#c22">{text}</text>')
    step = max(1, last // BINS // 10) * BINS
    svg += [f'<text x="{x(k):.1f}" y="{base + 18}" text-anchor="middle">{k // BINS} s</text>' for k in range(0, last, step)]
    svg += [f'<text x="{left - 6}" y="{y(n) + 4:.1f}" text-anchor="end">{n}</text>' for n in (top, top // 2, 0)]
    svg.append(f'<path d="M{left} {base}H{width - 20}" stroke="black"/></svg>')
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(svg) + "\n")


def main():
    tmp = tempfile.mkdtemp(prefix="restart-")
    observer = None
    try:
        env = {**os.environ, "TMPDIR": tmp}
        command = [FLEETSIM, "run", os.path.join(ROOT, "tests/bench/restart.lua"), "--vehicles-dir",
                   os.path.join(ROOT, "vehicles"), "--vehicles", str(VEHICLES), "--trace", "-q", "-o", tmp + "/results"]
        log = open(os.path.join(tmp, "log"), "w+", encoding="utf-8")
        run = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT)
        observer = observe(tmp, run)
        status = run.wait()
        log.seek(0)
        said = log.read()
        if status != 0:
            sys.exit(said)
        observer.terminate()
        observer.wait()
        ends, runs = (float(re.search(rf"broker: {what} ([\d.]+)", said).group(1)) for what in ("ends", "runs"))
        results = os.path.join(tmp, "results", os.listdir(tmp + "/results")[0])
        lost, tries, back, acked = read_trace(os.path.join(results, "trace.jsonl"))
        seen = {(line.split("/")[2], line.rsplit(" T", 1)[1].strip())
                for line in open(os.path.join(tmp, "seen"), encoding="utf-8")}
        missing = acked - seen
        zero = min(lost.values())
        took = sorted(t - zero for t in back.values())
        busiest = max(count(tries, zero, 1).values())
        chance = max(count(ideal(lost, runs), zero, 1).values())
        draw(SVG, zero, runs, tries, back, VEHICLES)
        print(f"cars             {VEHICLES}, {len(lost)} connected when the broker ended, {len(back)} of them back")
        print(f"broker           down for {runs - ends:.2f} s")
        print(f"back             first {took[0]:.2f} s, half {took[len(took) // 2]:.2f} s, "
              f"99 % {took[len(took) * 99 // 100]:.2f} s, last {took[-1]:.2f} s after the loss")
        print(f"attempts         {len(tries)}, {busiest} in the busiest second (ideal full jitter: {chance})")
        print(f"messages         {len(acked)} acknowledged, {len(missing)} of them lost, {len(seen)} seen")
        print("commands         " + re.search(r"obeyed: (.*)", said).group(1) + " obeyed both")
        print(f"picture          {os.path.relpath(SVG)}")
        sys.exit(len(back) != len(lost) or bool(missing) or busiest > 1.5 * chance)
    finally:
        if observer is not None and observer.poll() is None:
            observer.kill()
        shutil.rmtree(tmp, ignore_errors=True)


main()
