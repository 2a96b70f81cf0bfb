#!/usr/bin/env python3
"""What a run serves with --metrics while it runs: both formats, valid by Prometheus' own tools where they are
installed, about the cars and commands that there are; and who may not reach it."""
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import check, check_equal, check_in, main  # noqa: E402

try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
    from prometheus_client.parser import text_string_to_metric_families as read_text
except ImportError:  # Debian's python3-prometheus-client
    read_openmetrics = read_text = None

CARS = 12
# Goes on until it is told to stop.
FLEET = """
scenario("a fleet", { timeout = 120 }, function(t)
  local fleet = t:fleet { count = %d }
  local app = t:companion()
  fleet:wait_online()
  fleet[1]:sleep()
  for i = 2, #fleet do
    t:equal(app:desire(fleet[i], { locks = { all = "unlocked" } }):await(20).status, "SUCCEEDED")
  end
  print("all have unlocked")
  t:wait(100)
end)
""" % CARS
OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


def begin(place, *arguments):
    place.write("s.lua", FLEET)
    return place.start("run", "s.lua", "--metrics", ":0", "--no-results", *arguments)


def url_of(run):
    return run.until(lambda: re.search(r"metrics at (\S+)", run.text()[1]), "the address").group(1)


def get(url, accept=None):
    request = urllib.request.Request(url, headers={"Accept": accept} if accept else {})
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.headers["Content-Type"], response.read().decode()


def value(text, sample):
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    check(found, f"no {sample} in:\n{text}")
    return float(found.group(1))


def validate(kind, text, parser):
    if parser is not None:
        families = list(parser(text))
        check(len(families) > 40, f"{kind}: {len(families)} families")
    check_equal(re.findall(r"[A-HJ-NPR-Z0-9]{17}", text), [], f"VINs in {kind}")


def both_formats_are_valid(place):
    with begin(place) as run:
        run.until_said("all have unlocked")
        kind, text = get(url_of(run))
        check_equal(kind, "text/plain; version=0.0.4; charset=utf-8", "type")
        validate("the text format", text, read_text)
        kind, newer = get(url_of(run), OPENMETRICS)
        check_equal(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8", "type")
        check(newer.endswith("\n# EOF\n"), "no end")
        validate("OpenMetrics", newer, read_openmetrics)
        if shutil.which("promtool"):
            done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
            check_equal((done.returncode, done.stdout + done.stderr), (0, ""), "promtool")
        run.send(2)
        run.wait().expect(130)
        place.check_clean()


def numbers_are_those_of_the_run(place):
    with begin(place) as run:
        run.until_said("all have unlocked")
        text = get(url_of(run))[1]
        check_equal(value(text, 'fleetsim_vehicles{state="online"}'), CARS - 1, "online")
        check_equal(value(text, 'fleetsim_vehicles{state="asleep"}'), 1, "asleep")
        check_equal(value(text, 'fleetsim_commands_ended_total{outcome="succeeded",population="fleet"}'), CARS - 1, "commands")
        check_equal(value(text, "fleetsim_connect_succeeded_total"), CARS, "connects")
        check_equal(value(text, 'fleetsim_scenarios{verdict="running"}'), 1, "scenarios")
        labels = 'stage="command.total",population="fleet",correction="intended"'
        check_equal(value(text, f"fleetsim_stage_duration_seconds_count{{{labels}}}"), CARS - 1, "samples")
        check_equal(value(text, f'fleetsim_stage_duration_seconds_bucket{{{labels},le="+Inf"}}'), CARS - 1, "the last bucket")
        exact = value(text, f'fleetsim_stage_exact_seconds{{{labels},quantile="0.5"}}')
        check(0.1 < exact < 20, f"median of a command: {exact} s")
        check(value(text, "process_resident_memory_bytes") > 1e6, "memory")
        check(0 < value(text, "process_open_fds") < value(text, "process_max_fds"), "descriptors")


def only_this_machine_reaches_it(place):
    with begin(place) as run:
        port = int(url_of(run).split(":")[2].split("/")[0])
        for other in {a[4][0] for a in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}:
            if not other.startswith("127."):
                check(socket.socket().connect_ex((other, port)) != 0, f"open at {other}")
        check(socket.socket().connect_ex(("127.0.0.2", port)) != 0, "open at 127.0.0.2")
        try:
            get(f"http://127.0.0.1:{port}/")
            check(False, "something at /")
        except urllib.error.HTTPError as e:
            check_equal(e.code, 404, "status of /")
            check_in("/metrics", e.read().decode())


def addresses_that_cannot_be(place):
    place.write("s.lua", FLEET)
    for bad in ("nonsense", "127.0.0.1", "host.example:9464", "127.0.0.1:99999"):
        place.run_clean("run", "s.lua", "--metrics", bad).refuses(2, f"--metrics: {bad}: not an address")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        place.run_clean("run", "s.lua", "--metrics", f":{port}", "--no-results").refuses(2, "Address already in use")


if __name__ == "__main__":
    main([both_formats_are_valid, numbers_are_those_of_the_run, only_this_machine_reaches_it, addresses_that_cannot_be])
