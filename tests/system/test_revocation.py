#!/usr/bin/env python3
"""Revoked certificates: `fleetsim pki revoke` and `crl`, and a cloud that is told by its list, while it runs too.
And those that `fleetsim pki rotate` puts in the place of others, of which the next run has the new one.

Usage: test_revocation.py BUILD_DIR
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

build = os.path.abspath(sys.argv[1])
fleetsim = os.path.join(build, "fleetsim")


SCENARIO = """-- A car whose certificate is on the list is told so.
scenario("revoked", function(t)
  local car = t:vehicle { power = "off" }
  local failed = car:events("note", { note = "connection failed" })
  car:power_on()
  t:match(failed:wait(10).detail, "certificate revoked")
end)
"""

ROTATED = """-- A car shows the certificate of its newest generation.
local id = param("id", "")

scenario("rotated", function(t)
  local car = t:vehicle { model = "compact_ev" }
  car:wait_online(10)
  t:equal(car:certificate(), id)
end)
"""


def run(*args, status=0):
    done = subprocess.run([fleetsim, *args], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def openssl(*args):
    return subprocess.run(["openssl", *args], capture_output=True, text=True, timeout=20)


class Cloud:
    def __init__(self, lab, *options):
        self.process = subprocess.Popen([fleetsim, "cloud", "--dir", lab, *options], stdout=subprocess.PIPE, text=True)
        path, deadline = os.path.join(lab, "cloud.json"), time.monotonic() + 20
        while not os.path.exists(path):
            assert self.process.poll() is None and time.monotonic() < deadline, "the cloud does not start"
            time.sleep(0.05)
        self.endpoint = json.load(open(path, encoding="utf-8"))["endpoint"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)


def connects(cloud, lab, name):
    """Whether mosquitto_pub gets in with the certificate of that name, and what it says if not."""
    host, port = cloud.endpoint.split("//")[1].split(":")
    folder = os.path.join(lab, "issued", name)
    done = subprocess.run(
        ["mosquitto_pub", "-h", host, "-p", port, "--cafile", f"{folder}/ca.pem", "--cert", f"{folder}/cert.pem", "--key",
         f"{folder}/key.pem", "-i", name, "-t", f"app/fleetsim/{name}", "-m", "x", "-q", "1"],
        capture_output=True, text=True, timeout=20)
    return done.returncode == 0, done.stderr


with tempfile.TemporaryDirectory() as lab:
    run("pki", "init", "--dir", lab, "--vehicles", "10", "--seed", "7")
    for phone in "good", "lost", "late":
        run("pki", "issue", "--dir", lab, "--role", "companion", "--name", phone)
    crl = f"{lab}/pki/crl.pem"

    # Bad input says what, why, and what to do; and makes no list.
    assert "nothing to revoke" in run("pki", "revoke", "--dir", lab, status=2)
    assert "none of RFC 5280's" in run("pki", "revoke", "--dir", lab, "--vehicles", "1", "--reason", "boredom", status=2)
    with tempfile.TemporaryDirectory() as other:
        run("pki", "init", "--dir", other, "--vehicles", "1", "--seed", "8")
        said = run("pki", "revoke", "--dir", lab, "--cert", f"{other}/pki/server.pem", status=2)
        assert "has not issued" in said, said
    assert "nothing to rotate" in run("pki", "rotate", "--dir", lab, status=2)
    assert "the PKI has 10" in run("pki", "rotate", "--dir", lab, "--vehicles", "9..10", status=2)
    assert "none of RFC 5280's" in run("pki", "rotate", "--dir", lab, "--vehicles", "1", "--revoke", "--reason", "x", status=2)
    assert not os.path.exists(crl) and not os.path.exists(f"{lab}/pki/rotated.bin")
    assert "fleetsim pki crl" in run("cloud", "--dir", lab, "--crl", f"{lab}/pki/ca.pem", status=2)

    # What OpenSSL makes of it.
    run("pki", "revoke", "--dir", lab, "--cert", f"{lab}/issued/lost/cert.pem", "--reason", "keyCompromise")
    run("pki", "revoke", "--dir", lab, "--vehicles", "3..4")
    run("pki", "revoke", "--dir", lab, "--vehicles", "4")  # once more: no second entry
    shown = run("pki", "crl", "--dir", lab).splitlines()
    assert len(shown) == 4 and sum("keyCompromise" in line for line in shown) == 1, shown
    text = openssl("crl", "-in", crl, "-noout", "-text").stdout
    assert text.count("Serial Number:") == 3 and "X509v3 CRL Number" in text and "Key Compromise" in text, text
    chain = ["verify", "-crl_check", "-CRLfile", crl, "-CAfile", f"{lab}/pki/ca.pem", "-untrusted", f"{lab}/pki/intermediate.pem"]
    assert openssl(*chain, f"{lab}/issued/good/cert.pem").returncode == 0
    assert "certificate revoked" in openssl(*chain, f"{lab}/issued/lost/cert.pem").stderr

    # A cloud with that list, and one more while it runs.
    with Cloud(lab, "--crl", crl) as cloud:
        assert connects(cloud, lab, "good")[0]
        ok, why = connects(cloud, lab, "lost")
        assert not ok, "a revoked certificate got in"
        assert connects(cloud, lab, "late")[0]
        run("pki", "revoke", "--dir", lab, "--cert", f"{lab}/issued/late/cert.pem")
        deadline = time.monotonic() + 20
        while connects(cloud, lab, "late")[0]:
            assert time.monotonic() < deadline, "the list was not read again"
            time.sleep(0.1)
        assert connects(cloud, lab, "good")[0]
        # A car says it by name.
        with open(f"{lab}/revoked.lua", "w", encoding="utf-8") as file:
            file.write(SCENARIO)
        run("run", f"{lab}/revoked.lua", "--cloud", lab, "--first-vehicle", "3", "--no-results")
        # Rotated, it comes in again; on either client.
        new = json.loads(run("pki", "rotate", "--dir", lab, "--vehicles", "3", "--revoke", "--json"))["vehicles"][0]
        assert new["generation"] == 1 and new["certificate_id"] != new["previous_certificate_id"], new
        with open(f"{lab}/rotated.lua", "w", encoding="utf-8") as file:
            file.write(ROTATED)
        for client in "native", "paho":
            run("run", f"{lab}/rotated.lua", "--cloud", lab, "--first-vehicle", "3", "--no-results", "--client", client,
                "--param", f"id={new['certificate_id']}")
        shown = json.loads(run("pki", "show", "--dir", lab, "--vehicles", "3", "--json"))["vehicles"][0]
        assert shown["certificate_id"] == new["certificate_id"] and shown["generation"] == 1, shown
        run("pki", "export", "--dir", lab, "--vehicles", "3", "--out", f"{lab}/out")
        assert openssl(*chain, f"{lab}/out/{new['thing_name']}.cert.pem").returncode == 0
        log = open(f"{lab}/broker/broker.log", encoding="utf-8").read()
        assert "certificate verify failed" in log, log

print("ok")
