#!/usr/bin/env python3
"""Policies, groups and the fleet index from the command line, and --policy."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import check_equal, check_in, main  # noqa: E402

CAR = """
scenario("a car stays a while", { timeout = 60 }, function(t)
  local car = t:vehicle()
  car:wait_online()
  print("the car is " .. car.name .. ".")
  while car.link == "online" do
    car:telemetry("note", "here", 1)
    t:wait(0.2)
  end
  print("it was thrown out")
end)
"""

ARN = "arn:aws:iot:eu-central-1:123456789012:"


def document(effect, action, resource, **more):
    return json.dumps({"Version": "2012-10-17",
                       "Statement": [{"Effect": effect, "Action": action, "Resource": ARN + resource, **more}]})


def a_car_is_put_into_quarantine(place):
    place.write("car.lua", CAR)
    place.write("quiet.json", document("Deny", "iot:Publish", "topic/dt/*", Sid="quiet"))
    with place.cloud():
        with place.start("run", "car.lua", "--cloud", "lab", "--no-results") as run:
            run.until_said("the car is ")
            name = "".join(run.text()).split("the car is ")[1].split(".")[0]

            def cloud(*words):
                return place.run("cloud", words[0], *((words[1],) if len(words) > 1 else ()), "--dir", "lab", *words[2:])

            def may(topic):
                return cloud("policy", "test", "--thing", name, "--action", "publish", "--topic", topic)

            topic = "dt/fleetsim/" + name + "/position"
            may(topic).expect(0, "allowed", "by policy vehicle, Statement[")
            may("elsewhere").expect(1, "denied", "no statement is about it")
            cloud("policy", "put", "quiet", place.path("quiet.json")).expect(0, "quiet version 1, statements: 1")
            cloud("group", "create", "recalled").expect(0)
            cloud("group", "add", "recalled", "--query", "thingName:" + name + " AND connectivity.connected:true").expect(0)
            check_equal(cloud("group", "things", "recalled").out, name + "\n", "the group's things")
            cloud("policy", "attach", "quiet", "group/recalled").expect(0)
            may(topic).expect(1, "by policy quiet, Statement[0] (quiet)", "of the policies it has: vehicle quiet")
            check_in("recalled", cloud("things", "thingGroupNames:recalled").out)
            check_equal(cloud("things", "NOT thingGroupNames:*", "-c").out, "0\n", "things without a group")
            thing = json.loads(cloud("things", "thingName:" + name, "--json").out)[0]
            check_in("doors", json.loads(thing["shadow"])["reported"])
            run.until_said("it was thrown out")
            run.wait().expect(0)
            cloud("policy", "delete", "quiet").expect(4, "DeleteConflict", "attached to 1 targets")


def what_is_wrong_is_said(place):
    place.write("bad.json", document("Deny", "iot:Publsh", "topic/a"))
    place.write("none.json", document("Deny", "iot:Connect", "client/*"))
    os.mkdir(place.path("policies"))
    for options in (["cloud", "--dir", "lab"], ["run", "x.lua"]):
        place.write("x.lua", 'scenario("x", function(t) end)')
        place.run(*options, "--policy", place.path("bad.json")).expect(
            2, "bad.json: Statement[0]: Action: \"iot:Publsh\": no action of AWS IoT")
        place.run(*options, "--policy", place.path("policies")).expect(2, "no NAME.json in it")
    place.run("cloud", "policy", "test", "--policy", place.path("none.json"), "--thing", "car-1", "--action",
              "connect").expect(1, "denied", "Statement[0]")
    place.run("cloud", "policy", "test", "--policy", place.path("none.json"), "--thing", "car-1", "--action",
              "fly").expect(2, "--action fly: connect, publish")
    place.run("cloud", "policy", "list", "--dir", "nowhere").expect(4, "no local cloud runs there")
    place.run("cloud", "policy").expect(2, "cloud policy: no command given")
    place.run("cloud", "group", "create").expect(2, "cloud group create: something is missing")
    place.run("cloud", "things", "--dir", "nowhere", "a:1").expect(4)


def a_fleet_under_a_policy_that_locks_it_out(place):
    place.write("none.json", document("Deny", "iot:Connect", "client/*"))
    place.write("car.lua", """
scenario("a car that may not connect", { timeout = 20 }, function(t)
  local car = t:vehicle()
  car:wait_until(function() return car.link == "backing off" end, 10)
  t:match(car:timeline(), "Not authorized")
end)
""")
    place.run("run", "car.lua", "--policy", place.path("none.json"), "--no-results").expect(0, "1 scenario: 1 passed")


if __name__ == "__main__":
    main([a_car_is_put_into_quarantine, what_is_wrong_is_said, a_fleet_under_a_policy_that_locks_it_out])
