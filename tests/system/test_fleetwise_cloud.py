#!/usr/bin/python3
"""A FleetWise agent that is not ours (Paho's Python client, Google's protobuf, Python's snappy) gets campaigns from the local
cloud, and an app that is not ours the data as JSON; and `fleetsim cloud fleetwise` from the command line."""
import json
import os
import pathlib
import queue
import subprocess
import sys
import time

import paho.mqtt.client as mqtt
import snappy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import check, check_equal, main  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANIFEST = {
    "manifest": {"can_signals": [{"signal_id": 11, "message_id": 257, "length": 16, "factor": 0.01}],
                 "custom_decoding_signals": [{"signal_id": 12, "custom_decoding_id": "locks.all",
                                              "primitive_type": "STRING"}]},
    "names": {"11": "Vehicle.Speed"},
}


def campaign(**scheme):
    return {"mqttTopic": "dt/fleetsim/charge", "scheme": {
        "decoder_manifest_sync_id": "m-1", "expiry_time_ms_epoch": (int(time.time()) + 3600) * 1000,
        "time_based_collection_scheme": {"time_based_collection_scheme_period_ms": 10000},
        "signal_information": [{"signal_id": 11}, {"signal_id": 12}], **scheme}}


def messages(place):
    subprocess.run(["protoc", f"--proto_path={ROOT / 'sim/fleetwise'}", f"--python_out={place.dir}", "fleetwise.proto"],
                   check=True)
    sys.path.insert(0, place.dir)
    import fleetwise_pb2

    return fleetwise_pb2


class Client:
    """One that is connected; what it hears waits, by topic."""

    def __init__(self, place, endpoint, name, filters):
        folder = place.path(f"lab/issued/{name}")
        self.heard = queue.Queue()
        subscribed = queue.Queue()
        self.paho = mqtt.Client(client_id=name)
        self.paho.tls_set(f"{folder}/ca.pem", f"{folder}/cert.pem", f"{folder}/key.pem")
        self.paho.on_message = lambda _client, _data, message: self.heard.put((message.topic, message.payload))
        self.paho.on_subscribe = lambda *_: subscribed.put(True)
        host, port = endpoint.removeprefix("mqtts://").rsplit(":", 1)
        self.paho.connect(host, int(port))
        self.paho.loop_start()
        self.paho.subscribe([(one, 1) for one in filters])
        subscribed.get(timeout=10)

    def take(self, topic):
        seen, payload = self.heard.get(timeout=10)
        check_equal(seen, topic, "topic")
        return payload

    def say(self, topic, message):
        self.paho.publish(topic, message, qos=1).wait_for_publish(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.paho.disconnect()
        self.paho.loop_stop()


def an_agent_of_others(place):
    pb = messages(place)
    place.write("manifest.json", json.dumps(MANIFEST))
    place.write("charge.json", json.dumps(campaign(compress_collected_data=True)))
    with place.cloud() as cloud:
        place.run("cloud", "fleetwise", "put", "--dir", "lab", "manifest", "m-1", "manifest.json").expect(0, "m-1: cars have it")
        place.run("cloud", "fleetwise", "put", "--dir", "lab", "campaign", "charge", "charge.json").expect(0)
        place.run("pki", "issue", "--dir", "lab", "--index", "3").expect(0)
        car_name = os.listdir(place.path("lab/issued"))[0]
        place.run("pki", "issue", "--dir", "lab", "--name", "phone", "--role", "companion").expect(0)
        topic = f"$aws/iotfleetwise/vehicles/{car_name}/"
        with Client(place, cloud.endpoint, car_name, [topic + "collection_schemes", topic + "decoder_manifests"]) as car, \
                Client(place, cloud.endpoint, "phone", ["dt/fleetsim/charge"]) as app:
            car.say(topic + "checkins", pb.Checkin(timestamp_ms_epoch=1000).SerializeToString())
            manifest = pb.DecoderManifest.FromString(car.take(topic + "decoder_manifests"))
            check_equal((manifest.sync_id, manifest.can_signals[0].factor), ("m-1", 0.01), "manifest")
            schemes = pb.CollectionSchemes.FromString(car.take(topic + "collection_schemes"))
            check_equal([s.campaign_sync_id for s in schemes.collection_schemes], ["charge"], "schemes")
            check(schemes.collection_schemes[0].compress_collected_data, "no compression")

            data = pb.VehicleData(campaign_sync_id="charge", decoder_sync_id="m-1", collection_event_id=7,
                                  collection_event_time_ms_epoch=1700000000500)
            data.captured_signals.add(signal_id=11, double_value=51.25, relative_time_ms=-500)
            data.captured_signals.add(signal_id=12, string_value="locked")
            car.say(topic + "signals", b"\xff\xff\xff corrupt")
            car.say(topic + "signals", snappy.compress(data.SerializeToString())[:-3])
            car.say(topic + "signals", snappy.compress(data.SerializeToString()))
            said = json.loads(app.take("dt/fleetsim/charge"))
            check(said.pop("msgId"), "no msgId")
            check_equal(said, {
                "campaignName": "charge", "vehicleName": car_name, "eventId": 7, "collectionEventTime": 1700000000500,
                "dimensions": {}, "signals": {
                    "Vehicle.Speed": [{"value": 51.25, "dataType": "DOUBLE", "time": 1700000000000}],
                    "locks.all": [{"value": "locked", "dataType": "STRING", "time": 1700000000500}],
                }}, "data")

            place.run("cloud", "fleetwise", "delete", "--dir", "lab", "campaign", "charge").expect(0)
            held = pb.Checkin(timestamp_ms_epoch=200000, document_sync_ids=["m-1", "charge"])
            car.say(topic + "checkins", held.SerializeToString())
            schemes = pb.CollectionSchemes.FromString(car.take(topic + "collection_schemes"))
            check_equal(len(schemes.collection_schemes), 0, "schemes after the campaign's end")


def what_was_put_lasts_and_errors_say_why(place):
    place.write("charge.json", json.dumps(campaign()))
    place.write("odd.json", json.dumps(campaign(speed=1)))
    with place.cloud():
        def cloud(verb, *words):
            return place.run("cloud", "fleetwise", verb, "--dir", "lab", *words)

        cloud("put", "campaign", "charge", "charge.json").expect(0)
        cloud("put", "campaign", "odd", "odd.json").expect(4, "speed: no member of a CollectionScheme")
        cloud("put", "campaign", "odd", "nowhere.json").expect(2, "nowhere.json")
        cloud("put", "treaty", "odd", "odd.json").expect(2, "treaty: no such kind (campaign, manifest or template)")
        cloud("get", "manifest", "m-1").expect(4, "ResourceNotFound")
        time.sleep(2)  # as often as it is written
    with place.cloud():
        check_equal(cloud("list", "campaign").expect(0).out, "charge\n", "campaigns after a restart")
        check_equal(json.loads(cloud("get", "campaign", "charge").out)["mqttTopic"], "dt/fleetsim/charge", "the campaign")
    place.run("cloud", "fleetwise", "list", "--dir", "lab", "campaign").expect(4, "no local cloud runs there")


if __name__ == "__main__":
    main([an_agent_of_others, what_was_put_lasts_and_errors_say_why])
