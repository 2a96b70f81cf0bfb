"""What the tests of the whole program share: a folder of their own for every run of fleetsim, and a
look at what each run says and leaves behind.

A test is a function that takes one Place; its docstring says what it proves. main() runs them side
by side (they mostly wait) and prints one line each; the last line is "N passed, N failed", and how
many were skipped, if any.
"""
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SIDE_BY_SIDE = 4
PATIENCE = 40  # seconds until something that must end is taken for stuck
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build"))
FLEETSIM = os.path.join(BUILD, "fleetsim")

# What a test file wants all its runs to have.
DEFAULT_ENVIRONMENT = {}
# Libraries that ThreadSanitizer cannot look into: fonts are read by a thread of theirs.
TSAN_OPTIONS = "suppressions=" + os.path.join(ROOT, "tests", "support", "tsan.supp")

PASSES = 'scenario("passes", function(t) t:vehicle():wait_online() end)\n'


class Failed(AssertionError):
    pass


class Skipped(Exception):
    """What the test needs cannot be had here; its text says what, and how to get it."""


def check(holds, text="does not hold"):
    if not holds:
        raise Failed(text)


def check_equal(seen, expected, what="value"):
    check(seen == expected, f"{what}: expected {expected!r}, saw {seen!r}")


def check_in(part, text):
    check(part in text, f"expected {part!r} in:\n{text}")


class Done:
    """A run of fleetsim that has ended."""

    def __init__(self, process, out, err):
        self.status, self.out, self.err = process.returncode, out, err

    def __str__(self):
        return f"exit status {self.status}\n--- stdout\n{self.out}--- stderr\n{self.err}"

    def messages(self):
        """The lines of the log, without what scripts print and without debugging."""
        return [line for line in self.err.splitlines() if line.startswith("fleetsim: ")]

    def expect(self, status, *parts):
        """That exit status, and all of these texts somewhere in the output."""
        check(self.status == status, f"expected exit status {status}, saw {self}")
        for part in parts:
            check(part in self.out + self.err, f"expected {part!r} in {self}")
        return self

    def refuses(self, status, *parts):
        """That exit status, nothing on stdout, and on stderr one message that has all these texts."""
        self.expect(status)
        check(self.out == "", f"expected nothing on stdout, saw {self}")
        lines = self.err.splitlines()
        check(len(lines) == 1 and lines[0].startswith("fleetsim: "), f"expected one message, saw {self}")
        check(len(lines[0]) < 400, f"a long message: {self}")
        for part in parts:
            check(part in lines[0], f"expected {part!r} in {self}")
        return self


class Running:
    """A run of fleetsim that goes on; use it with `with`, and it ends with the block."""

    def __init__(self, place, *arguments, env=None, program=None, preexec=None):
        self.place = place
        # Files, not pipes: nothing blocks, and all of it can be read at any time.
        self.out_path, self.err_path = place.unused("out"), place.unused("err")
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(
                [*(program or [FLEETSIM]), *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                cwd=place.dir, env=place.environment(env), preexec_fn=preexec)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def pid(self):
        return self.process.pid

    def text(self):
        with open(self.out_path, encoding="utf-8", errors="replace") as out, \
                open(self.err_path, encoding="utf-8", errors="replace") as err:
            return out.read(), err.read()

    def wait(self, timeout=PATIENCE):
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed(f"still running after {timeout} s: {Done(self.process, *self.text())}") from None
        return Done(self.process, *self.text())

    def until(self, condition, what, timeout=PATIENCE):
        """Waits until condition() holds and returns what it gave; the run must not end before."""
        end = time.monotonic() + timeout
        while True:
            value = condition()
            if value:
                return value
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failed(f"{what} did not come: {Done(self.process, *self.text())}")
            time.sleep(0.01)

    def until_said(self, part, timeout=PATIENCE):
        self.until(lambda: part in "".join(self.text()), repr(part), timeout)

    def send(self, number):
        self.process.send_signal(number)

    def broker(self):
        """The process id of its Mosquitto."""
        return self.until(lambda: self.place.brokers(), "a broker")[0]


class Place:
    """A folder for one test, with a TMPDIR of its own so that leftovers show."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="fleetsim-system-")
        os.chmod(self.dir, 0o755)
        self.tmp = os.path.join(self.dir, "tmp")
        os.mkdir(self.tmp)
        self.count = 0

    def unused(self, name):
        self.count += 1
        return os.path.join(self.dir, f".{name}-{self.count}")

    def path(self, name):
        return os.path.join(self.dir, name)

    def environment(self, more=None):
        """Ours without what would set options, so that the caller's shell does not matter."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("FLEETSIM_")}
        return {**env, "TMPDIR": self.tmp, "LC_ALL": "C.UTF-8", "TSAN_OPTIONS": TSAN_OPTIONS, **DEFAULT_ENVIRONMENT,
                **(more or {})}

    def write(self, name, content):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content.encode() if isinstance(content, str) else content)
        return name

    def start(self, *arguments, **how):
        return Running(self, *arguments, **how)

    def run(self, *arguments, timeout=PATIENCE, **how):
        with self.start(*arguments, **how) as running:
            return running.wait(timeout)

    def run_clean(self, *arguments, **how):
        """run(), and nothing may be left of it but its results."""
        before = self.brokers()
        done = self.run(*arguments, **how)
        self.check_clean(str(done), before)
        return done

    def cloud(self, name="lab", *arguments, **how):
        """Starts `fleetsim cloud --dir NAME`; its Running gets an endpoint."""
        running = self.start("cloud", "--dir", name, *arguments, **how)
        try:
            running.until(lambda: os.path.exists(self.path(f"{name}/cloud.json")), "the cloud")
            running.until_said("Ctrl-C stops it")
            running.endpoint = re.search(r"mqtts://\S+", running.text()[0]).group()
        except BaseException:
            running.__exit__()
            raise
        return running

    def brokers(self):
        """Process ids of the Mosquittos that run below this folder."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/comm", encoding="ascii") as f:
                        name = f.read().strip()
                    if name == "mosquitto" and os.readlink(f"/proc/{entry}/cwd").startswith(self.dir + "/"):
                        found.append(int(entry))
                except OSError:
                    pass
        return found

    def check_no_broker(self, within=1.0):
        end = time.monotonic() + within
        while self.brokers():
            check(time.monotonic() < end, f"a broker is left: {self.brokers()}")
            time.sleep(0.01)

    def check_clean(self, context="", brokers=()):
        check(set(self.brokers()) <= set(brokers), f"a broker is left after {context}")
        check(not os.listdir(self.tmp), f"left in TMPDIR: {os.listdir(self.tmp)} after {context}")

    def results(self):
        """The one results folder."""
        folders = os.listdir(self.path("results")) if os.path.isdir(self.path("results")) else []
        check_equal(len(folders), 1, "results folders")
        return self.path(os.path.join("results", folders[0]))

    def remove(self):
        for pid in self.brokers():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.dir, ignore_errors=True)


def attempt(test):
    """The test, "ok", "skipped" or "FAILED", why, and how long it took."""
    place = Place()
    began = time.monotonic()
    try:
        test(place)
        return test, "ok", None, time.monotonic() - began
    except Failed as e:
        return test, "FAILED", str(e), time.monotonic() - began
    except Skipped as e:
        return test, "skipped", str(e), time.monotonic() - began
    except Exception:  # whatever it is, it is this test's failure
        return test, "FAILED", traceback.format_exc(), time.monotonic() - began
    finally:
        place.remove()


def main(tests):
    wanted = sys.argv[2:]
    tests = [t for t in tests if not wanted or t.__name__ in wanted]
    count = {"ok": 0, "skipped": 0, "FAILED": 0}
    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for test, verdict, why, took in pool.map(attempt, tests):
            count[verdict] += 1
            print(f"{verdict:7} {test.__name__}  ({took:.1f} s)", flush=True)
            if why is not None:
                print("        " + why.replace("\n", "\n        "), flush=True)
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    print(f"{count['ok']} passed, {count['FAILED']} failed{skipped}")
    sys.exit(1 if count["FAILED"] else 0)
