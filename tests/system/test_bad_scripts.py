#!/usr/bin/env python3
"""Scripts that cannot be read, are wrong, or misbehave: one clear message, the right exit status, and
the scenarios beside them go on."""
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import BUILD, DEFAULT_ENVIRONMENT, PASSES, Failed, check, check_equal, main  # noqa: E402

NOBODY = 65534

# What a script does when it runs: test_check.py has what is said before.
DEFAULT_ENVIRONMENT["FLEETSIM_NO_CHECK"] = "1"


def missing(place):
    place.run_clean("run", "nothing.lua").refuses(2, "nothing.lua: No such file or directory")
    place.run_clean("run", "nowhere/").refuses(2, "nowhere: No such file or directory")
    check(not os.path.exists(place.path("results")), "results of a run that never was")


def without_permission(place):
    """Root may read everything, so this one becomes nobody."""
    place.write("folder/s.lua", PASSES)
    place.write("file.lua", PASSES)
    os.chmod(place.path("folder"), 0)
    os.chmod(place.path("file.lua"), 0)
    os.chmod(place.tmp, 0o777)

    def become_nobody():
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)

    try:
        try:
            subprocess.run([os.path.join(BUILD, "fleetsim"), "--version"], preexec_fn=become_nobody,
                           capture_output=True, check=True)
        except (OSError, subprocess.SubprocessError):
            print("        skipped: user nobody may not even look into this checkout")
            return
        place.run_clean("run", "folder", preexec=become_nobody).refuses(2, "folder: Permission denied")
        place.run_clean("run", "folder/s.lua", preexec=become_nobody).refuses(2, "folder/s.lua: Permission denied")
        place.run_clean("run", "file.lua", preexec=become_nobody).refuses(2, "file.lua: Permission denied")
    finally:
        os.chmod(place.path("folder"), 0o755)


def not_text(place):
    place.write("noise.lua", bytes(range(128, 256)) * 20)
    place.run_clean("run", "noise.lua").refuses(3, "noise.lua:1: unexpected symbol")
    place.write("zero.lua", b"\0" * 5000)
    place.run_clean("run", "zero.lua").refuses(3, "zero.lua:1: ")
    # The header of Lua 5.4 bytecode: what follows must not matter.
    place.write("code.lua", b"\x1bLua\x54\x00\x19\x93\r\n\x1a\n\x04\x08\x08" + b"A" * 200)
    place.run_clean("run", "code.lua").refuses(3, "code.lua: bytecode is not loaded")
    luac = shutil.which("luac5.4") or shutil.which("luac")
    if luac:
        place.write("s.lua", PASSES)
        subprocess.run([luac, "-o", place.path("real.lua"), place.path("s.lua")], check=True)
        place.run_clean("run", "real.lua").refuses(3, "real.lua: bytecode is not loaded")


def syntax_error(place):
    place.write("s.lua", 'scenario("x", function(t)\n  t:equal(1 1)\nend)\n')
    place.run_clean("run", "s.lua").refuses(3, "s.lua:2: ')' expected near '1'")
    place.write("folder/a.lua", PASSES)
    place.write("folder/b.lua", "end\n")
    place.run_clean("run", "folder").refuses(3, "folder/b.lua:1: ")


def wrong_while_loading(place):
    for script, text in (("\nlocal a = undefined_thing\n", "s.lua:2: undefined variable 'undefined_thing'"),
                         ('scenario("x", { tiemout = 3 }, function() end)', "s.lua:1: scenario \"x\": unknown option 'tiemout'"),
                         ('scenario("x")', "s.lua:1: usage: scenario(name"),
                         ('require "nowhere.to.be.found"', "s.lua:1: module 'nowhere.to.be.found' not found"),
                         ("while true do end", "s.lua:1: instruction budget exceeded"),
                         ("while true do pcall(string.rep, 'x', 1e9) end", "s.lua:"),
                         ("local t = {} for i = 1, 1e12 do t[i] = {} end", "s.lua: not enough memory"),
                         ("error({})", "s.lua"), ("error()", "s.lua:1: "), ("error('own words', 0)", "own words")):
        place.write("s.lua", script)
        place.run_clean("run", "s.lua").refuses(3, text)
    place.write("s.lua", "local function f() local x; x.y = 1 end\nf()\n")
    done = place.run_clean("run", "s.lua").expect(3)
    check_equal(done.err, "fleetsim: s.lua:1: attempt to index a nil value (local 'x')\n"
                          "    called from s.lua:2\n", "message")


def out_of_the_sandbox(place):
    for name in ("io", "os.execute", "os.exit", "os.remove", "os.getenv", "debug", "dofile", "loadfile", "package",
                 "collectgarbage", "string.dump"):
        place.write("s.lua", f'local f = {name}\nif f == nil then error("not there", 0) end\n' + PASSES)
        done = place.run_clean("run", "s.lua").expect(3)
        check("not there" in done.err or "undefined variable" in done.err, f"{name}: {done}")


def misbehaving_scenario(name, body, text):
    """A test: that scenario alone fails, with that text; those before and after it pass."""
    def test(place):
        place.write("s.lua", 'scenario("before", function(t) local car = t:vehicle() car:wait_online() t:wait(0.3)\n'
                             '  t:equal(car.link, "online") end)\n'
                             f'scenario("wrong", function(t) {body} end)\n'
                             'scenario("after", function(t) t:vehicle():wait_online() end)\n')
        done = place.run_clean("run", "s.lua", "--junit", "junit.xml").expect(
            3, "ok     before", "ERROR  wrong", "ok     after", text, "3 scenarios: 2 passed, 1 error",
            "again with: fleetsim run s.lua --filter wrong --seed ")
        check("s.lua:3" in done.out, f"expected where it happened: {done}")
        check_equal(done.messages(), [], "messages")
        cases = ElementTree.parse(place.path("junit.xml")).findall("testsuite[@name='s.lua']/testcase")
        check_equal([c.get("name") for c in cases if len(c.findall("error")) == 1], ["wrong"], "errors in junit.xml")
        check_equal(len(cases), 3, "cases in junit.xml")
    test.__name__ = name
    return test


def a_car_that_misbehaves(place):
    """An error in a model's own code fails the scenario of that car alone."""
    place.write("odd.lua", """
        local part = part("odd", function()
          return { signals = { { "odd.wish", type = "boolean", desired = true, reported = true } },
            desire = function(car, wishes) car:work(0.05) local x = nil + 1 end }
        end)
        return model { name = "odd", parts = { part() } }
        """)
    place.write("s.lua", """
        scenario("wrong", function(t)
          local car, app = t:vehicle { model = "odd" }, t:companion()
          car:wait_online()
          app:desire(car, { odd = { wish = true } }):await()
        end)
        """ + PASSES)
    place.run_clean("run", "s.lua").expect(3, "ok     passes", "ERROR  wrong", "odd.lua:4: ", "1 passed, 1 error")


def two_kinds_of_trouble(place):
    """A failed scenario weighs more than an error."""
    place.write("s.lua", 'scenario("fails", function(t) t:equal(1, 2) end)\nscenario("errs", function() nil_thing() end)\n')
    place.run_clean("run", "s.lua").expect(1, "1 failed, 1 error")


main([missing, without_permission, not_text, syntax_error, wrong_while_loading, out_of_the_sandbox,
      misbehaving_scenario("runtime_error", "t:wait(0.05) local x; x.y = 1", "s.lua:3: attempt to index a nil value"),
      misbehaving_scenario("undefined_variable", "t:wait(0.05) t:equal(undefined_thing, 1)",
                           "s.lua:3: undefined variable 'undefined_thing'"),
      misbehaving_scenario("endless_loop", "t:vehicle() while true do end", "instruction budget exceeded"),
      misbehaving_scenario("endless_loop_that_catches_errors",
                           "while true do pcall(function() while true do end end) end", "instruction budget exceeded"),
      misbehaving_scenario("endless_recursion", "local function f() return 1 + f() end f()", "stack overflow"),
      misbehaving_scenario("memory_hog", "local a = {} for i = 1, 1e12 do a[i] = {} end", "not enough memory"),
      misbehaving_scenario("memory_hog_in_one_string", "local s = string.rep('x', 2e9)", "not enough memory"),
      misbehaving_scenario("memory_hog_that_doubles", "local s = 'x' while true do s = s .. s end", "not enough memory"),
      misbehaving_scenario("memory_hog_that_catches_errors", "while true do pcall(string.rep, 'x', 1e9) end",
                           "not enough memory"),
      misbehaving_scenario("task_of_its_own", "t:spawn(function() error('in a task') end) t:wait(5)", "in a task"),
      misbehaving_scenario("error_without_text", "error({})", "table: "),
      misbehaving_scenario("unknown_model", "t:vehicle { model = 'tank' }", "no model 'tank'; there are "),
      a_car_that_misbehaves, two_kinds_of_trouble])
