#!/usr/bin/env python3
"""AWS's own device SDK for JavaScript (npm: aws-iot-device-sdk-v2) completes a provisioning by claim against `fleetsim
cloud`: contract 4.1 as a client that we have not written understands it. Skipped where npm, or the SDK, is not to be
had."""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import BUILD, ROOT, Skipped, check_equal, main  # noqa: E402

MODULES = os.path.join(BUILD, "npm")


def sdk():
    """Where the SDK is: fetched once into the build folder."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise Skipped("npm and node are not installed (apt-get install npm)")
    modules = os.path.join(MODULES, "node_modules")
    if not os.path.isdir(os.path.join(modules, "aws-iot-device-sdk-v2")):
        os.makedirs(MODULES, exist_ok=True)
        try:
            fetched = subprocess.run(
                ["npm", "install", "--prefix", MODULES, "--no-audit", "--no-fund", "--ignore-scripts", "--no-save",
                 "--fetch-retries=0", "--fetch-timeout=10000", "aws-iot-device-sdk-v2"],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        except subprocess.TimeoutExpired:
            raise Skipped("npm does not get aws-iot-device-sdk-v2 within a minute") from None
        if fetched.returncode != 0:
            raise Skipped("npm cannot fetch aws-iot-device-sdk-v2: " + fetched.stderr.strip()[-200:])
    return modules


def a_device(place, vin, csr):
    """From claim to identity, by the SDK; what it says, and how the cloud has its thing meanwhile."""
    modules = sdk()
    with place.cloud() as cloud:
        port = cloud.endpoint.rsplit(":", 1)[1]
        place.run("pki", "issue", "--dir", "lab", "--role", "claim", "--name", "batch").expect(0)
        folder = place.path("lab/issued/batch")
        if csr:
            subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-keyout", folder + "/car.key", "-out", folder + "/car.csr", "-subj", "/CN=" + vin],
                           check=True, stderr=subprocess.DEVNULL)
        client = os.path.join(ROOT, "tests", "support", "sdk_provisioning.js")
        with subprocess.Popen(["node", client, modules, "localhost", port, folder, vin], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as device:
            line = device.stdout.readline()
            thing = place.run("cloud", "things", "show", "--dir", "lab", vin)
            _, said = device.communicate(timeout=20)
        check_equal(device.returncode, 0, "the device's exit status: " + said)
        return json.loads(line), json.loads(thing.expect(0).out)


def check_device(said, thing, vin):
    check_equal(said["thingName"], vin, "thing")
    check_equal(thing["principals"], [said["certificateId"]], "certificates of the thing")
    check_equal(thing["connected"], True, "connected as itself")
    check_equal(thing["attributes"], {"model": "sdk"}, "attributes")
    check_equal(said["refusal"]["errorCode"], "InvalidCertificateOwnershipToken", "what a bad token gets")


def with_a_signing_request(place):
    """CreateCertificateFromCsr and RegisterThing (contract 4.1)."""
    check_device(*a_device(place, "WFS0000SDKCSR0001", True), "WFS0000SDKCSR0001")


def with_keys_from_the_cloud(place):
    """CreateKeysAndCertificate and RegisterThing (contract 4.1)."""
    check_device(*a_device(place, "WFS0000SDKKEY0002", False), "WFS0000SDKKEY0002")


if __name__ == "__main__":
    try:
        sdk()  # once, before the tests run side by side
    except Skipped:
        pass
    main([with_a_signing_request, with_keys_from_the_cloud])
