#!/usr/bin/python3
"""FleetWise's messages against Google's protobuf, its compression against Python's binding of snappy, and
its rules for CAN frames against Python's long integers: what it writes is read here, and what is written here it reads.

Usage: test_fleetwise.py BUILD
"""

import pathlib
import random
import subprocess
import sys
import tempfile

import snappy

ROOT = pathlib.Path(__file__).resolve().parents[2]

SCENARIO = """
local function bytes(hex)
  return (hex:gsub("..", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function hex(text)
  return (text:gsub(".", function(c) return string.format("%%02x", c:byte()) end))
end

scenario("messages", function(t)
  local schemes = decode_fleetwise("CollectionSchemes", bytes("%s"))
  local scheme = schemes.collection_schemes[1]
  t:equal(scheme.campaign_sync_id, "spring")
  t:equal(scheme.start_time_ms_epoch, 1700000000123)
  t:equal(scheme.signal_information[2].minimum_sample_period_ms, 250)
  local condition = scheme.condition_based_collection_scheme
  t:equal(condition.condition_trigger_mode, "TRIGGER_ONLY_ON_RISING_EDGE")
  t:equal(condition.condition_tree.node_operator.operator, "LOGICAL_AND")
  t:equal(condition.condition_tree.node_operator.left_child.node_operator.right_child.node_double_value, -0.25)
  t:equal(condition.condition_tree.node_operator.right_child.node_function.window_function.window_type,
    "PREV_LAST_WINDOW_AVG")
  local command = decode_fleetwise("CommandRequest", bytes("%s"))
  t:equal(command.timeout_ms, 5000)
  t:equal(command.actuator_command.int16_value, -7)
  print("response " .. hex(encode_fleetwise("CommandResponse", {
    status = "COMMAND_STATUS_IN_PROGRESS", command_id = command.command_id, reason_code = 0x1000f,
  })))
  print("schemes " .. hex(encode_fleetwise("CollectionSchemes", schemes)))
  local templates = decode_fleetwise("StateTemplates", bytes("%s"))
  t:equal(templates.state_templates_to_add[1].signal_ids, { 1, 300, 70000 })
  t:equal(templates.state_templates_to_add[2].periodic_update_strategy.period_ms, 5000)
  print("templates " .. hex(encode_fleetwise("StateTemplates", templates)))
  local switch = decode_fleetwise("CommandRequest", bytes("%s")).last_known_state_command.state_template_information
  t:equal(switch[1].activate_operation.deactivate_after_seconds, 90)
  t:is_true(switch[2].fetch_snapshot_operation ~= nil)
  print("states " .. hex(encode_fleetwise("LastKnownStateData", {
    collection_event_time_ms_epoch = 1700000000123,
    captured_state_template_signals = { { state_template_sync_id = "doors", captured_signals = {
      { signal_id = 3, boolean_value = true }, { signal_id = 4, int8_value = -3 },
      { signal_id = 5, double_value = 0.5 }, { signal_id = 6, string_value = "ok" },
    } } },
  })))
  local manifest = decode_fleetwise("DecoderManifest", bytes("%s"))
  t:equal(manifest.custom_decoding_signals[1].primitive_type, "STRING")
  for i, rule in ipairs(manifest.can_signals) do
    print(("can%%d %%.17g"):format(i, decode_can(bytes("%s"), rule)))
  end
  print("manifest " .. hex(compress_snappy(encode_fleetwise("DecoderManifest", manifest))))
  t:equal(uncompress_snappy(bytes("%s")), ("spring, "):rep(1000))
  print("snappy " .. hex(compress_snappy(("charge 80; "):rep(500))))
  print("data " .. hex(encode_fleetwise("VehicleData", {
    campaign_sync_id = "spring", decoder_sync_id = "m", collection_event_id = 4000000000,
    collection_event_time_ms_epoch = 1700000000123,
    can_frames = { { relative_time_ms = -3, message_id = 257, interface_id = "can0", byte_values = "00ff10" } },
    captured_signals = {
      { relative_time_ms = -1500, signal_id = 1, double_value = 51.25 },
      { relative_time_ms = 20, signal_id = 2, string_value = "café" },
    },
    dtc_data = { relative_time_ms = -1, active_dtc_codes = { "P0A80", "U0100" } },
  })))
end)
"""


def schemes(pb):
    message = pb.CollectionSchemes(timestamp_ms_epoch=7)
    scheme = message.collection_schemes.add(
        campaign_sync_id="spring", decoder_manifest_sync_id="m", start_time_ms_epoch=1700000000123,
        expiry_time_ms_epoch=1800000000000, after_duration_ms=1000, include_active_dtcs=True, priority=3)
    scheme.signal_information.add(signal_id=1, sample_buffer_size=10)
    scheme.signal_information.add(signal_id=2, minimum_sample_period_ms=250, condition_only_signal=True)
    scheme.signal_information[1].data_partition_id = 1
    scheme.signal_information[1].signal_path.signal_path.extend([0, 15, 1000])
    scheme.s3_upload_metadata.bucket_name = "frames"
    scheme.campaign_arn = "arn:aws:iotfleetwise:eu-central-1:123456789012:campaign/spring"
    partitions = scheme.store_and_forward_configuration.partition_configuration
    partitions.add()
    partitions.add().storage_options.maximum_size_in_bytes = 1 << 40
    partitions[1].upload_options.condition_tree.node_function.is_null_function.expression.node_signal_id = 9
    fetched = scheme.signal_fetch_information.add(signal_id=2, condition_language_version=1)
    fetched.condition_based.condition_trigger_mode = 1
    fetched.actions.add().node_function.custom_function.function_name = "read"
    condition = scheme.condition_based_collection_scheme
    condition.condition_trigger_mode = 1
    root = condition.condition_tree.node_operator
    root.operator = 6
    root.left_child.node_operator.operator = 1
    root.left_child.node_operator.left_child.node_signal_id = 1
    root.left_child.node_operator.right_child.node_double_value = -0.25
    root.right_child.node_function.window_function.signal_id = 2
    root.right_child.node_function.window_function.window_type = 5
    return message


def templates(pb):
    message = pb.StateTemplates(decoder_manifest_sync_id="m", version=4, state_template_sync_ids_to_remove=["old"])
    first = message.state_templates_to_add.add(state_template_sync_id="doors", signal_ids=[1, 300, 70000])
    first.on_change_update_strategy.SetInParent()
    second = message.state_templates_to_add.add(state_template_sync_id="charge", signal_ids=[2])
    second.periodic_update_strategy.period_ms = 5000
    return message


FRAME = bytes.fromhex("8123456789abcdef")


def manifest(pb):
    """Rules at random places of a frame, in both byte orders."""
    random.seed(7)
    message = pb.DecoderManifest(sync_id="m")
    message.custom_decoding_signals.add(signal_id=30, custom_decoding_id="locks.all", primitive_type=12)
    while len(message.can_signals) < 24:
        start, length = random.randrange(64), random.randrange(1, 49)
        big = random.random() < 0.5
        if (start // 8 * 8 + 8 - start % 8 if big else 64 - start) >= length:
            message.can_signals.add(signal_id=1, message_id=257, start_bit=start, length=length, is_big_endian=big,
                                    is_signed=random.random() < 0.5, factor=0.25, offset=-40)
    return message


def physical(rule):
    """What a rule's bits are in the frame as one long integer."""
    order, start = "little", rule.start_bit
    if rule.is_big_endian:
        order, start = "big", (7 - rule.start_bit // 8) * 8 + rule.start_bit % 8
    raw = int.from_bytes(FRAME, order) >> start & ((1 << rule.length) - 1)
    if rule.is_signed and raw >> (rule.length - 1):
        raw -= 1 << rule.length
    return raw * rule.factor + rule.offset


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["protoc", f"--proto_path={ROOT / 'sim/fleetwise'}", f"--python_out={folder}", "fleetwise.proto"],
                       check=True)
        sys.path.insert(0, folder)
        import fleetwise_pb2 as pb

        sent = schemes(pb)
        script = pathlib.Path(folder) / "messages.lua"
        command = pb.CommandRequest(command_id="c-1", timeout_ms=5000)
        command.actuator_command.int16_value = -7
        switch = pb.CommandRequest(command_id="c-2")
        information = switch.last_known_state_command.state_template_information
        information.add(state_template_sync_id="doors").activate_operation.deactivate_after_seconds = 90
        information.add(state_template_sync_id="charge").fetch_snapshot_operation.SetInParent()
        script.write_text(SCENARIO % (sent.SerializeToString().hex(), command.SerializeToString().hex(),
                                      templates(pb).SerializeToString().hex(), switch.SerializeToString().hex(),
                                      manifest(pb).SerializeToString().hex(), FRAME.hex(),
                                      snappy.compress(b"spring, " * 1000).hex()))
        run = subprocess.run([build / "fleetsim", "run", script, "--no-results"], capture_output=True, text=True,
                             timeout=60)
        assert run.returncode == 0, run.stdout + run.stderr
        said = dict(line.split("messages: ", 1)[1].split(" ", 1) for line in run.stderr.splitlines()
                    if "messages: " in line)
        assert pb.CollectionSchemes.FromString(bytes.fromhex(said["schemes"])) == sent
        assert pb.StateTemplates.FromString(bytes.fromhex(said["templates"])) == templates(pb)
        assert pb.DecoderManifest.FromString(snappy.uncompress(bytes.fromhex(said["manifest"]))) == manifest(pb)
        for i, rule in enumerate(manifest(pb).can_signals, 1):
            assert float(said[f"can{i}"]) == physical(rule), (rule, said[f"can{i}"], physical(rule))
        states = pb.LastKnownStateData.FromString(bytes.fromhex(said["states"])).captured_state_template_signals[0]
        assert states.state_template_sync_id == "doors", states
        assert [s.WhichOneof("signal_value") for s in states.captured_signals] == [
            "boolean_value", "int8_value", "double_value", "string_value"], states
        assert states.captured_signals[1].int8_value == -3, states
        assert snappy.uncompress(bytes.fromhex(said["snappy"])) == b"charge 80; " * 500
        assert len(said["snappy"]) < 1000, said["snappy"]
        response = pb.CommandResponse.FromString(bytes.fromhex(said["response"]))
        assert (response.status, response.command_id, response.reason_code) == (10, "c-1", 0x1000F), response
        data = pb.VehicleData.FromString(bytes.fromhex(said["data"]))
        assert data.collection_event_id == 4000000000 and data.collection_event_time_ms_epoch == 1700000000123, data
        assert data.can_frames[0].byte_values == b"\x00\xff\x10" and data.can_frames[0].message_id == 257, data
        first, second = data.captured_signals
        assert (first.relative_time_ms, first.signal_id, first.double_value) == (-1500, 1, 51.25), first
        assert (second.relative_time_ms, second.string_value) == (20, "café"), second
        assert list(data.dtc_data.active_dtc_codes) == ["P0A80", "U0100"] and data.dtc_data.relative_time_ms == -1, data
    print("ok")


if __name__ == "__main__":
    main()
