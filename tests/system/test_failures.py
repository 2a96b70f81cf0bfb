#!/usr/bin/env python3
"""The story of a failure: what failures.jsonl tells, and what the page makes of it."""
import json
import os
import re
import signal
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import check, check_equal, check_in, main  # noqa: E402

FAILS = """
scenario("refused & <b>told</b>", { timeout = 20 }, function(t)
  local car = t:vehicle()
  local app = t:companion()
  car:wait_online(10)
  car:drive(50)
  local answer = app:request(car, { locks = { all = "unlocked" } }):await(10)
  t:equal(answer.status, "SUCCEEDED")
end)

scenario("one of many", { timeout = 30 }, function(t)
  local fleet = t:fleet { count = 6 }
  local app = t:companion()
  fleet:wait_online(20)
  fleet[3]:drive(50)
  fleet:each(function(car)
    t:equal(app:request(car, { locks = { all = "unlocked" } }):await(10).status, "SUCCEEDED")
  end)
end)

scenario("a wish that is not fulfilled", { timeout = 20 }, function(t)
  local car = t:vehicle()
  local app = t:companion()
  car:wait_online(10)
  app:desire(car, { locks = { all = "unlocked" } }):await(10)
  car:power_off()
  app:desire(car, { locks = { all = "locked" } })
  t:eventually(0.4, function() return car.state.locks.all == "locked" end)
end)

scenario("a named shadow", { timeout = 20 }, function(t)
  local car = t:vehicle { model = "compact_ev_shadows" }
  local app = t:companion()
  car:wait_online(10):wait_in_step()
  app:desire(car, { climate = { target = 24 } }):await(10)
  car:power_off()
  app:desire(car, { climate = { target = 19 } })
  t:eventually(0.4, function() return app:shadow(car, { name = "comfort" }).reported.climate.target == 19 end)
end)

scenario("no error", function(t) t:equal(nil + 1, 2) end)
scenario("fine", function(t) t:equal(1, 1) end)
"""


def words(element):
    return " ".join("".join(element.itertext()).split())


def by_class(root, name):
    return [e for e in root.iter() if name in e.get("class", "").split()]


def page(folder):
    with open(os.path.join(folder, "report.html"), encoding="utf-8") as f:
        text = f.read()
    return text, ElementTree.fromstring(text[len("<!DOCTYPE html>"):])


def stories(folder):
    with open(os.path.join(folder, "failures.jsonl"), encoding="utf-8") as f:
        return {s["scenario"]: s for s in map(json.loads, f)}


def of_kind(car, kind, **members):
    return [e for e in car["events"] if e["kind"] == kind and all(e.get(k) == v for k, v in members.items())]


def checks_refusal(story):
    check_equal(story["verdict"], "failed", "verdict")
    check_equal(story["message"], 'expected "SUCCEEDED", saw "REJECTED"', "message")
    check_equal(story["where"], "fails.lua:8", "where")
    check_in("--filter 'refused & <b>told</b>'", story["repeat"])
    car, = story["cars"]
    check_equal(car["link"], "online", "link")
    times = [e["t"] for e in car["events"]]
    check(min(times) >= story["began"] and max(times) <= story["ended"] + 0.001, "times")
    request, = [e for e in of_kind(car, "in", type="PUBLISH") if e["topic"].endswith("/request")]
    check_equal(json.loads(request["payload"])["command"], {"locks": {"all": "unlocked"}}, "payload")
    check_in("Correlation Data", request["properties"])
    done, = of_kind(car, "order", what="done")
    check(done["detail"].startswith("REJECTED VEHICLE_MOVING"), done["detail"])
    check(of_kind(car, "state", **{"from": "syncing", "to": "online"}), "life cycle")
    speed, = [s for s in car["signals"] if s["path"] == "driving.speed"]
    check_equal((speed["before"], speed["value"]), (0, 50), "speed")
    look = car["picture"]
    check_equal((look["body"], look["road"], look["speed"]), ("hatch", 1, 13.889), "picture")


def tells_what_happened(place):
    """Each failure has a line with its cars, packets, shadow and signals, and each line a story on the page."""
    place.write("fails.lua", FAILS)
    place.run_clean("run", "fails.lua").expect(1)
    folder = place.results()
    told = stories(folder)
    check_equal(sorted(told), ["a named shadow", "a wish that is not fulfilled", "no error", "one of many", "refused & <b>told</b>"], "told")
    checks_refusal(told["refused & <b>told</b>"])
    many = told["one of many"]
    check_equal(len(many["cars"]), 4, "cars told")
    check_equal(sum(many["other_cars"].values()), 2, "other cars")
    check(of_kind(many["cars"][0], "order", what="done")[0]["detail"].startswith("REJECTED"), "the car that failed comes first")
    wish = told["a wish that is not fulfilled"]["cars"][0]
    check_equal(wish["shadow"]["after"]["desired"], {"locks": {"all": "locked"}}, "desired")
    check_equal(wish["shadow"]["after"]["reported"]["locks"]["all"], "unlocked", "reported")
    check_equal(wish["link"], "off", "link")
    named = {s["name"]: s for s in told["a named shadow"]["cars"][0]["shadows"]}
    check_equal(sorted(named), ["charging", "comfort"], "named shadows")
    comfort = named["comfort"]
    check_equal(comfort["before"]["reported"]["climate"]["target"], 21, "comfort before")
    check_equal((comfort["after"]["desired"], comfort["after"]["reported"]["climate"]["target"]), ({"climate": {"target": 19}}, 24), "comfort after")
    check("target" not in told["a named shadow"]["cars"][0]["shadow"]["after"]["reported"]["climate"], "the classic one has it as well")
    check_equal(told["no error"]["verdict"], "error", "verdict")
    check_equal(told["no error"]["cars"], [], "cars")

    text, root = page(folder)
    articles = by_class(root, "story")
    check_equal(len(articles), 5, "stories")
    check("<b>told" not in text, "text became markup")
    check_equal(len(by_class(root, "look")), 5, "pictures: of each car that was told, two of a story at most")
    check(not re.search(r'(src|href)=(?!"data:)|url\(|@import', text), "the page needs something else")
    refused = [a for a in articles if "refused &" in words(a)][0]
    check_in("VEHICLE_MOVING", words(by_class(refused, "outstanding")[0]))
    picture = by_class(refused, "sequence")[0]
    check_in("requests locks.all = unlocked", words(picture))
    check_in('failed: expected "SUCCEEDED", saw "REJECTED"', words(picture))
    check(by_class(picture, "online") and by_class(picture, "connecting"), "life cycle")
    check_in('"requestId"', words(by_class(refused, "timeline")[0]))
    wished = [a for a in articles if "a wish that" in words(a)][0]
    rows = {words(r[0]): r for r in by_class(wished, "shadow")[0].iter() if r.tag.endswith("tr")}
    row = rows["locks.all"]
    check_equal([words(cell) for cell in row[1:]], ["locked", "locked → unlocked", "locked", ""], "desired, reported, delta, car")
    check(by_class(row, "open"), "the delta is not marked")
    article = [a for a in articles if "a named shadow" in words(a)][0]
    check_in("Shadow “comfort”, before and after", words(article))
    tables = by_class(article, "shadow")
    rows = [{words(r[0]): r for r in t.iter() if r.tag.endswith("tr")} for t in tables]
    row, = [r["climate.target"] for r in rows if "climate.target" in r]
    check_equal([words(cell) for cell in row[1:]], ["19", "21 → 24", "19", ""], "desired, reported, delta, car")
    check_in("comfort: desires climate.target = 19", words(by_class(article, "sequence")[0]))

    again = text
    os.unlink(os.path.join(folder, "report.html"))
    place.run_clean("report").expect(0)
    check_equal(page(folder)[0], again, "the page made anew")


def has_line(folder):
    try:
        with open(os.path.join(folder, "failures.jsonl"), encoding="utf-8") as f:
            return f.read().endswith("\n")
    except FileNotFoundError:
        return False


def survives(place):
    """A killed run keeps the stories of what had failed before; none are left without results."""
    place.write("k.lua", 'scenario("broken", function(t) t:vehicle():wait_online() t:fail("so") end)\n'
                         'scenario("long", function(t) wait(1000) end)\n')
    with place.start("run", "k.lua", "--timeout", "1000s") as running:
        running.until(lambda: os.path.isdir(place.path("results")) and os.listdir(place.path("results")) and has_line(place.results()), "a failure")
        running.send(signal.SIGKILL)
        running.wait()
    check_equal(stories(place.results())["broken"]["message"], "so", "message")
    place.run("report", place.results()).expect(0)
    check_in("broken", words(by_class(page(place.results())[1], "story")[0]))


if __name__ == "__main__":
    main([tells_what_happened, survives])
