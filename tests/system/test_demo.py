#!/usr/bin/env python3
"""`fleetsim demo` without a window: pictures, stories, frames, and what it refuses."""
import glob
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import FLEETSIM, ROOT, Failed, Skipped, check, check_equal, check_in, main  # noqa: E402
from png import rows_of  # noqa: E402

VEHICLES = ("--vehicles-dir", os.path.join(ROOT, "vehicles"))


def difference(one, other):
    """The share of pixels that differ visibly."""
    check_equal(one[:3], other[:3], "size")
    step, count, differ = one[2], 0, 0
    for a, b in zip(one[3][::4], other[3][::4]):
        for x in range(0, len(a), 4 * step):
            count += 1
            differ += any(abs(a[x + c] - b[x + c]) > 24 for c in range(3))
    return differ / count


def demo(place, *arguments):
    return place.run("demo", *VEHICLES, "--headless", "--seed", "7", "--size", "640x400", *arguments)


def a_snapshot_is_a_picture(place):
    """The size that was asked for, and something in it."""
    demo(place, "--snapshot", "a.png", "--at", "0.2s").expect(0)
    width, height, step, rows = rows_of(os.path.join(place.dir, "a.png"))
    check_equal((width, height), (640, 400), "size")
    seen = {bytes(row[x:x + step]) for row in rows for x in range(0, len(row), step)}
    check(len(seen) > 500, f"only {len(seen)} colours")


def a_story_is_seen(place):
    """What happens to the car shows in its picture, and the command ends at the story's end."""
    demo(place, "--clean", "--snapshot", "before.png", "--at", "0.2s", "-n", "1").expect(0)
    with open(os.path.join(place.dir, "story.lua"), "w", encoding="utf-8") as file:
        file.write('t:equal(app:request(car, { locks = { all = "unlocked" } }):await().status, "SUCCEEDED")\n'
                   'car:open_door("front_left")\ncar:open_door("trunk")\nwait(1)\n')
    demo(place, "--clean", "--snapshot", "after.png", "--storyboard", "story.lua", "-n", "1").expect(0)
    before, after = (rows_of(os.path.join(place.dir, name)) for name in ("before.png", "after.png"))
    share = difference(before, after)
    check(0.01 < share < 0.4, f"{share:.3f} of the picture differs")


def a_story_can_be_led(place):
    """Each caption waits for a line on standard input; the frames show that it does, and how long commands took."""
    place.write("led.lua", 'caption("one")\nt:equal(app:request(car, { locks = { all = "unlocked" } }):await().status, '
                           '"SUCCEEDED")\nwait(0.5)\nprint("first")\ncaption("two")\nprint("second")\ncaption("three")\nprint("third")\n')
    arguments = ["demo", *VEHICLES, "--headless", "--size", "640x400", "-n", "1", "--radio", "perfect", "--measure",
                 "--storyboard", "led.lua", "--verbose"]
    place.run(*arguments, "--advance", "soon").refuses(2, "--advance soon: a story advances by key, or by itself")
    place.run("demo", *VEHICLES, "--advance", "key").refuses(2, "--advance key: there is no story")
    with open(place.path("told"), "w+", encoding="utf-8") as told, subprocess.Popen(
            [FLEETSIM, *arguments, "--advance", "key"], cwd=place.dir, env=place.environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told) as run:
        def until(part):
            end = time.monotonic() + 30
            while part not in open(told.name, encoding="utf-8").read():
                check(time.monotonic() < end and run.poll() is None, f"{part!r} does not come")
                time.sleep(0.05)

        def press():
            run.stdin.write("\n")
            run.stdin.flush()

        until("first")
        time.sleep(1.5)
        check(run.poll() is None and "second" not in open(told.name, encoding="utf-8").read(), "it does not wait")
        press()
        until("second")
        time.sleep(0.5)
        check(run.poll() is None, "it goes on by itself")
        press()
        out, _ = run.communicate(timeout=20)
        err = open(told.name, encoding="utf-8").read()
    check_in("third", err)
    check_equal(run.returncode, 0, "exit status")
    check_in("1 commands:", out)
    check_in("without the actuator's own time", out)
    check_in("how late the simulation's loop was", out)
    # Without anybody who leads, by itself; a command that changes nothing has no part in what hands do later.
    place.write("alone.lua", 't:equal(app:request(car, { locks = { all = "locked" } }):await().status, "SUCCEEDED")\nwait(0.8)\n'
                             'for _, text in ipairs { "one", "two" } do\n  caption(text)\n  car:switch_light("low_beam", text == "one")\n'
                             '  wait(0.2)\nend\n')
    arguments[arguments.index("led.lua")] = "alone.lua"
    place.run(*arguments, "--advance", "key", timeout=30).expect(0, "0 commands:")


def awkward_questions_have_answers(place):
    """The phone off and on, an update that fails, slow motion, and car and shadow as they were at first."""
    place.write("hands.lua", """
t:equal(app:request(car, { locks = { all = "unlocked" }, climate = { active = true } }):await().status, "SUCCEEDED")
press "phone"
local ok, why = pcall(function() return app end)
t:equal(ok, false)
t:match(why, "phone is off")
car:open_door("trunk")
press "phone"
t:eventually(10, function() return app:shadow(car).reported.doors.trunk == "open" end)
press "update"
t:equal(car.state.update.version, "1.0")
t:equal(car.state.update.state, "idle")
local function pace()
  local real, simulated = t:now(), car:clock()
  wait(0.5)
  return (car:clock() - simulated) / (t:now() - real)
end
press "slow"
t:near(pace(), 0.25, 0.1)
press "slow"
t:near(pace(), 1, 0.1)
local version = car.shadow_version
press "reset"
t:equal(car.state.locks.all, "locked")
t:equal(car.state.doors.trunk, "closed")
t:equal(car.state.climate.active, false)
t:eventually(10, function()
  local shadow = app:shadow(car)
  return shadow.exists and shadow.reported.locks and shadow.reported.locks.all == "locked" and not next(shadow.desired)
end)
-- The car gets its power back whatever becomes of the shadow.
app.shadow = function() error("the cloud is away", 0) end
press "reset"
t:equal(car.link, "online")
app.shadow = nil
press "flip"
""")
    demo(place, "--snapshot", "x.png", "--storyboard", "hands.lua", "-n", "1").expect(3, "nothing is called 'flip'")


def named_shadows_begin_anew_too(place):
    """Of wishes in a named shadow nothing is left."""
    place.write("named.lua", """
app:desire(car, { climate = { target = 25 } }):await()
t:equal(app:shadow(car, { name = "comfort" }).desired.climate.target, 25)
press "reset"
t:eventually(10, function()
  local shadow = app:shadow(car, { name = "comfort" })
  return shadow.exists and next(shadow.reported) and not next(shadow.desired)
end)
""")
    demo(place, "--snapshot", "x.png", "--storyboard", "named.lua", "-n", "1", "--model", "compact_ev_shadows").expect(0)


def frames_are_recorded(place):
    """One picture for each frame, with numbers."""
    demo(place, "--record", "frames", "--at", "1s", "--fps", "10").expect(0)
    names = sorted(os.listdir(os.path.join(place.dir, "frames")))
    check(2 <= len(names) <= 11 and names[0] == "frame-00001.png", str(names))


def a_broker_that_dies_is_started_again(place):
    """The car connects again and obeys, and the demo ends as if nothing had been."""
    place.write("long.lua", 't:eventually(30, function() return app:connection().losses > 0 end)\n'
                            't:eventually(30, function() return app:connection().connected end)\ncar:wait_online(30)\n'
                            't:equal(app:request(car, { locks = { all = "unlocked" } }):await(20).status, "SUCCEEDED")\n')
    with place.start("demo", *VEHICLES, "--headless", "--snapshot", "late.png", "--storyboard", "long.lua", "-n", "1",
                     "--radio", "perfect", "--size", "320x240") as running:
        broker = running.broker()
        running.until(lambda: any("as companion" in open(path, encoding="utf-8", errors="replace").read()
                                  for path in glob.glob(place.tmp + "/**/*.log", recursive=True)), "the app")
        time.sleep(0.5)
        os.kill(broker, signal.SIGKILL)
        running.until(lambda: any(other != broker for other in place.brokers()), "another broker")
        done = running.wait(60)
    done.expect(0, "local cloud: mosquitto")
    check(os.path.exists(place.path("late.png")), "no picture")


def errors_of_a_story_are_told(place):
    """With file and line, and exit status 3."""
    place.write("wrong.lua", 'caption("so far so good")\ncar:open_dor("front_left")\n')
    demo(place, "--snapshot", "x.png", "--storyboard", "wrong.lua", "-n", "1").expect(
        3, "wrong.lua:2: a car has no 'open_dor'; did you mean 'open_door'?")
    place.write("torn.lua", 'caption("so far"\n')
    demo(place, "--snapshot", "x.png", "--storyboard", "torn.lua", "-n", "1").expect(3, "torn.lua:2: ")
    demo(place, "--snapshot", "x.png", "--radio", "tunnel", "-n", "1", "--time-scale", "50").expect(3, "within 30 s")


def before_an_audience_it_goes_on(place):
    """A torn story, a network that is away: the window stays until somebody closes it."""
    place.write("torn.lua", 'caption("so far"\n')
    for more in (("--storyboard", "torn.lua", "--radio", "perfect"), ("--radio", "tunnel")):
        with place.start("demo", *VEHICLES, "-n", "1", "--size", "320x240", "--time-scale", "50", *more,
                         env={"SDL_VIDEODRIVER": "dummy"}) as running:
            try:
                running.broker()
                time.sleep(1.5)
            except Failed as failed:
                if "no window: " in str(failed):
                    raise Skipped("no window in this build") from None
                raise
            running.send(signal.SIGTERM)
            running.wait(30).expect(128 + signal.SIGTERM)


def every_model_can_be_shown(place):
    """Also one of one's own, with a picture of its own."""
    with open(os.path.join(place.dir, "mine.lua"), "w", encoding="utf-8") as file:
        file.write('local doors = require "parts.doors"\n'
                   'return model { name = "mine", picture = { body = "van", night = function() return 1 end,\n'
                   '  bonnet = "doors.front_left" }, parts = { doors {} } }\n')
    place.run("demo", "--vehicles-dir", place.dir, "--model", "mine", "--headless", "--snapshot", "mine.png",
              "--at", "0.1s").expect(3, "parts.doors")
    os.symlink(os.path.join(ROOT, "vehicles", "parts"), os.path.join(place.dir, "parts"))
    place.run("demo", "--vehicles-dir", place.dir, "--model", "mine", "--headless", "--snapshot", "mine.png",
              "--at", "0.1s", "--size", "320x240").expect(0)
    _, _, step, rows = rows_of(os.path.join(place.dir, "mine.png"))
    check(sum(rows[5][:step]) < 200, "it is not night")


def mistakes_of_a_picture_are_named(place):
    """With what was meant."""
    for text, why in (('body = "tank"', "picture.body: 'tank' is not one of hatch, saloon, suv, van, bus"),
                      ('bonet = "doors.hood"', "picture has no 'bonet'; did you mean 'bonnet'?"),
                      ("bonnet = 1", "picture.bonnet is the path of a signal, or a function of the car")):
        with open(os.path.join(place.dir, "wrong.lua"), "w", encoding="utf-8") as file:
            file.write(f'return model {{ name = "wrong", picture = {{ {text} }}, parts = {{}} }}\n')
        place.run("demo", "--vehicles-dir", place.dir, "--model", "wrong", "--headless", "--snapshot", "w.png",
                  "--at", "0.1s").expect(3, why)


def wrong_usage(place):
    """One sentence each."""
    for arguments, text in ((("--snapshot", "a.png"), "--snapshot: only with --headless"),
                            (("--headless",), "--headless: nothing would be seen"),
                            (("--headless", "--snapshot", "a.png", "--size", "big"), "--size big: not a size"),
                            (("--vehicles", "0"), "--vehicles 0: from 1 to 20000"),
                            (("--radio", "nothing"), "--radio nothing: not a profile"),
                            (("--headless", "--snapshot", "a.png", "--storyboard", "none.lua"), "none.lua: No such file"),
                            (("--headless", "--snapshot", "none/a.png", "--at", "0.1s"), "none/a.png: ")):
        place.run("demo", *VEHICLES, *arguments).refuses(2, text)


main([a_snapshot_is_a_picture, a_story_is_seen, a_story_can_be_led, awkward_questions_have_answers,
      named_shadows_begin_anew_too, frames_are_recorded, a_broker_that_dies_is_started_again,
      errors_of_a_story_are_told, before_an_audience_it_goes_on,
      every_model_can_be_shown, mistakes_of_a_picture_are_named, wrong_usage])
