"""What glasses can do, read and written without loss."""

import json
from pathlib import Path

import msgspec
import pytest

from mentra.localcloud.models import MODELS
from mentra.protocol import codec
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.cloud_to_app import ConnectionAck

CAPTURE = Path(__file__).parents[1] / "wire" / "captures" / "all-capabilities.jsonl"


@pytest.mark.parametrize("model", MODELS)
def test_a_model_survives_the_way_there_and_back(model: str):
    capabilities = MODELS[model]

    assert codec.decode_as(Capabilities, codec.encode(capabilities)) == capabilities


def test_the_captured_record_is_read_whole_and_written_as_it_was_w_cap_1():
    entries = map(json.loads, CAPTURE.read_text().splitlines())
    ack = next(e["data"] for e in entries if e["kind"] == "cloud>app" and e["data"]["type"] == "tpa_connection_ack")

    read = codec.decode_from_cloud(json.dumps(ack))

    assert isinstance(read, ConnectionAck)
    assert json.loads(codec.encode(msgspec.to_builtins(read.capabilities))) == ack["capabilities"]


def test_a_part_that_is_missing_is_null_and_not_absent():
    written = json.loads(codec.encode(MODELS["Even Realities G1"]))

    assert (written["hasCamera"], written["camera"]) == (False, None)
    assert (written["hasIMU"], written["imu"]) == (True, None)
