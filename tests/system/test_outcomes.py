#!/usr/bin/env python3
"""Outcomes pinned from the command line: by the end of a VIN, by tag, for all, from a file, and by the
table of VIN endings; a pin that is wrong is refused with a sentence."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import main  # noqa: E402

# What became of unlocking, for each car: its number and the answer.
FLEET = """
scenario("unlock", { timeout = 60 }, function(t)
  local fleet = t:fleet { count = %d, tags = { "demo" } }
  local app = t:companion()
  fleet:wait_online()
  for _, car in ipairs(fleet) do
    local command = app:request(car, { locks = { all = "unlocked" } })
    local expected = (%s)[car.index] or "SUCCEEDED"
    if expected == "silence" then
      t:never(1, function() return command:done() end)
    else
      local answer = command:await(30)
      t:equal(answer.reason or answer.status, expected, tostring(car))
    end
    if expected == "twice" then
      t:eventually(5, function() return command:answers() == 2 end)
    end
  end
end)
"""


def fleet(place, expected, count=12):
    place.write("s.lua", FLEET % (count, expected))


def by_vin(place):
    fleet(place, '{ [1] = "DOOR_OPEN", [11] = "DOOR_OPEN", [4] = "MOTOR_FAULT" }')
    place.run_clean("run", "s.lua", "--time-scale", "10", "--pin", "1:locks=refuse:DOOR_OPEN",
                    "--pin", "000004:all=fail").expect(0)
    place.run_clean("run", "s.lua", "--pin", "…01:locks=refuse:DOOR_OPEN,times=1", "--pin",
                    "...11:locks.all=refuse:DOOR_OPEN", "--pin", "04:locks=fail").expect(0)


def by_tag_and_for_all(place):
    fleet(place, "setmetatable({}, { __index = function() return 'LOW_BATTERY' end })", 3)
    place.run_clean("run", "s.lua", "--pin", "tag:demo:locks=refuse:LOW_BATTERY").expect(0)
    place.run_clean("run", "s.lua", "--pin", "all:locks=refuse:LOW_BATTERY").expect(0)
    fleet(place, "{}", 3)
    place.run_clean("run", "s.lua", "--pin", "tag:demonstration:locks=refuse:LOW_BATTERY").expect(0)


def from_a_file(place):
    fleet(place, '{ [2] = "VALET_MODE", [3] = "silence" }', 4)
    place.write("pins.txt", "# two cars\n\n  2:locks=refuse:VALET_MODE  \n3:all=timeout\n")
    place.run_clean("run", "s.lua", "--pin", "@pins.txt").expect(0)
    place.run_clean("run", "s.lua", "--pin", "@none.txt").refuses(2, "--pin @none.txt: No such file or directory")


def by_the_table_of_endings(place):
    fleet(place, '{ [90] = "DOOR_OPEN", [91] = "LOW_BATTERY", [93] = "silence", [94] = "LOCK_JAMMED", '
                 '[95] = "MOTOR_FAULT", [99] = "VEHICLE_MOVING" }', 7)
    # 96 fails by chance.
    place.run_clean("run", "s.lua", "--time-scale", "10", "--outcomes", "--first-vehicle", "89").expect(0)
    fleet(place, '{ [99] = "VEHICLE_MOVING" }', 4)
    place.run_clean("run", "s.lua", "--time-scale", "10", "--outcomes", "--first-vehicle", "97").expect(0)
    fleet(place, "{}", 11)
    place.run_clean("run", "s.lua", "--first-vehicle", "90").expect(0)


def wrong(place):
    fleet(place, "{}", 1)
    for pin, why in (
            ("locks=timeout", "expected WHO:TARGET=OUTCOME"),
            ("1:locks", "expected WHO:TARGET=OUTCOME"),
            ("1:locks=refus:DOOR_OPEN", "no outcome 'refus'; did you mean 'refuse'?"),
            ("1:locks=delay:soon", "delay:soon: expected a time such as 10s"),
            ("1:locks=jam,times=0", "times is a whole number above 0"),
            ("a b:locks=jam", "'a b' is neither the end of a VIN"),
    ):
        place.run_clean("run", "s.lua", "--pin", pin).refuses(2, f"--pin {pin}: {why}")
    place.run_clean("run", "s.lua", "--pin", "0:lokcs=jam").expect(
        3, "no part, signal or action 'lokcs'; did you mean 'locks'?")


main([by_vin, by_tag_and_for_all, from_a_file, by_the_table_of_endings, wrong])
