#!/usr/bin/env python3
"""Every scenario in docs/scripting.md runs as it stands there, in real and in virtual time."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import ROOT, check, main  # noqa: E402


def examples(place):
    with open(os.path.join(ROOT, "docs/scripting.md"), encoding="utf-8") as f:
        blocks = [b for b in re.findall(r"^```lua\n(.*?)^```$", f.read(), re.S | re.M) if "scenario(" in b]
    check(len(blocks) >= 6, f"only {len(blocks)} scenarios found: has the page's form changed?")
    for i, block in enumerate(blocks):
        place.write(f"docs/example_{i}.lua", block)
    # A table of cases is as many scenarios as it has rows.
    count = sum(b.count("scenario(") + sum(c.count("{") - 2 for c in re.findall(r"cases = ({.*?}) },", b, re.S)) for b in blocks)
    return f"{count} scenarios: {count} passed"


def in_real_time(place):
    place.run("run", examples(place) and "docs", "--vehicles-dir", os.path.join(ROOT, "vehicles")).expect(0, " passed")


def in_virtual_time(place):
    summary = examples(place)
    place.run("run", "docs", "--time", "virtual", "--vehicles-dir", os.path.join(ROOT, "vehicles")).expect(0, summary)


main([in_real_time, in_virtual_time])
