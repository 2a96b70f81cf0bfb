#!/usr/bin/env python3
"""Makes the benchmark table of the rows that run_benchmarks.sh has measured."""

import json
import os
import platform
import subprocess
import sys
import time


def rows_of(folder):
    rows = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                rows[name[:-5]] = [json.loads(line) for line in file if line.startswith("{")]
    return rows


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def version(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return ((done.stdout + done.stderr).splitlines() or ["unknown"])[0]


def table(heading, lines):
    print("| " + " | ".join(heading) + " |")
    print("|" + "---|" * len(heading))
    for line in lines:
        print("| " + " | ".join(line) + " |")
    print()


def engines(rows):
    made = [row for name in ("engines-1000", "engines-large") for row in rows.get(name, [])]
    bare = {row["vehicles"]: row for row in made if row["engine"] == "bare"}

    def of_bare(row, key):
        base = bare.get(row["vehicles"])
        return f" ({row[key] / base[key]:.2f})" if base and base[key] else ""

    print("## Engines\n")
    print("QoS 1, 200 bytes, published and received back, mutual TLS; in brackets: of the bare one.\n")
    table(["engine", "cars", "connects/s", "round trips/s", "CPU per connect", "CPU per round trip",
           "memory per connection"],
          [[row["engine"], str(row["vehicles"]),
            f"{row['connects_per_s']:.0f}" + of_bare(row, "connects_per_s"),
            f"{row['round_trips_per_s']:.0f}" + of_bare(row, "round_trips_per_s"),
            f"{row['cpu_us_per_connect']:.0f} µs" + of_bare(row, "cpu_us_per_connect"),
            f"{row['cpu_us_per_round_trip']:.1f} µs" + of_bare(row, "cpu_us_per_round_trip"),
            f"{row['kb_per_connection']:.1f} KB" + of_bare(row, "kb_per_connection")]
           for row in made])
    native = sorted((row for row in made if row["engine"] == "native"), key=lambda r: r["vehicles"])
    if len(native) == 2:
        small, large = native
        ratio = large["cpu_us_per_round_trip"] / small["cpu_us_per_round_trip"]
        print(f"A round trip at {large['vehicles']} cars costs {ratio:.2f} of one at "
              f"{small['vehicles']}.\n")


NAMES = {"native": "fleetsim", "paho": "Paho MQTTAsync", "mqttjs": "MQTT.js"}


def peers(rows):
    """What a user would pick instead, on the same broker in the same run: ratios are to fleetsim's cars."""
    made = [rows.get("engines-1000", []), rows.get("peers-large", [])]
    if not any(row["engine"] == "mqttjs" for run in made for row in run):
        return
    print("## Beside other clients\n")
    print("The same work as above, in one run for each number of cars; in brackets: of fleetsim's.\n")
    lines = []
    for run in made:
        own = next((row for row in run if row["engine"] == "native"), None)
        for row in run:
            if own is None or row["engine"] not in NAMES:
                continue

            def cell(key, form, unit, row=row, own=own):
                return f"{row[key]:,.{form}f}{unit} ({row[key] / own[key]:.2f})"

            lines.append([NAMES[row["engine"]], f"{row['vehicles']:,}", cell("connects_per_s", 0, ""),
                          cell("kb_per_connection", 1, " KB"), cell("round_trips_per_s", 0, ""),
                          cell("cpu_us_per_round_trip", 1, " µs")])
    table(["client", "cars", "connects/s", "memory per car", "messages/s, there and back", "CPU per message"], lines)
    print("emqtt-bench has no row: it is in neither Debian nor npm.\n")


def per_command(row):
    """A car that is slow to report answers several commands at once: that is no measurement."""
    merged = row["cloud"] != "pretend" and row["messages_sent_per_command"] < 0.98
    return f"{row['cpu_us_per_command']:.1f} µs" + (" (merged: machine too busy)" if merged else "")


def commands(rows):
    made = [row for name in ("commands-pretend", "commands-1000", "commands-large", "steady-large")
            for row in rows.get(name, [])]
    print("## Commands by shadow\n")
    print("Delta → Lua → report → accepted: all the processor time of the simulator's process.\n")
    table(["cloud", "cars", "asked for", "commands/s", "CPU per command", "instructions",
           "commands/s per core", "loop lag p50 / p99 / max", "memory per car (of it Lua)"],
          [["none" if row["cloud"] == "pretend" else "Mosquitto, mutual TLS", str(row["vehicles"]),
            f"{row['rate']}/s" if row["rate"] else "as many as it takes",
            f"{row['commands_per_s']:.0f}", per_command(row),
            f"{row['instructions_per_command'] / 1000:.0f}k" if row["instructions_per_command"] else "–",
            f"{row['commands_per_s_per_core']:.0f}",
            f"{row['lag_us_p50'] / 1000:.2f} / {row['lag_us_p99'] / 1000:.2f} / "
            f"{row['lag_us_max'] / 1000:.2f} ms",
            f"{row['kb_resident']:.1f} KB ({row['kb_lua']:.1f})"] for row in made])
    for row in rows.get("steady-large", []):
        print(f"Idle, {row['vehicles']} connected cars use {row['idle_percent_of_core']:.2f} % of a "
              "core.\n")


def of_bare(rows):
    """Rates belong to one machine: what is carried over to another is the ratio to the bare engine's."""
    bare = [row for row in rows.get("engines-large", []) if row["engine"] == "bare"]
    for row in rows.get("commands-large", []) if bare else []:
        trips, rate = bare[0]["round_trips_per_s"], row["commands_per_s_per_core"]
        print(f"At {row['vehicles']} cars one core carries {rate / trips:.3f} commands for each round trip of the bare "
              f"engine in the same run ({rate:.0f} and {trips:.0f} a second).\n")


def living(rows):
    made = rows.get("living", [])
    if not made:
        return
    print("## A fleet that lives its day\n")
    print("`scenarios/load/living_fleet.lua`: five models, each with somebody who drives it, an eighth on the road, a "
          "sixth charging.\n")
    table(["cars", "lived", "moved", "driven", "online at the end", "CPU", "memory per car: first / last / most"],
          [[str(row["vehicles"]), f"{row['seconds']} s", str(row["moved"]), f"{row['kilometres']} km",
            str(row["online"]), f"{row['percent_of_core']:.1f} % of a core",
            f"{row['kb_first']:.1f} / {row['kb_last']:.1f} / {row['kb_most']:.1f} KB"] for row in made])


def main():
    rows = rows_of(sys.argv[1])
    print("# Benchmark\n")
    print("Made by `tests/bench/run_benchmarks.sh`; docs/performance.md says what it means.\n")
    print(f"{time.strftime('%Y-%m-%d', time.gmtime())}, {os.cpu_count()} cores, {processor()}, "
          f"Linux {platform.release()}, {version(['openssl', 'version']).split(' (')[0]}, "
          f"{version(['mosquitto', '-h'])}\n")
    engines(rows)
    peers(rows)
    commands(rows)
    of_bare(rows)
    living(rows)


if __name__ == "__main__":
    main()
