#!/usr/bin/env python3
"""The companion page as its user has it: headless Chromium unlocks a car with it, is refused, waits for a car that sleeps
and for a cloud that is away, and opens it without a network; and who is kept out."""
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from browser import Browser, find_program  # noqa: E402
from control_api import Api  # noqa: E402
from fleetsim_test import FLEETSIM, ROOT, Skipped, check, check_equal, check_in, main  # noqa: E402
from websocket_mqtt import WebSocketMqtt  # noqa: E402

TOKEN = "a-token-of-this-test-0123456789"


def has_page():
    """Was the program built with it? Else it says so."""
    said = subprocess.run([FLEETSIM, "demo", "--companion", "--headless", "--endpoint", "mqtts://127.0.0.1:1"],
                          capture_output=True, text=True, check=False)
    return "built without the page" not in said.stderr


def needs_page():
    if not has_page():
        raise Skipped("the program was built without the companion page (install npm, and build again)")


@contextlib.contextmanager
def demo(place, port=0, *arguments, model="compact_ev", vehicles=2):
    """A demo of two cars with its page, and its API."""
    needs_page()
    models = [word for name in model.split() for word in ("--model", name)]
    with place.start("demo", "--headless", "--companion", "--api", f":{port}", "--vehicles", str(vehicles), *models,
                     *arguments, env={"FLEETSIM_API_TOKEN": TOKEN}) as run:
        run.until_said("companion page at ")
        url = re.search(r"companion page at (http://\S+)/companion/", run.text()[1]).group(1)
        api = Api(url, TOKEN)
        run.until(lambda: api.ok("/v1/vehicles")["total"] == vehicles, "the cars")
        api.wait_state(0, "online")
        yield run, api


@contextlib.contextmanager
def browser():
    if find_program() is None:
        raise Skipped("there is no Chromium (apt-get install chromium)")
    with Browser() as started:
        yield started


def open_page(chromium, api):
    page = chromium.page(390, 844)
    page.open(f"{api.url}/companion/#token={TOKEN}")
    page.until("document.querySelector('#presence')?.dataset.presence === 'online' && !document.querySelector('#main').hidden")
    page.until("document.querySelector('#do-lock .label').innerText === 'Unlock'")
    return page


def until_news(page, status, timeout=30):
    """Waits until the newest command has that status; what the page says of it."""
    page.until(f"document.querySelector('#news').dataset.status === '{status}'", timeout)
    return page.text("#news")


def listen(api):
    """Collects how commands fare: a list that grows."""
    seen, stream = [], api.events("?kinds=journey")

    def read():
        with contextlib.suppress(OSError, ValueError):
            for _, event in stream:
                seen.append(event)
    threading.Thread(target=read, daemon=True).start()
    return seen


def any_of_many_cars_is_found(place):
    """By its kind and state, by the end of its VIN, by its number; Enter takes the first."""
    def search(text):
        if not page.run("document.querySelector('#cars').open"):
            page.click("#chooser")
        page.run("document.querySelector('#car-search').value = ''")
        page.click("#car-search")
        page.ask("Input.insertText", text=text)
        return page.run("[...document.querySelectorAll('#car-list .name')].map((e) => e.innerText)")

    with demo(place, model="compact_ev electric_bus", vehicles=12) as (run, api), browser() as chromium:
        api.wait_state(11, "online")
        page = open_page(chromium, api)
        cars = api.ok("/v1/vehicles?limit=100")["vehicles"]
        page.click("#chooser")
        check_equal(page.run("document.querySelectorAll('#car-list li').length"), 12)
        buses = ["Electric City Bus\n" + car["vin"] for car in cars if car["model"] == "electric_bus"]
        run.until(lambda: search("bus online") == buses, "the buses that are online")
        check_equal(page.text("#car-count"), "6 of 12")
        check_equal(search("hovercraft"), [])
        check_equal(page.text("#car-count"), "No car is like that.")
        check_equal(search("#4"), ["Compact EV\n" + cars[4]["vin"]])
        check_equal(search(cars[7]["vin"][-6:].lower()), ["Electric City Bus\n" + cars[7]["vin"]])
        for kind in ("keyDown", "keyUp"):
            page.ask("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13)
        page.until("!document.querySelector('#cars').open && document.querySelector('#title').innerText === 'Electric City Bus'")
        check_equal(page.complaints(), [])


def ended(run, journeys, count):
    """The newest of so many journeys that have ended."""
    return run.until(lambda: [j for j in journeys if j["outcome"] != "open"][count - 1:], "the end of a journey")[-1]


# Clicks, and tells what the page shows in the next frame: what was asked for, as not yet certain.
AT_ONCE = """(async () => {
  document.querySelector("#do-lock").click();
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  const button = document.querySelector("#do-lock");
  return [button.ariaBusy, button.querySelector(".label").innerText, document.querySelector("#lock-state").innerText];
})()"""


def a_car_is_unlocked_and_refuses_to_lock(place):
    """Optimistic at once, then confirmed with the time that it took, or failed with the car's reason and as before; a car
    that sleeps is woken. The browser finds nothing to complain about, the policy of the page among it."""
    with demo(place) as (run, api), browser() as chromium:
        page = open_page(chromium, api)
        check_equal(page.run("location.href"), api.url + "/companion/", "the address, which keeps no token")
        journeys = listen(api)
        before = time.time() * 1e6
        api.ok("/v1/vehicles/0/outcomes", {"target": "locks", "outcome": "delay:2s", "times": 1})
        check_equal(page.run(AT_ONCE), ["true", "Lock", "Unlocking …"])
        said = until_news(page, "confirmed")
        check(re.search(r"Unlocked\nConfirmed · [2-9]\.\d s from click to answer", said), said)
        check_equal(api.signal(0, "locks.all"), "unlocked")
        page.until("document.querySelector('#lock-state').innerText === 'Unlocked'")
        # Its journey begins with the click, of which its id tells in microseconds.
        journey = ended(run, journeys, 1)
        clicked = int(re.fullmatch(r"page-(\d{16})-[0-9a-f]{8}", journey["token"]).group(1))
        check(before - 1e5 < clicked < time.time() * 1e6, f"clicked at {clicked}, it began at {before}")
        check_equal((journey["outcome"], journey["kind"]), ("succeeded", "locks"))
        marks = journey["marks_ms"]
        check(0 < marks["received"] <= marks["started"] <= marks["acted"] <= marks["reported"], marks)

        api.ok("/v1/vehicles/0/actions/open_door", ["rear_left"])
        page.until("document.querySelector('#warnings').innerText === 'Rear left open'")
        page.click("#do-lock")
        check_in("A door is open\nThe rear left door is open", until_news(page, "failed"))
        page.until("document.querySelector('#do-lock .label').innerText === 'Lock'")
        check_equal(api.signal(0, "locks.all"), "unlocked")
        check_equal(ended(run, journeys, 2)["outcome"], "rejected")

        api.ok("/v1/vehicles/0/actions/close_door", ["rear_left"])
        api.ok("/v1/vehicles/0/power", {"to": "sleep"})
        page.until("document.querySelector('#presence').dataset.presence === 'asleep'")
        page.click("#do-lock")
        check_in("Locked", until_news(page, "confirmed"))
        check_equal(api.ok("/v1/vehicles/0")["state"], "online")
        check_equal(page.complaints(), [])


def it_outlives_the_cloud_and_the_demo(place):
    """A command that is given while the cloud is away goes out when it is back; without the demo the page opens all the
    same, and shows what it knew; it finds the cars of the next one."""
    with browser() as chromium:
        with demo(place) as (run, api):
            page = open_page(chromium, api)
            page.run("navigator.serviceWorker.ready.then(() => true)")
            os.kill(run.broker(), signal.SIGKILL)
            page.until("document.querySelector('#banner').innerText.startsWith('No connection to the cloud')")
            page.click("#do-lock")
            check_in("Waiting for a connection", until_news(page, "pending"))
            check_in("Unlocked", until_news(page, "confirmed"))
            check_equal(api.signal(0, "locks.all"), "unlocked")
            # The shadow counts from 1 again, and so do the connections.
            page.until("document.querySelector('#presence').dataset.presence === 'online'")
            page.until("document.querySelector('#lock-state').innerText === 'Unlocked'")
            api.ok("/v1/vehicles/0/signals", {"locks.all": "locked"})
            page.until("document.querySelector('#lock-state').innerText === 'Locked'")
            api.ok("/v1/vehicles/0/signals", {"locks.all": "unlocked"})
            page.until("JSON.parse(localStorage['fleetsim.last']).cars[0].reported.locks?.all === 'unlocked'")
            run.send(signal.SIGTERM)
            run.wait().expect(128 + signal.SIGTERM)
        page.open(f"{api.url}/companion/")
        page.until("document.querySelector('#banner')?.innerText.startsWith('The demo cannot be reached')")
        check_equal(page.text("#lock-state"), "Unlocked")
        check_in("Compact EV", page.text("#chooser"))
        with demo(place, api.url.rsplit(":", 1)[1]) as (run, api):
            page.until("document.querySelector('#presence')?.dataset.presence === 'online'")
            page.until("document.querySelector('#lock-state')?.innerText === 'Locked' && document.querySelector('#banner').hidden")


# Texts that are to be seen, whose contrast with what is behind them is less than WCAG 2.1 AA asks for (1.4.3), as
# far as that is a colour; controls that are switched off need none.
FAINT = """(() => {
  const rgba = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number), by = text.startsWith("color(") ? 255 : 1;
    return [r * by, g * by, b * by, a];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      if (colour[3] > 0.8) return colour;
    }
    return [255, 255, 255, 1];
  };
  const faint = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !e.checkVisibility() || e.closest(":disabled, noscript, .sr, svg")) continue;
    const style = getComputedStyle(e), size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const [a, b] = [light(rgba(style.color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < least) faint.push(`${e.innerText} (${ratio.toFixed(1)} to 1)`);
  }
  return faint;
})()"""


def nameless(page):
    """Roles of controls that who does not see the page hears no name of."""
    controls = {"button", "link", "slider", "textbox", "dialog", "img", "image", "progressbar"}
    said = page.ask("Accessibility.getFullAXTree")["nodes"]
    return [node["role"]["value"] for node in said
            if not node["ignored"] and node.get("role", {}).get("value") in controls
            and not node.get("name", {}).get("value")]


def all_can_use_it(place):
    """Every control has a name, every text enough contrast, by day and by night, on each tab and sheet."""
    with demo(place) as (run, api), browser() as chromium:
        page = open_page(chromium, api)
        page.ask("Accessibility.enable")
        api.ok("/v1/vehicles/0/signals", {"locks.all": "unlocked"})
        api.ok("/v1/vehicles/0/actions/open_door", ["trunk"])
        page.until("document.querySelector('#do-lock .label').innerText === 'Lock'")
        page.click("#do-lock")
        until_news(page, "failed")
        for dark in (True, False):
            page.scheme(dark)
            for tab in ("car", "climate", "charge", "place"):
                page.run(f"location.hash = '{tab}'")
                page.until(f"!document.querySelector('#tab-{tab}').hidden")
                check_equal((nameless(page), page.run(FAINT)), ([], []), f"{tab}, dark: {dark}")
            for opener, sheet in (("#chooser", "#cars"), ("#open-log", "#log")):
                page.click(opener)
                page.until(f"document.querySelector('{sheet}').open")
                check_equal((nameless(page), page.run(FAINT)), ([], []), f"{sheet}, dark: {dark}")
                page.run(f"document.querySelector('{sheet}').close()")


# The API as it is while the cars are being made: at first it lists none, then one, then all.
EARLY = """(() => {
  const real = fetch, most = [0, 0, 1];
  globalThis.fetch = async (path, ...rest) => {
    const answer = await real(path, ...rest);
    if (!String(path).startsWith("/v1/vehicles") || most.length === 0) return answer;
    const said = await answer.json();
    return new Response(JSON.stringify({ ...said, vehicles: said.vehicles.slice(0, most.shift()) }));
  };
})()"""


def it_waits_for_the_cars(place):
    """Opened before there are cars, the page waits for them, and finds those that come after it has begun."""
    with demo(place) as (_, api), browser() as chromium:
        page = chromium.page(390, 844)
        page.ask("Page.addScriptToEvaluateOnNewDocument", source=EARLY)
        page.open(f"{api.url}/companion/#token={TOKEN}")
        page.until("document.querySelector('#welcome')?.checkVisibility()")
        page.until("document.querySelector('#presence')?.dataset.presence === 'online'")
        page.until("(document.querySelector('#cars').open || document.querySelector('#chooser').click(), "
                   "document.querySelectorAll('#car-list li').length === 2 || document.querySelector('#cars').close())")
        check_equal(page.complaints(), [])


def named_shadows_are_part_of_the_car(place):
    """What a car keeps in named shadows is shown like the rest, and follows."""
    with demo(place, model="compact_ev_shadows") as (_, api), browser() as chromium:
        page = open_page(chromium, api)
        page.until("!document.querySelector('#go-climate').hidden && !document.querySelector('#go-charge').hidden")
        api.ok("/v1/vehicles/0/signals", {"climate.target": 24.5, "charging.limit": 70})
        page.until("document.querySelector('#target').innerText === '24.5°'")
        page.until("document.querySelector('#limit').value === '70'")
        check_equal(page.complaints(), [])


def strangers_are_kept_out(place):
    """The page's files are for all who are on this machine, its way to the cloud is for who has the token, and leads no
    further than an owner's app has to go."""
    with demo(place) as (_, api):
        stranger = Api(api.url, "not-the-token-of-this-test")
        status, headers, text = stranger.ask("/companion/")
        check_equal(status, 200)
        check_in('src="main.js"', text)
        policy = headers["Content-Security-Policy"]
        for part in ("default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "require-trusted-types-for"):
            check_in(part, policy)
        check("unsafe" not in policy, policy)
        for name, kind in (("main.js", "text/javascript"), ("manifest.webmanifest", "application/manifest+json")):
            check_in(kind, stranger.ask("/companion/" + name)[1]["Content-Type"])
        check_equal(stranger.ask("/companion")[0], 200)  # sent on
        stranger.refused(404, "/companion/none.js")
        stranger.refused(401, "/companion/..%2fmain.js")
        stranger.refused(421, "/companion/", headers={"Host": "evil.example"})
        stranger.refused(401, "/v1/companion")
        api.refused(403, "/v1/companion", headers={"Origin": "http://evil.example"})
        access = api.ok("/v1/companion")
        check_in(re.match(r"ws://[^/]*", access["endpoint"]).group(0) + ";", policy)
        check(TOKEN not in json.dumps(access), "the API's token is the cloud's too")

        thing = api.ok("/v1/vehicles")["vehicles"][0]["thing"]
        user, password = access["user"], access["password"]
        for who in (("page-1", user, "x"), ("page-1", user, TOKEN), ("page-1", user, None), ("page-1",),
                    ("companion-1", "companion", password), (thing, user, password), ("companion-1", user, password),
                    ("page-1", "page?x-amz-customauthorizer-name=other", password)):
            with WebSocketMqtt(access["endpoint"]) as client:
                check(client.connect(*who) != 0, f"{who} is let in")
        shadow, wish = f"$aws/things/{thing}/shadow/", '{"state":{"desired":{"locks":{"all":"unlocked"}}}}'
        for may, act in ((True, lambda c: c.publish(shadow + "get", "")), (False, lambda c: c.publish(shadow + "update", wish)),
                         (True, lambda c: c.publish(shadow + "name/comfort/get", "")),
                         (False, lambda c: c.publish(shadow + "name/comfort/update", wish)),
                         (True, lambda c: c.subscribe("cmd/fleetsim/+/response/page-1")),
                         (False, lambda c: c.subscribe("cmd/fleetsim/+/response/page-2")),
                         (False, lambda c: c.subscribe("dt/fleetsim/#"))):
            with WebSocketMqtt(access["endpoint"]) as client:
                check_equal(client.connect("page-1", user, password), 0)
                check_equal(act(client), may)
        check_equal(api.signal(0, "locks.all"), "locked")


def what_cannot_be_is_said(place):
    """Before anything begins: what, why, and what to do."""
    needs_page()
    for arguments, why in ((("--endpoint", "mqtts://a:1"), "leave out --endpoint"),
                           (("--api", "0.0.0.0:0"), "for this machine alone")):
        place.run("demo", "--headless", "--companion", *arguments,
                  env={"FLEETSIM_API_TOKEN": TOKEN}).refuses(2, "--companion", why)
    with place.cloud("plain"):
        place.run("demo", "--headless", "--companion", "--api", ":0", "--cloud", "plain").refuses(
            2, "lets no page in", "--companion")


def a_cloud_that_runs_lets_it_in(place):
    """`fleetsim cloud --companion`, and a demo that joins it."""
    with place.cloud("lab", "--companion"):
        with open(place.path("lab/cloud.json")) as told:
            cloud = json.load(told)
        with demo(place, 0, "--cloud", "lab") as (_, api):
            access = api.ok("/v1/companion")
            check_equal(access["endpoint"], cloud["page"])
            check_equal(access["models"], {"compact_ev": {"title": "Compact EV", "body": "hatch", "shadows": []}})
            with WebSocketMqtt(access["endpoint"]) as client:
                check_equal(client.connect("page-1", access["user"], access["password"]), 0)


def its_parts_do_as_they_say(place):
    """What needs no browser: shadows, presence, the life of a command (tests/companion/)."""
    if shutil.which("node") is None:
        raise Skipped("there is no Node.js (apt-get install nodejs)")
    done = subprocess.run(["node", "--test", *sorted(glob.glob(os.path.join(ROOT, "tests/companion/*.test.mjs")))],
                          capture_output=True, text=True, cwd=place.dir, check=False)
    check(done.returncode == 0 and re.search(r"^. pass [1-9]\d*$", done.stdout, re.M), done.stdout + done.stderr)


main([a_car_is_unlocked_and_refuses_to_lock, any_of_many_cars_is_found, it_outlives_the_cloud_and_the_demo, all_can_use_it,
      it_waits_for_the_cars, named_shadows_are_part_of_the_car, strangers_are_kept_out,
      what_cannot_be_is_said, a_cloud_that_runs_lets_it_in, its_parts_do_as_they_say])
