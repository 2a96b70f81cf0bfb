"""AWS's own device SDK for JavaScript (npm: aws-iot-device-sdk-v2), for tests that let it talk to the local cloud. It is
installed once into the build folder; without npm, Node or the registry such tests are skipped."""
import fcntl
import os
import shutil
import subprocess

from fleetsim_test import BUILD, ROOT, Failed, Skipped

PACKAGE = "aws-iot-device-sdk-v2@1.28.0"
FOLDER = os.path.join(BUILD, "aws-sdk")
SECONDS = 60  # the download; 10 on an ordinary line


def _install():
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(os.path.join(FOLDER, "node_modules", "aws-iot-device-sdk-v2")):
            return
        done = subprocess.run(["npm", "install", "--prefix", FOLDER, "--no-save", "--no-audit", "--no-fund", "--prefer-offline",
                               PACKAGE], capture_output=True, text=True, timeout=SECONDS, check=False)
        if done.returncode != 0:
            raise Skipped(f"{PACKAGE} cannot be installed from npm: {done.stderr.strip()[-200:]}")


def need_sdk():
    """Skips the test unless the SDK is there or can be had."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise Skipped(f"there is no {program} (install Node.js for the tests with AWS's device SDK)")
    try:
        _install()
    except subprocess.TimeoutExpired as stuck:
        raise Skipped(f"{PACKAGE}: the npm registry did not answer in {SECONDS} s") from stuck


def start_device(script, *arguments):
    """Runs tests/support/SCRIPT on the SDK."""
    path = os.path.join(ROOT, "tests", "support", script)
    environment = dict(os.environ, NODE_PATH=os.path.join(FOLDER, "node_modules"))
    try:
        return subprocess.Popen(["node", path, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)
    except OSError as error:
        raise Failed(f"node: {error}") from error
