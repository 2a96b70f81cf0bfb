#!/usr/bin/env python3
"""Jobs from the command line: fleetsim job against a cloud that runs, with a car and without."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import FLEETSIM, PATIENCE, Done, check, check_equal, check_in, main  # noqa: E402

UPDATE = json.dumps({"operation": "update", "version": "2.0", "size": 400000})

CAR = """
scenario("a car waits for its update", { timeout = 60 }, function(t)
  local car = t:vehicle { model = "compact_ev_ota" }
  car:wait_online()
  print("the car is " .. car.name .. ".")
  car:wait_until(function() return car.state.update.version == "2.0" and car.state.update.state == "idle" end, 40)
end)
"""


def a_car_gets_its_update(place):
    place.write("car.lua", CAR)
    with place.cloud():
        with place.start("run", "car.lua", "--cloud", "lab", "--no-results") as run:
            run.until_said("the car is ")
            name = "".join(run.text()).split("the car is ")[1].split(".")[0]
            done = place.run("job", "create", "--dir", "lab", "--vehicles", "all", "--id", "spring", "--watch", "--document", UPDATE)
            done.expect(0, "spring\n", "succeeded 1", "COMPLETED")
            cars = json.loads(place.run("job", "cars", "--dir", "lab", "spring", "--json").out)
            check_equal([car["thingName"] for car in cars], [name], "things")
            check_equal(cars[0]["statusDetails"], {"version": "2.0"}, "details")
            run.wait().expect(0)


def a_file_is_downloaded(place):
    place.write("car.lua", CAR)
    with open(place.path("firmware.bin"), "wb") as f:
        f.write(bytes(range(256)) * 900)
    with place.cloud():
        with place.start("run", "car.lua", "--cloud", "lab", "--no-results") as run:
            run.until_said("the car is ")
            name = "".join(run.text()).split("the car is ")[1].split(".")[0]
            place.run("job", "create", "--dir", "lab", name, "--id", "file", "--watch", "--file", place.path("firmware.bin"),
                      "--document", '{"operation":"update","version":"2.0"}').expect(0, "succeeded 1")
            document = json.loads(place.run("job", "show", "--dir", "lab", "file").out)["document"]
            check_equal((document["size"], document["stream"]["id"]), (230400, "file"), "the document")
            run.wait().expect(0)


def a_signed_file_is_downloaded_over_https(place):
    place.write("car.lua", CAR)
    with open(place.path("firmware 2.bin"), "wb") as f:
        f.write(bytes(range(256)) * 900)
    with place.cloud():
        with place.start("run", "car.lua", "--cloud", "lab", "--no-results") as run:
            run.until_said("the car is ")
            name = "".join(run.text()).split("the car is ")[1].split(".")[0]
            place.run("job", "create", "--dir", "lab", name, "--id", "web", "--watch", "--file", place.path("firmware 2.bin"),
                      "--by", "https", "--sign", "release", "--document",
                      '{"operation":"update","version":"2.0"}').expect(0, "succeeded 1")
            document = json.loads(place.run("job", "show", "--dir", "lab", "web").out)["document"]
            check_equal(document["url"], "${aws:iot:s3-presigned-url:https://s3.local.amazonaws.com/web/firmware_2.bin}", "URL")
            check_in("BEGIN CERTIFICATE", document["codesign"]["certificate"])
            run.wait().expect(0)


REFUSING = """
scenario("a car finds no server that it trusts", { timeout = 60 }, function(t)
  local car = t:vehicle { model = "compact_ev_ota" }
  local app = t:companion()
  car:wait_online()
  local file = app:put_artifact("a.bin", ("x"):rep(1000))
  local job = app:create_job(car, { operation = "update", version = "2.0", size = file.size, url = file.url })
  t:equal(job:wait_execution(car, "FAILED").statusDetails.reason, "UNTRUSTED_SERVER")
end)
"""


def a_server_that_is_not_trusted(place):
    place.write("refusing.lua", REFUSING)
    place.run("pki", "init", "--dir", "other").expect(0)
    place.run("run", "refusing.lua", "--no-results", "--artifacts-ca", place.path("other/pki/ca.pem")).expect(0, "1 passed")


def files_are_signed(place):
    place.write("a.bin", "bytes")
    place.run("pki", "init", "--dir", "lab").expect(0)
    said = json.loads(place.run("job", "sign", "--dir", "lab", "--file", place.path("a.bin")).out)
    check_equal(sorted(said), ["certificate", "hashAlgorithm", "signature", "signatureAlgorithm"], "codesign")
    keys = os.listdir(place.path("lab/code-signing"))
    check_equal(sorted(keys), ["ca.key", "ca.pem", "release.key", "release.pem"], "files")
    again = json.loads(place.run("job", "sign", "--dir", "lab", "--file", place.path("a.bin"), "--days", "1").out)
    check(again["certificate"] != said["certificate"])
    place.run("job", "sign", "--dir", "lab", "--file", "none").refuses(2, "--file: none")
    place.run("job", "sign", "--dir", "lab").refuses(2, "--file FILE")
    place.run("job", "sign", "--dir", "lab", "--file", place.path("a.bin"), "--signer", "../x").refuses(2, "not a name")


BREAKS = """
local bad = part("bad", function()
  return {
    signals = { { "bad.done", type = "integer" } },
    jobs = {
      early = { run = function() error("no such disk") end },
      late = {
        run = function(_, job)
          job:progress({ step = "copying" }, 5)
          local nothing
          return nothing.at_all
        end,
        details = function() return { step = "copying", progress = "40" } end,
      },
      good = { run = function(car) car:set("bad.done", car:get("bad.done") + 1) return { lines = "120" } end },
    },
  }
end)
return model { name = "breaks", title = "A car with a bad part", parts = { bad {} } }
"""

BREAKING = """
function ends(operation, status) return app:create_job(car, { operation = operation }):wait_execution(car, status).statusDetails end
early = ends("early", "FAILED")
print(early.reason, early.description)
late = ends("late", "FAILED")
print(late.reason, late.progress, late.description)
for i = 1, 2 do print(ends("good", "SUCCEEDED").lines, car:get("bad.done")) end
"""


def an_error_in_a_part_ends_its_job(place):
    """The execution fails with what went wrong, whoever has the car is told, and the next jobs are done."""
    os.mkdir(place.path("cars"))
    place.write("cars/breaks.lua", BREAKS)
    process = subprocess.run([FLEETSIM, "repl", "--model", "breaks", "--vehicles-dir", "cars"], input=BREAKING,
                             capture_output=True, text=True, cwd=place.dir, timeout=PATIENCE, env=place.environment(), check=False)
    place.check_clean()
    Done(process, process.stdout, process.stderr).expect(
        0, "error beside the lines: cars/breaks.lua:6: no such disk", "INTERNAL_ERROR\tcars/breaks.lua:6: no such disk\n",
        "INTERNAL_ERROR\t40\tcars/breaks.lua:11: attempt to index a nil value", "120\t1\n120\t2\n")


def jobs_without_cars(place):
    place.run("pki", "init", "--dir", "lab", "--vehicles", "4").expect(0)
    place.write("things.txt", "# two of them\ncar-1\n\ncar-2\n")
    place.write("release.json", UPDATE)
    with place.cloud():
        place.run("job", "create", "--dir", "lab", "--vehicles", "1..2", "--targets", place.path("things.txt"), "x", "--id",
                  "many", "--document", "@" + place.path("release.json"), "--description", "for all").expect(0, "many")
        shown = json.loads(place.run("job", "show", "--dir", "lab", "many").out)
        check_equal((shown["numberOfTargets"], shown["description"]), (5, "for all"), "the job")
        check_in("car-2", place.run("job", "cars", "--dir", "lab", "many", "--status", "QUEUED").out)
        place.run("job", "delete", "--dir", "lab", "many").refuses(4, "InvalidStateTransition")
        place.run("job", "cancel", "--dir", "lab", "many", "--reason", "WRONG").expect(0)
        place.run("job", "watch", "--dir", "lab", "many").expect(1, "CANCELED: WRONG")
        check_in("CANCELED", place.run("job", "list", "--dir", "lab").out)
        place.run("job", "delete", "--dir", "lab", "many").expect(0)
        check_equal(json.loads(place.run("job", "list", "--dir", "lab", "--json").out), [], "jobs")


def what_is_refused(place):
    place.run("job").refuses(2, "no command given")
    place.run("job", "fly").refuses(2, "no such command: fly")
    place.run("job", "list").refuses(2, "--dir")
    place.run("job", "list", "--dir", place.path("nowhere")).refuses(4, "no local cloud runs there", "fleetsim cloud")
    with place.cloud():
        for arguments, words in ((("create", "--document", UPDATE), "no targets"),
                                 (("create", "car", "--document", "[1]"), "not a JSON object"),
                                 (("create", "car"), "not a JSON object"),
                                 (("create", "car", "--document", "@none"), "--document: none"),
                                 (("create", "car", "--document", UPDATE, "--abort", "FAILED"), "--abort FAILED"),
                                 (("create", "--targets", "none", "--document", UPDATE), "--targets none"),
                                 (("create", "--vehicles", "9..3", "--document", UPDATE), "not a selection"),
                                 (("create", "--vehicles", "all", "--document", UPDATE), "the cloud has met no car yet"),
                                 (("create", "car", "--document", UPDATE, "--file", "none"), "--file: none"),
                                 (("create", "car", "--document", UPDATE, "--by", "https"), "about --file"),
                                 (("create", "car", "--document", UPDATE, "--file", __file__, "--by", "air"), "--by air"),
                                 (("show",), "something is missing"), (("show", "a", "b"), "too many words")):
            place.run("job", arguments[0], "--dir", "lab", *arguments[1:]).refuses(2, words)
        place.run("job", "create", "--dir", "lab", "car", "--document", UPDATE, "--rate", "5000").refuses(
            4, "InvalidRequest", "maximumPerMinute")
        place.run("job", "show", "--dir", "lab", "none").refuses(4, "ResourceNotFound")
        place.run("job", "create", "--dir", "lab", "a b", "--document", UPDATE).refuses(4, "targets")
    check(True)


if __name__ == "__main__":
    main([a_car_gets_its_update, a_file_is_downloaded, a_signed_file_is_downloaded_over_https, a_server_that_is_not_trusted,
          files_are_signed, an_error_in_a_part_ends_its_job, jobs_without_cars, what_is_refused])
