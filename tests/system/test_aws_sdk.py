#!/usr/bin/env python3
"""Devices on AWS's own SDK against the local cloud: what talks to AWS IoT talks to it."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from aws_sdk import need_sdk, start_device  # noqa: E402
from fleetsim_test import check_equal, main  # noqa: E402


def its_jobs_client_does_a_job(place):
    """Contract 3.1 to 3.4, as the SDK's IotJobsClientv2 understands them: notify-next, get, start-next, update, describe."""
    need_sdk()
    place.run("pki", "init", "--dir", "lab").expect(0)
    place.run("pki", "issue", "--dir", "lab", "--name", "aws-car").expect(0)
    with place.cloud():
        with open(place.path("lab/cloud.json"), encoding="utf-8") as f:
            endpoint = json.load(f)["endpoint"]
        host, port = endpoint.removeprefix("mqtts://").split(":")
        issued = place.path("lab/issued/aws-car")
        device = start_device("aws_jobs.js", host, port, f"{issued}/ca.pem", f"{issued}/cert.pem", f"{issued}/key.pem", "aws-car")
        try:
            said = [json.loads(device.stdout.readline())]
            place.run("job", "create", "--dir", "lab", "aws-car", "--id", "sdk", "--document",
                      '{"operation":"update","version":"2.0","size":1000}').expect(0)
            out, err = device.communicate(timeout=30)
        finally:
            device.kill()
        check_equal(device.returncode, 0, err)
        said += [json.loads(line) for line in out.splitlines()]
        check_equal(said, [
            {"step": "listening"},
            {"step": "notified", "jobId": "sdk"},
            {"step": "pending", "queued": ["sdk"]},
            {"step": "started", "jobId": "sdk", "version": 2, "document": {"operation": "update", "version": "2.0", "size": 1000}},
            {"step": "half", "version": 3},
            {"step": "refused", "code": "VersionMismatch"},
            {"step": "described", "status": "IN_PROGRESS", "details": {"progress": "50"}},
            {"step": "succeeded"},
        ], "what the device saw")
        cars = json.loads(place.run("job", "cars", "--dir", "lab", "sdk", "--json").out)
        check_equal((cars[0]["status"], cars[0]["statusDetails"]), ("SUCCEEDED", {"version": "2.0"}), "the execution")


if __name__ == "__main__":
    main([its_jobs_client_does_a_job])
