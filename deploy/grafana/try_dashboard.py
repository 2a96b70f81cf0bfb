#!/usr/bin/env python3
"""Does every panel of the dashboard show something? Starts a Prometheus of its own on the loopback, with a folder that is
removed afterwards, lets it scrape a short run of fleetsim, and asks it for each expression of the dashboard and of the rules.

Usage: deploy/grafana/try_dashboard.py [BUILD [OPTION…]]     options are of `fleetsim load`
Needs prometheus (Debian: apt-get install prometheus; the service that comes with it is not used)."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DASHBOARD = os.path.join(ROOT, "deploy/grafana/dashboards/fleetsim.json")
RULES = os.path.join(ROOT, "deploy/prometheus/fleetsim.rules.yml")
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build"))
LOAD = sys.argv[2:] or ["--vehicles", "100", "--commands", "40/s", "--telemetry", "50/s", "--warm-up", "5s", "--duration", "30s"]
SCRAPES = 12  # enough for each rate()
# What Grafana puts in.
VARIABLES = {"$__rate_interval": "8s", "$instance": ".*"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return json.load(response)


def expressions():
    """Pairs of where it is and what it asks."""
    with open(DASHBOARD, encoding="utf-8") as f:
        dashboard = json.load(f)
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield f"{panel['title']} ({target['refId']})", target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        yield f"annotation {annotation['name']}", annotation["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable {variable['name']}", re.match(r"label_values\((.*), \w+\)", variable["definition"]).group(1)


class Prometheus:
    def __init__(self, folder, target):
        self.url = f"http://127.0.0.1:{free_port()}"
        shutil.copy(RULES, folder)
        with open(os.path.join(ROOT, "deploy/prometheus/prometheus.yml"), encoding="utf-8") as f:
            config = f.read().replace("127.0.0.1:9464", target)
        with open(os.path.join(folder, "prometheus.yml"), "w", encoding="utf-8") as f:
            f.write(config)
        with open(os.path.join(folder, "log"), "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", "--config.file", os.path.join(folder, "prometheus.yml"), "--storage.tsdb.path",
                 os.path.join(folder, "data"), "--web.listen-address", self.url[len("http://"):]], stdout=log, stderr=log)

    def ask(self, expression, **more):
        for name, text in VARIABLES.items():
            expression = expression.replace(name, text)
        try:
            return get(f"{self.url}/api/v1/query?" + urllib.parse.urlencode({"query": expression, **more}))["data"]["result"]
        except urllib.error.HTTPError as e:
            return json.load(e)["error"]

    def rules(self):
        return [r for g in get(f"{self.url}/api/v1/rules")["data"]["groups"] for r in g["rules"]]

    def scrapes(self):
        try:
            seen = self.ask("count_over_time(fleetsim_build_info[1h])")
            return int(seen[0]["value"][1]) if seen else 0
        except (OSError, ValueError):
            return 0


def judge(prometheus):
    silent = 0
    for where, expression in expressions():
        seen = prometheus.ask(expression)
        series = len(seen) if isinstance(seen, list) else 0
        silent += series == 0
        print(f"{'ok' if series else 'NOTHING':8} {series:3} series  {where}" + (f"  {seen}" if isinstance(seen, str) else ""))
    for rule in prometheus.rules():
        silent += rule["health"] != "ok"
        print(f"{'ok' if rule['health'] == 'ok' else 'BAD':8} {rule['state']:>10}  rule {rule['name']}")
    print(f"{silent} show nothing")
    return silent


def main():
    if shutil.which("prometheus") is None:
        sys.exit("prometheus: not found (apt-get install prometheus)")
    folder = tempfile.mkdtemp(prefix="fleetsim-prometheus-")
    target = f"127.0.0.1:{free_port()}"
    started = []
    try:
        prometheus = Prometheus(folder, target)
        started.append(prometheus.process)
        run = subprocess.Popen([os.path.join(BUILD, "fleetsim"), "load", *LOAD, "--metrics", target, "--no-results"],
                               cwd=ROOT, stdout=subprocess.DEVNULL)
        started.append(run)
        while not (prometheus.scrapes() >= SCRAPES and prometheus.ask('fleetsim_run_phase{phase="steady"}')
                   and prometheus.ask("count_over_time(fleetsim_run_phase{phase=\"steady\"}[1h]) > 10")):
            if run.poll() is not None or prometheus.process.poll() is not None:
                with open(os.path.join(folder, "log"), encoding="utf-8") as log:
                    sys.exit(f"ended early: {run.returncode}, Prometheus {prometheus.process.returncode}:\n{log.read()[-2000:]}")
            time.sleep(0.5)
        return 1 if judge(prometheus) else 0
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
