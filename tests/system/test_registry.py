#!/usr/bin/env python3
"""The cloud's registry from the command line, and a TCU of somebody else's under somebody else's authority: `fleetsim
cloud things`, `certificates`, `authorities` and `templates` against a cloud that runs (docs/provisioning.md)."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import check, check_equal, check_in, main  # noqa: E402

TEMPLATE = {
    "Parameters": {"VIN": {"Type": "String"}},
    "Resources": {
        "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "VIN"}}},
        "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {"Status": "ACTIVE"}},
    },
}

# A root, a line CA below it, and a car of that line.
FACTORY = """set -e
openssl ecparam -name prime256v1 -genkey -noout -out root.key
openssl req -x509 -new -key root.key -subj "/CN=somebody's root" -days 9 -out root.pem
openssl ecparam -name prime256v1 -genkey -noout -out line.key
openssl req -new -key line.key -subj "/CN=line 3" -out line.csr
printf 'basicConstraints=critical,CA:TRUE\\nkeyUsage=keyCertSign\\n' >line.ext
openssl x509 -req -in line.csr -CA root.pem -CAkey root.key -CAcreateserial -days 9 -extfile line.ext -out line.pem
openssl ecparam -name prime256v1 -genkey -noout -out car.key
openssl req -new -key car.key -subj "/CN=car-77/C=DE" -out car.csr
openssl x509 -req -in car.csr -CA line.pem -CAkey line.key -CAcreateserial -days 9 -out car.pem
cat car.pem line.pem >chain.pem
cat root.pem line.pem >bundle.pem
"""


def ask(place, *words, status=0):
    return place.run("cloud", *words, "--dir", "lab").expect(status).out.strip()


def ask_json(place, *words):
    return json.loads(ask(place, *words))


def things_and_certificates(place):
    with place.cloud():
        ask(place, "things", "create", "car-1", "--type", "suv", "--attribute", "plant=north", "-a", "line=3")
        ask(place, "things", "update", "car-1", "--attribute", "line=", "-a", "paint=red")
        thing = ask_json(place, "things", "show", "car-1")
        check_equal(thing["attributes"], {"plant": "north", "paint": "red"}, "attributes")
        check_in("car-1                 suv", ask(place, "things", "list"))
        place.run("pki", "issue", "--dir", "lab", "--role", "companion", "--name", "app").expect(0)
        pem = place.path("lab/issued/app/cert.pem")
        identity = ask(place, "certificates", "register", pem, "--status", "ACTIVE")
        check_equal(len(identity), 64, "length of an id")
        ask(place, "things", "attach", "car-1", identity)
        ask(place, "certificates", "attach-policy", identity, "companion")
        ask(place, "certificates", "set", identity, "REVOKED")
        check_in(identity, ask(place, "certificates", "list", "--status", "REVOKED"))
        check_equal(ask_json(place, "certificates", "list", "--status", "ACTIVE", "--json"), [], "active ones")
        shown = ask_json(place, "certificates", "show", identity)
        check_equal((shown["things"], shown["policies"]), (["car-1"], ["companion"]), "what is attached")
        ask(place, "certificates", "delete", identity, "--force")
        ask(place, "things", "delete", "car-1")


def what_is_refused(place):
    place.run("cloud", "things", "list", "--dir", "nowhere").refuses(4, "no local cloud runs there")
    place.run("cloud", "things", "list").refuses(2, "no directory given")
    place.run("cloud", "things", "show", "--dir", "lab").refuses(2, "something is missing", "THING")
    place.run("cloud", "things", "fly", "--dir", "lab").refuses(2, "no such command: fly")
    place.write("bad.json", '{"Resources":{}}')
    with place.cloud():
        place.run("cloud", "things", "show", "car-9", "--dir", "lab").refuses(4, "ResourceNotFound")
        place.run("cloud", "certificates", "register", "bad.json", "--dir", "lab").refuses(4, "no certificate in PEM")
        place.run("cloud", "templates", "create", "t", "bad.json", "--dir", "lab").refuses(4, "one AWS::IoT::Certificate")
        place.run("cloud", "authorities", "register", "none.pem", "--dir", "lab").refuses(2, "none.pem")


def a_car_under_an_authority_of_its_own(place):
    place.write("template.json", json.dumps(TEMPLATE))
    subprocess.run(FACTORY, shell=True, check=True, cwd=place.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with place.cloud() as cloud:
        port = cloud.endpoint.rsplit(":", 1)[1]
        ask(place, "templates", "create", "north", "template.json", "--allow", "VIN=^car-")
        check_equal(ask_json(place, "templates", "show", "north"), TEMPLATE, "the template")
        authority = ask(place, "authorities", "register", "bundle.pem", "--template", "fleetsim-jit")

        def says_hello():
            """The car connects and publishes once; mosquitto_pub's exit status."""
            return subprocess.run(
                ["mosquitto_pub", "-h", "127.0.0.1", "-p", port, "--cafile", "lab/pki/ca.pem", "--cert", "chain.pem",
                 "--key", "car.key", "-i", "car-77", "-V", "5", "-q", "1", "-t", "dt/fleetsim/car-77/hello", "-m", "1"],
                cwd=place.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode

        check(says_hello() != 0, "the first contact is refused")
        check_equal(says_hello(), 0, "the second contact")
        thing = ask_json(place, "things", "show", "car-77")
        shown = ask_json(place, "certificates", "show", thing["principals"][0])
        check_equal((shown["status"], shown["caCertificateId"]), ("ACTIVE", authority), "the certificate")
        ask(place, "certificates", "set", shown["certificateId"], "INACTIVE")
        check(says_hello() != 0, "an inactive certificate is refused")


if __name__ == "__main__":
    main([things_and_certificates, what_is_refused, a_car_under_an_authority_of_its_own])
