#!/usr/bin/env python3
"""The control API as the test of an app uses it: cars listed and driven, refusals pinned, woken by text messages of
three shapes, their events read; and who is kept out."""
import base64
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from control_api import Api  # noqa: E402
from fleetsim_test import ROOT, check, check_equal, check_in, main  # noqa: E402

TOKEN = "a-token-of-this-test-0123456789"
# Goes on until it is told to stop.
CARS = """
scenario("cars for an app", { timeout = 300 }, function(t)
  t:fleet { count = 3 }:wait_online()
  print("ready")
  t:wait(250)
end)
"""


def stop(run):
    run.send(signal.SIGTERM)
    run.wait().expect(128 + signal.SIGTERM)


# The car's horn is busy with a command for longer than any test lasts.
BUSY = """
scenario("a car with a busy horn", { timeout = 300 }, function(t)
  local car, app = t:vehicle(), t:companion()
  car:wait_online()
  car:pin("horn", "delay:200s", { times = 1 })
  app:request(car, { horn = { active = true } })
  t:eventually(10, function() return #car:pins() == 0 end)
  print("ready")
  t:wait(250)
end)
"""


def begin(place, *arguments, script=CARS):
    place.write("s.lua", script)
    return place.start("run", "s.lua", "--api", ":0", *arguments)


def url_of(run):
    run.until(lambda: "ready" in run.text()[1], "the cars")
    return re.search(r"control API at (http://\S+)/v1", run.text()[1]).group(1)


@contextlib.contextmanager
def api_of(place, script=CARS):
    with begin(place, "--api-token", TOKEN, "--no-results", script=script) as run:
        yield run, Api(url_of(run), TOKEN)
        stop(run)


def form(fields):
    return urllib.parse.urlencode(fields).encode()


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def an_app_tester_drives_a_car(place):
    """Unlocks as the driver, opens a door, is refused as a command is, pins a refusal, sees events."""
    with api_of(place) as (run, api):
        cars = api.ok("/v1/vehicles?limit=2")
        check_equal([c["index"] for c in cars["vehicles"]], [0, 1])
        check_equal(cars["total"], 3)
        rest = api.ok(cars["next"])
        check_equal([c["index"] for c in rest["vehicles"]], [2])
        check("next" not in rest, "a page behind the last")
        car = cars["vehicles"][0]["vin"]

        events = api.events(f"?vehicle={car}&path=locks.all&kinds=signal")
        check_equal(api.ok(f"/v1/vehicles/{car}/signals", {"locks": {"all": "unlocked"}}, method="PATCH"),
                    {"locks.all": "unlocked"})
        kind, event = next(events)
        check_equal((kind, event["vin"], event["path"], event["value"]), ("signal", car, "locks.all", "unlocked"))
        api.ok(f"/v1/vehicles/{car}/actions/open_door", ["front_left"])
        check_equal(api.signal(0, "doors.front_left"), "open")
        problem = api.refused(409, "/v1/vehicles/0/signals", {"locks.all": "locked"})
        check_equal((problem["outcome"], problem["code"]), ("REJECTED", "DOOR_OPEN"))
        api.ok("/v1/vehicles/0/actions/close_door", ["front_left"])

        pins = api.ok("/v1/vehicles/0/outcomes", {"target": "locks", "outcome": "fail:MOTOR_FAULT", "times": 2})
        check_equal(pins["outcomes"], [{"target": "locks", "outcome": "fail:MOTOR_FAULT", "times": 2}])
        problem = api.refused(409, "/v1/vehicles/0/signals", {"locks.all": "locked"})
        check_equal((problem["outcome"], problem["code"]), ("FAILED", "MOTOR_FAULT"))
        check_equal(api.ok("/v1/vehicles/0/outcomes?target=locks", method="DELETE"), {"outcomes": []})
        api.ok("/v1/vehicles/0/signals", {"locks.all": "locked", "battery": {"state_of_charge": 12}})
        check_equal(api.signal(0, "battery.state_of_charge"), 12)
        names = [a["name"] for a in api.ok("/v1/vehicles/0/actions")["actions"]]
        check("open_door" in names and "unlock" in names, names)
        check_in("pinned: locks", api.ok("/v1/vehicles/0/timeline?lines=500"))
        check_in("fleetsim_vehicles", api.ok("/metrics"))
        check_in("openapi: 3", api.ok("/v1/openapi.yaml"))


def curl_is_enough(place):
    """As docs/api.md has it: a token in a header, and JSON."""
    def curl(address, *more):
        said = subprocess.run(["curl", "-s", "-w", "\n%{http_code}", *more, address], capture_output=True, text=True,
                              timeout=20, check=True).stdout
        body, status = said.rsplit("\n", 1)
        return int(status), json.loads(body)

    with api_of(place) as (_, api):
        api.wait_state(0, "online")
        token = ("-H", f"Authorization: Bearer {TOKEN}")
        check_equal(curl(f"{api.url}/v1/vehicles")[0], 401, "without the token")
        status, cars = curl(f"{api.url}/v1/vehicles", *token)
        check(status == 200 and cars["total"] >= 1, cars)
        status, said = curl(f"{api.url}/v1/vehicles/0/outcomes", *token, "-H", "Content-Type: application/json",
                            "-d", '{"target": "locks", "outcome": "refuse:DOOR_OPEN", "times": 1}')
        check(status in (200, 201), said)


def doors_are_opened_by_hand(place):
    """A signal of a door is what a driver does: refused while it is locked; closed before locking, opened after."""
    with api_of(place) as (run, api):
        problem = api.refused(409, "/v1/vehicles/0/signals", {"doors": {"front_left": "open"}})
        check_equal((problem["outcome"], problem["code"]), ("REJECTED", "DOOR_LOCKED"))
        check_equal(api.signal(0, "doors.front_left"), "closed")
        api.ok("/v1/vehicles/0/signals", {"doors.front_left": "open", "locks.all": "unlocked"})
        check_equal((api.signal(0, "doors.front_left"), api.signal(0, "doors.all_closed")), ("open", False))
        check_in("follows from the doors",
                 api.refused(422, "/v1/vehicles/0/signals", {"doors.all_closed": True})["detail"])
        api.ok("/v1/vehicles/0/signals", {"doors.front_left": "closed", "locks.all": "locked"})
        check_equal((api.signal(0, "doors.all_closed"), api.signal(0, "locks.all")), (True, "locked"))
        api.ok("/v1/vehicles/0/signals?how=set", {"doors.rear_left": "open"})
        check_equal(api.signal(0, "doors.rear_left"), "open")


# Whoever looks at this car waits for its part.
SLOW = """
return part("slow", function()
  return { refresh = function(car) if car:has("doors.front_left") then car:work(60) end end }
end)
"""


def a_question_that_takes_too_long_is_not_promised(place):
    """504, and no operation to ask for later."""
    place.write("slow.lua", SLOW)
    place.write("slow_ev.lua", 'return model { name = "slow_ev", parts = { (require "parts.doors") {}, (require "slow") {} '
                               '} }')
    script = CARS.replace("count = 3", "count = 1, model = 'slow_ev'")
    with api_of(place, script=script) as (run, api):
        status, headers, problem = api.ask("/v1/vehicles/0", headers={"Prefer": "wait=0.3"})
        check_equal(status, 504)
        check(headers["Location"] is None, "a Location")
        check_in("Prefer", problem["advice"])


def what_takes_long_is_answered_later(place):
    """Prefer: respond-async and wait; the operation tells how it ended."""
    with api_of(place) as (run, api):
        status, headers, running = api.ask("/v1/vehicles/1/signals", {"windows": {"front_left": 20}},
                                           headers={"Prefer": "respond-async"})
        check_equal((status, running["status"]), (202, "running"))
        run.until(lambda: api.ok(headers["Location"])["status"] != "running", "the window")
        done = api.ok(headers["Location"])
        check_equal((done["status"], done["result"]), ("succeeded", {"windows.front_left": 20}))
        api.ok("/v1/vehicles/1/outcomes", {"target": "horn", "outcome": "timeout"})
        status, headers, _ = api.ask("/v1/vehicles/1/signals", {"horn.active": True}, headers={"Prefer": "wait=0.2"})
        check_equal((status, api.ok(headers["Location"])["status"]), (202, "running"))
        api.refused(404, "/v1/operations/999")


def text_messages_wake_cars(place):
    """In the shapes of Twilio and SNS, and our own; a car without signal gets its message when it has some again."""
    with api_of(place) as (run, api):
        cars = api.ok("/v1/vehicles")["vehicles"]
        for car in cars:
            check_equal(api.ok(f"/v1/vehicles/{car['index']}/power", {"to": "sleep"}), {"state": "asleep"})
        number = [c["msisdn"] for c in cars]
        basic = base64.b64encode(f"AC1:{TOKEN}".encode()).decode()
        twilio = "/2010-04-01/Accounts/AC1/Messages.json"
        status, _, message = api.ask(twilio, form({"To": number[0], "From": "+15550100", "Body": "wake"}),
                                     headers={**FORM, "Authorization": "Basic " + basic})
        check_equal((status, message["status"], message["to"]), (201, "queued", number[0]))
        api.wait_state(0, "online")
        status, _, message = api.ask(twilio, form({"To": "+1", "Body": "x"}), headers=FORM)
        check_equal((status, message["code"]), (400, 21211))

        scope = f"{TOKEN}/20261129/eu-central-1/sns/aws4_request"
        signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        status, _, answer = api.ask("/", form({"Action": "Publish", "PhoneNumber": number[1], "Message": "wake"}),
                                    headers={**FORM, "Authorization": signed})
        check_equal(status, 200)
        check(re.search(r"<MessageId>[0-9a-f-]{36}</MessageId>", answer), answer)
        api.wait_state(1, "online")

        api.ok("/v1/vehicles/2/radio", {"profile": "garage"})
        status, headers, _ = api.ask("/v1/sms", {"to": number[2], "text": "wake"}, headers={"Prefer": "respond-async"})
        check_equal(status, 202)
        check_equal(api.ok("/v1/vehicles/2")["state"], "asleep")
        check_equal(api.ok("/v1/vehicles/2/radio", {"profile": "lte_good"})["profile"], "lte_good")
        api.wait_state(2, "online")
        check_equal(api.ok(headers["Location"])["result"], {"status": "delivered"})
        api.refused(404, "/v1/sms", {"to": "+1"})


def too_much_at_once_leaves_room_for_others(place):
    """Text messages for a dead spot have a limit of their own, and clients that wait do not take all connections."""
    with api_of(place) as (run, api):
        api.ok("/v1/vehicles/0/radio", {"profile": "garage"})
        fields = {"To": api.ok("/v1/vehicles/0")["msisdn"], "Body": "wake"}
        line = http.client.HTTPConnection(api.url.removeprefix("http://"), timeout=20)
        status, sent = 201, 0
        while status == 201:
            line.request("POST", "/2010-04-01/Accounts/AC1/Messages.json", form(fields),
                         {**FORM, "Authorization": "Bearer " + TOKEN})
            answer = line.getresponse()
            status, text = answer.status, answer.read()
            sent += status == 201
        check_equal((status, json.loads(text)["code"], sent), (429, 20429, 4096))
        check_in("4096 text messages", api.refused(503, "/v1/sms", {"to": fields["To"], "text": "x"})["detail"])
        fields = {"Action": "Publish", "PhoneNumber": fields["To"], "Message": "x"}
        status, _, text = api.ask("/", form(fields), headers=FORM)
        check_equal((status, "<Code>Throttled</Code>" in text), (429, True))
        api.ok("/v1/vehicles/1/signals", {"locks.all": "unlocked"}, method="PATCH")

        api.ok("/v1/vehicles/1/outcomes", {"target": "horn", "outcome": "timeout"})
        path, body = "/v1/vehicles/1/signals", b'{"horn.active": true}'
        head = (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nPrefer: wait=600\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")
        port = int(api.url.rsplit(":", 1)[1])
        with contextlib.ExitStack() as lines:
            first = int(api.ask(path, json.loads(body), headers={"Prefer": "respond-async"})[2]["operation"])
            for _ in range(32):
                lines.enter_context(socket.create_connection(("127.0.0.1", port))).sendall(head.encode() + body)
            run.until(lambda: api.ask(f"/v1/operations/{first + 32}")[0] == 200, "all to wait")
            check_equal(api.ask(path, json.loads(body), headers={"Prefer": "wait=600"})[0], 202)
            api.ok("/v1/vehicles")


def what_waits_for_a_part_goes_on_when_the_power_goes(place):
    """The part's wish is lost with the power; who waits for its end is not."""
    with api_of(place, BUSY) as (run, api):
        _, headers, running = api.ask("/v1/vehicles/0/signals", {"horn.active": True},
                                      headers={"Prefer": "wait=0.2"})
        check_equal(running.get("status"), "running")
        api.ok("/v1/vehicles/0/power", {"to": "cut"})
        run.until(lambda: api.ok(headers["Location"])["status"] != "running", "the wish")


def answers_are_utf8(place):
    """Whatever was asked."""
    with api_of(place) as (run, api):
        check_in("'?\u00e4'", api.refused(422, "/v1/vehicles/0/actions/%ff%c3%a4", [])["detail"])
        number = api.ok("/v1/vehicles/0")["msisdn"]
        status, _, message = api.ask("/2010-04-01/Accounts/AC1/Messages.json",
                                     f"To=%2b{number[1:]}&Body=%ff&From=%c3%a4".encode(), headers=FORM)
        check_equal((status, message["body"], message["from"]), (201, "?", "\u00e4"))


def wrong_requests_are_told_why(place):
    """401, 403, 404, 405, 413, 415, 421, 422 with what, why and what to do."""
    with api_of(place) as (run, api):
        stranger = Api(api.url, "not-the-token-of-this-test")
        check_in("Bearer", stranger.refused(401, "/v1/vehicles")["advice"])
        status, headers, _ = stranger.ask("/v1/vehicles")
        check_equal(headers["WWW-Authenticate"], 'Bearer realm="fleetsim"')
        check_equal(stranger.ask("/nothing")[0], 401)
        check_in("--api-origin", api.refused(403, "/v1", headers={"Origin": "http://evil.example"})["advice"])
        api.refused(421, "/v1", headers={"Host": "evil.example"})
        check_in("/v1/vehicles", api.refused(404, "/v1/vehicles/99")["advice"])
        check_in("/v1/events", api.refused(404, "/v1/nothing")["advice"])
        check_in("GET", api.refused(405, "/v1/vehicles", {})["advice"])
        api.refused(413, "/v1/vehicles/0/signals", {"x": "y" * 70000})
        api.refused(415, "/v1/vehicles/0/signals", b"<a/>", headers={"Content-Type": "text/xml"})
        api.refused(400, "/v1/vehicles/0/signals", b"{", headers={"Content-Type": "application/json"})
        check_in("did you mean 'locks.all'",
                 api.refused(422, "/v1/vehicles/0/signals", {"locks.al": "locked"})["detail"])
        api.refused(422, "/v1/vehicles/0/signals", {"locks.all": "open"})
        api.refused(422, "/v1/vehicles/0/signals", {"climate.target": 99})
        check_in("'open_door'", api.refused(422, "/v1/vehicles/0/actions/open_dor", [])["detail"])
        pin = {"target": "locks", "outcome": "refus"}
        check_in("'refuse'", api.refused(422, "/v1/vehicles/0/outcomes", pin)["detail"])
        api.refused(422, "/v1/vehicles/0/power", {"to": "fly"})
        api.refused(422, "/v1/vehicles/0/radio", {"profile": "6g"})
        api.refused(422, "/v1/events?kinds=signals")
        api.refused(422, "/v1/vehicles?state=broken")


def it_is_for_this_machine_and_who_has_the_token(place):
    """Listens on the loopback alone; the random token is in a file that others cannot read, and in no result; what is
    not safe is refused before anything begins."""
    with begin(place) as run:
        url = url_of(run)
        port = int(url.rsplit(":", 1)[1])
        own = socket.gethostbyname(socket.gethostname())
        if not own.startswith("127."):
            with socket.socket() as other:
                check(other.connect_ex((own, port)) != 0, f"listens at {own} as well")
        name = re.search(r"\(its token is in (\S+)\)", run.text()[1]).group(1)
        path = os.path.join(place.dir, name)
        check_equal(os.stat(path).st_mode & 0o777, 0o600, "mode")
        with open(path) as file:
            told = json.load(file)
        check_equal(told["url"], url + "/v1")
        check_equal(Api(url, told["token"]).ok("/v1/vehicles")["total"], 3)
        check(told["token"] not in run.text()[1], "stderr tells the token")
        stop(run)
    check(not os.path.exists(path), "api.json is still there")

    with begin(place, "--name", "replaced") as run:
        url_of(run)
        name = re.search(r"\(its token is in (\S+)\)", run.text()[1]).group(1)
        os.unlink(os.path.join(place.dir, name))
        place.write(name, "another's")
        stop(run)
    check(os.path.exists(os.path.join(place.dir, name)), "another's api.json is gone")

    with begin(place, "--api-token", TOKEN, "--name", "given") as run:
        url_of(run)
        stop(run)
    for folder, _, files in os.walk(place.dir):
        for file in files:
            with open(os.path.join(folder, file), errors="replace") as content:
                check(TOKEN not in content.read(), f"the token is in {file}")
    for arguments, why in (
            (["--api", "0.0.0.0:0"], "token of your own"),
            (["--api", "[::]:0"], "token of your own"),
            ([f"--api", own + ":0"] if not own.startswith("127.") else ["--api", "0.0.0.0:0"], "token of your own"),
            (["--api", ":0", "--api-token", "short"], "openssl rand"),
            (["--api", "there"], "not an address"),
            (["--api", ":0", "--api-origin", "*"], "not the origin"),
            (["--api", ":0", "--time", "virtual"], "--time-scale")):
        place.run("run", "s.lua", "--no-results", *arguments).refuses(2, why)
    place.run("pki", "init", "--dir", "lab").expect(0)
    place.run("demo", "--headless", "--vehicles-dir", os.path.join(ROOT, "vehicles"), "--api", ":0", "--endpoint",
              "mqtts://127.0.0.1:1", "--pki", "lab").expect(2, "there is no folder to keep a token in")


if __name__ == "__main__":
    main([an_app_tester_drives_a_car, curl_is_enough, doors_are_opened_by_hand, a_question_that_takes_too_long_is_not_promised,
          what_takes_long_is_answered_later, text_messages_wake_cars,
          too_much_at_once_leaves_room_for_others, what_waits_for_a_part_goes_on_when_the_power_goes, answers_are_utf8,
          wrong_requests_are_told_why, it_is_for_this_machine_and_who_has_the_token])
