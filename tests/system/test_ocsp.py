#!/usr/bin/env python3
"""OCSP: `fleetsim pki ocsp` as OpenSSL sees it, cars that ask it and OpenSSL's own responder about the cloud, and what
servers staple.

Usage: test_ocsp.py BUILD_DIR
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

build = os.path.abspath(sys.argv[1])
fleetsim = os.path.join(build, "fleetsim")

ONLINE = """-- A car comes online.
scenario("online", function(t)
  t:vehicle { model = "compact_ev" }:wait_online(10)
end)
"""
REFUSED = """-- A car does not trust the cloud, says why, and tries again.
local why = param("why", "")
scenario("refused", function(t)
  local car = t:vehicle { power = "off" }
  local failed = car:events("note", { note = "connection failed" })
  car:power_on()
  t:match(failed:wait(10).detail, why)
  t:eventually(5, function() return car.link == "backing off" end)
end)
"""
CUT = """-- A car whose certificate is revoked is cut off, and refused; the cloud says so.
scenario("cut", { timeout = 60 }, function(t)
  local car = t:vehicle { model = "compact_ev" }
  local app = t:companion()
  app:subscribe("fleetsim/certificates/+/refused")
  car:wait_online(10)
  car:events("note", { note = "connection lost" }):wait(30)
  local refused = decode_json(app:wait_message("fleetsim/certificates/+/refused", 20).payload)
  t:equal(refused.certificateId, car:certificate())
  t:equal(refused.status, "REVOKED")
  t:equal(app:certificate(car).status, "REVOKED")
end)
"""


def run(*args, status=0):
    done = subprocess.run([fleetsim, *args], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def openssl(*args):
    done = subprocess.run(["openssl", *args], capture_output=True, text=True, timeout=20)
    return done.stdout + done.stderr


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, why, seconds=20):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Child:
    def __init__(self, *command, stop=signal.SIGINT):
        self.stop = stop
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(self.stop)
        self.said = self.process.communicate(timeout=20)[0]


def responder(lab, *options):
    child = Child(fleetsim, "pki", "ocsp", "--dir", lab, *options)
    child.url = child.process.stdout.readline().split()[1]
    return child


def cloud(lab, *options):
    child = Child(fleetsim, "cloud", "--dir", lab, *options)
    wait_for(lambda: os.path.exists(f"{lab}/cloud.json"), "the cloud does not start")
    return child


def address_of(lab):
    with open(f"{lab}/cloud.json", encoding="utf-8") as file:
        return json.load(file)["endpoint"].split("//")[1]


with tempfile.TemporaryDirectory() as lab:
    run("pki", "init", "--dir", lab, "--vehicles", "10", "--seed", "7")
    for name, text in ("online", ONLINE), ("refused", REFUSED), ("cut", CUT):
        with open(f"{lab}/{name}.lua", "w", encoding="utf-8") as file:
            file.write(text)
    pki = f"{lab}/pki"
    server = f"{pki}/server.pem"
    require = ("--no-results", "--ocsp", "require", "--ocsp-responder")
    ask = ["-issuer", f"{pki}/intermediate.pem", "-CAfile", f"{pki}/ca.pem"]

    # Bad options say what, why, and what to do.
    assert "no directory given" in run("pki", "ocsp", status=2)
    assert "--listen" in run("pki", "ocsp", "--dir", lab, "--listen", "somewhere", status=2)
    assert "none of off, if_stapled and require" in run("run", f"{lab}/online.lua", "--ocsp", "hard", status=2)
    assert "nobody asks it" in run("run", f"{lab}/online.lua", "--ocsp-responder", "http://127.0.0.1:1/", status=2)
    assert "--ocsp" in run("run", f"{lab}/online.lua", "--ocsp", "require", "--client", "paho", status=2)

    # OpenSSL asks ours; it follows the list while it runs.
    with responder(lab) as ours:
        said = openssl("ocsp", "-url", ours.url, *ask, "-cert", server, "-nonce")
        assert f"{server}: good" in said and "Response verify OK" in said and "WARNING" not in said, said
        said = openssl("ocsp", "-url", ours.url, "-issuer", f"{pki}/ca.pem", "-CAfile", f"{pki}/ca.pem", "-cert",
                       f"{pki}/intermediate.pem")
        assert "unauthorized" in said, said

        # Cars ask it too; the fleet asks once.
        with cloud(lab):
            endpoint = json.load(open(f"{lab}/cloud.json", encoding="utf-8"))["endpoint"]
            run("run", f"{lab}/online.lua", "--cloud", lab, *require, ours.url)
            said = run("run", f"{lab}/refused.lua", "--cloud", lab, *require, "http://127.0.0.1:1/", "--param",
                       "why=OCSP: unreachable")
            assert "connect.failed.tls" in said, said
            run("run", f"{lab}/refused.lua", "--cloud", lab, "--no-results", "--ocsp", "require", "--param",
                "why=OCSP: missing")
            run("run", f"{lab}/online.lua", "--cloud", lab, "--no-results", "--ocsp", "if_stapled")

            # OpenSSL's own responder: an index that knows the certificate, then one that does not; with a signer that the
            # issuer has certified for it, and one that it has not.
            for name, usage in ("signer", "OCSPSigning"), ("impostor", "clientAuth"):
                openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{lab}/{name}.key",
                        "-subj", f"/CN={name}", "-out", f"{lab}/{name}.csr")
                with open(f"{lab}/{name}.ext", "w", encoding="utf-8") as file:
                    file.write(f"extendedKeyUsage={usage}\n")
                openssl("x509", "-req", "-in", f"{lab}/{name}.csr", "-CA", f"{pki}/intermediate.pem", "-CAkey",
                        f"{pki}/intermediate.key", "-extfile", f"{lab}/{name}.ext", "-out", f"{lab}/{name}.pem", "-days", "9")
            serial = re.search("serial=(.*)", openssl("x509", "-in", server, "-noout", "-serial"))[1]
            listed = f"V\t450101000000Z\t\t{serial}\tunknown\t/CN=localhost\n"
            revoked = f"R\t450101000000Z\t260101000000Z,keyCompromise\t{serial}\tunknown\t/CN=localhost\n"
            for index, signer, why in ((listed, "signer", None), ("", "signer", "OCSP: unknown"),
                                       (revoked, "signer", "OCSP: revoked.*since 2026%-01%-01.*keyCompromise"),
                                       (listed, "impostor", "OCSP: not signed by the issuer")):
                with open(f"{lab}/index.txt", "w", encoding="utf-8") as file:
                    file.write(index)
                port = free_port()
                with Child("openssl", "ocsp", "-port", str(port), "-index", f"{lab}/index.txt", "-CA", f"{pki}/intermediate.pem",
                           "-rsigner", f"{lab}/{signer}.pem", "-rkey", f"{lab}/{signer}.key", "-nmin", "5", stop=signal.SIGTERM) as theirs:
                    # It serves one after the other: a look whether it listens would keep it busy.
                    while "waiting for" not in theirs.process.stdout.readline():
                        assert theirs.process.poll() is None, "OpenSSL's responder does not start"
                    url = f"http://127.0.0.1:{port}/"
                    if why is None:
                        run("run", f"{lab}/online.lua", "--cloud", lab, *require, url)
                    else:
                        run("run", f"{lab}/refused.lua", "--cloud", lab, *require, url, "--param", f"why={why}")

            # What a server may staple.
            fresh = f"{lab}/fresh.der"
            openssl("ocsp", "-url", ours.url, *ask, "-cert", server, "-respout", fresh)
            run("pki", "revoke", "--dir", lab, "--cert", server, "--reason", "keyCompromise")
            said = openssl("ocsp", "-url", ours.url, *ask, "-cert", server)
            assert f"{server}: revoked" in said and "keyCompromise" in said, said
            run("run", f"{lab}/refused.lua", "--cloud", lab, *require, ours.url, "--param",
                'why=OCSP: revoked: "localhost" is revoked')
            bad = f"{lab}/bad.der"
            openssl("ocsp", "-url", ours.url, *ask, "-cert", server, "-respout", bad)

    assert ours.said.count(" good") >= 3 and "unauthorized" in ours.said and "revoked (keyCompromise)" in ours.said, ours.said

    # OpenSSL's server speaks no MQTT: it hangs up on a car that trusts it, and has sent CONNECT.
    for stapled, why in (fresh, "^closed by the peer$"), (bad, "OCSP: revoked"):
        port = free_port()
        with Child("openssl", "s_server", "-accept", str(port), "-cert", server, "-cert_chain", f"{pki}/intermediate.pem", "-key",
                   f"{pki}/server.key", "-quiet", "-status_file", stapled, stop=signal.SIGTERM):
            wait_for(lambda: listens(port), "s_server does not start")
            run("run", f"{lab}/refused.lua", "--endpoint", f"mqtts://localhost:{port}", "--pki", lab, "--no-results", "--ocsp",
                "require", "--param", f"why={why}")

    # The cloud asks about its clients: one that is revoked while it is connected is cut off, others stay.
    assert "neither the address" in run("cloud", "--dir", lab, "--client-ocsp", "somebody", status=2)
    assert "plain HTTP" in run("pki", "init", "--dir", lab, "--responder", "ocsp.example", status=2)
    port = str(free_port())
    run("pki", "init", "--dir", lab, "--responder", f"http://127.0.0.1:{port}/")
    with responder(lab, "--valid", "1s", "--listen", port) as ours, cloud(lab, "--client-ocsp", ours.url) as asking:
        command = [fleetsim, "run", f"{lab}/cut.lua", "--cloud", lab, "--no-results", "--first-vehicle", "4"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as cut:
            id4 = json.loads(run("pki", "show", "--dir", lab, "--vehicles", "4", "--json"))["vehicles"][0]["certificate_id"]
            wait_for(lambda: id4 in run("cloud", "certificates", "list", "--dir", lab), "no car")
            # Whoever asks loses its connection to another with its name, and goes on about those that are there.
            host, where = address_of(lab).split(":")
            own = f"{lab}/broker/ocsp"
            taken = subprocess.run(["mosquitto_pub", "-h", host, "-p", where, "--cafile", f"{pki}/ca.pem", "--cert", f"{own}/cert.pem",
                                    "--key", f"{own}/key.pem", "-i", "fleetsim-ocsp", "-t", "app/fleetsim/x", "-m", "x", "-q", "1"],
                                   capture_output=True, text=True, timeout=20)
            assert taken.returncode == 0, taken.stderr
            time.sleep(3)
            run("pki", "revoke", "--dir", lab, "--vehicles", "4", "--reason", "keyCompromise")
            said = cut.communicate(timeout=60)[0]
            assert cut.returncode == 0, said
        # The server's certificate names the responder.
        run("run", f"{lab}/online.lua", "--cloud", lab, "--no-results", "--first-vehicle", "5", "--ocsp", "require")
    assert asking.said.count("is revoked since") == 1 and "(keyCompromise)" in asking.said, asking.said
    # A responder that does not answer keeps nobody out.
    with cloud(lab, "--client-ocsp", "http://127.0.0.1:1/") as asking:
        run("run", f"{lab}/online.lua", "--cloud", lab, "--no-results", "--first-vehicle", "6")
    assert "unreachable" in asking.said and "it may connect" in asking.said, asking.said

print("ok")
