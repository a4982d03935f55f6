"""Messages in words: who asks for what, how large it is, how long, and why not; and no secret."""

import base64
import json
from typing import Any

import pytest

from mentra.bitmaps.bitmap import Bitmap
from mentra.protocol import codec
from mentra_cli.dev.views.messages import is_failure, message_text, message_title, whole

IMAGE = base64.b64encode(Bitmap(576, 135, bytes(576 * 135)).to_bmp()).decode()
APP: dict[str, Any] = {"packageName": "com.example.app", "requestId": "r1"}
PHOTO = {"type": "photo_request", **APP, "saveToGallery": False, "size": "large", "compress": "heavy"}
SOUND = {"type": "audio_play_request", **APP, "volume": 1, "stopOtherAudio": True, "trackId": 0}

FROM_APP: list[tuple[dict[str, Any], str]] = [
    (PHOTO, "large, compression heavy"),
    (
        {**PHOTO, "customWebhookUrl": "https://ann:pw@photos.example.com/in?key=s3cr3t", "authToken": "s3cr3t"},
        "large, compression heavy, posted to https://photos.example.com",
    ),
    ({**SOUND, "audioUrl": "https://example.com/a.mp3?key=s3cr3t"}, "plays https://example.com/a.mp3"),
    ({**SOUND, "audioUrl": "https://x/api/tts?text=Hello+you", "volume": 0.5}, 'says "Hello you", volume 0.5'),
    ({**SOUND, "audioUrl": "https://x/api/tts"}, "plays https://x/api/tts"),
    ({**SOUND, "audioUrl": "http://[x"}, "plays an address that is none"),
    ({"type": "audio_stop_request", **APP}, "everything"),
    ({"type": "audio_stop_request", **APP, "trackId": 2}, "track 2"),
    (
        {"type": "rgb_led_control", **APP, "action": "on", "color": "red", "ontime": 500, "offtime": 100, "count": 3},
        "red, 3 times 0.5 s",
    ),
    ({"type": "rgb_led_control", **APP, "action": "on", "color": "red", "ontime": 2000, "count": 1}, "red, 2 s"),
    ({"type": "rgb_led_control", **APP, "action": "off"}, "off"),
    (
        {"type": "rtmp_stream_request", **APP, "rtmpUrl": "rtmp://live.example.com/app/s3cr3t"},
        "to rtmp://live.example.com",
    ),
    (
        {
            "type": "managed_stream_request",
            **APP,
            "quality": "720p",
            "restreamDestinations": [{"url": "rtmp://a.example.com/app/s3cr3t"}],
        },
        "720p, also to rtmp://a.example.com",
    ),
    ({"type": "managed_stream_request", **APP}, "of any quality"),
    ({"type": "stream_status_check", **APP}, "is there a video?"),
    ({"type": "managed_stream_stop", **APP}, ""),
    ({"type": "location_poll_request", **APP, "correlationId": "c", "accuracy": "high"}, "high"),
    ({"type": "request_wifi_setup", **APP, "reason": "to stream"}, "to stream"),
    (
        {"type": "dashboard_content_update", **APP, "content": "3 new", "modes": ["main"], "timestamp": ""},
        "3 new",
    ),
    (
        {"type": "dashboard_content_update", **APP, "content": "3 new", "modes": ["main", "expanded"], "timestamp": ""},
        "3 new [main, expanded]",
    ),
    (
        {"type": "display_event", **APP, "view": "main", "layout": {"layoutType": "bitmap_view", "data": IMAGE}},
        "image of 576 x 135, 9,783 bytes",
    ),
    (
        {
            "type": "display_event",
            **APP,
            "view": "main",
            "layout": {"layoutType": "bitmap_animation", "frames": ["Qk0=", "Qk0="], "interval": 500, "repeat": True},
        },
        "2 images of 3 bytes, one each 0.5 s",
    ),
]

FROM_CLOUD: list[tuple[dict[str, Any], str, bool]] = [
    (
        {"type": "photo_response", "requestId": "r1", "success": True, "photoUrl": "https://x/a?b"},
        "passed on; the photo goes to https://x",
        False,
    ),
    (
        {
            "type": "photo_response",
            "requestId": "r1",
            "success": False,
            "error": {"code": "CAMERA_BUSY", "message": "busy"},
        },
        "CAMERA_BUSY: busy",
        True,
    ),
    ({"type": "photo_response", "requestId": "r1", "success": False}, "no reason given", True),
    ({"type": "audio_play_response", "requestId": "r1", "success": True, "duration": 1200}, "over after 1.2 s", False),
    ({"type": "audio_play_response", "requestId": "r1", "success": True}, "over", False),
    ({"type": "audio_play_response", "requestId": "r1", "success": False, "error": "not found"}, "not found", True),
    ({"type": "rtmp_stream_status", "status": "active"}, "active", False),
    ({"type": "rtmp_stream_status", "status": "error", "errorDetails": "no route"}, "error: no route", True),
    (
        {"type": "managed_stream_status", "status": "active", "hlsUrl": "https://x/a.m3u8"},
        "active\nhttps://x/a.m3u8",
        False,
    ),
    ({"type": "stream_status_check_response", "hasActiveStream": False}, "no video", False),
    ({"type": "tpa_connection_error", "code": "PERMISSION_DENIED", "message": "no"}, "PERMISSION_DENIED: no", True),
    (
        {
            "type": "permission_error",
            "message": "Some were refused.",
            "details": [{"stream": "audio_chunk", "requiredPermission": "MICROPHONE", "message": "m"}],
        },
        "Some were refused.\naudio_chunk needs MICROPHONE",
        True,
    ),
    ({"type": "device_state_update", "state": {"batteryLevel": 80, "style": ""}}, "batteryLevel = 80", False),
    ({"type": "dashboard_mode_changed", "mode": "expanded"}, "expanded", False),
    ({"type": "augmentos_settings_update", "settings": {"brightness": 50}}, "brightness = 50", False),
    ({"type": "custom_message", "action": "update_datetime", "payload": "now"}, 'update_datetime "now"', False),
    ({"type": "app_stopped", "reason": "user_disabled"}, "user_disabled", False),
    (
        {
            "type": "data_stream",
            "streamType": "photo_taken",
            "data": {"photoData": base64.b64encode(bytes(1000)).decode(), "mimeType": "image/png"},
        },
        "image/png, 1,000 bytes",
        False,
    ),
    (
        {
            "type": "data_stream",
            "streamType": "translation:de-DE-to-en-US",
            "data": {"text": "hello", "originalText": "hallo", "isFinal": False},
        },
        "hello ...\n(hallo)",
        False,
    ),
    (
        {
            "type": "data_stream",
            "streamType": "phone_notification",
            "data": {"notificationId": "1", "app": "Mail", "title": "Ann", "content": "Lunch\nat one?"},
        },
        "Mail: Ann: Lunch at one?",
        False,
    ),
    (
        {
            "type": "data_stream",
            "streamType": "phone_notification_dismissed",
            "data": {"notificationId": "7"},
        },
        "notification 7",
        False,
    ),
    (
        {
            "type": "data_stream",
            "streamType": "location_update",
            "data": {"lat": 48.208174, "lng": 16.373819, "accuracy": 5, "correlationId": "c"},
        },
        "48.208174, 16.373819, within 5 m, as asked",
        False,
    ),
    (
        {"type": "data_stream", "streamType": "location_update", "data": {"lat": -33.9, "lng": 151.2}},
        "-33.9, 151.2",
        False,
    ),
    (
        {
            "type": "data_stream",
            "streamType": "glasses_connection_state",
            "data": {
                "modelName": "Mentra Live",
                "status": "CONNECTED",
                "wifi": {"connected": True, "ssid": "home"},
            },
        },
        "Mentra Live, CONNECTED, Wi-Fi home",
        False,
    ),
    (
        {
            "type": "data_stream",
            "streamType": "glasses_connection_state",
            "data": {"status": "DISCONNECTED", "wifi": {"connected": False}},
        },
        "DISCONNECTED, no Wi-Fi",
        False,
    ),
    ({"type": "an_error", "x": 1}, '{"type": "an_error", "x": 1}', True),
]


@pytest.mark.parametrize(("message", "text"), FROM_APP, ids=lambda value: str(value)[:60])
def test_what_an_app_says(message: dict[str, Any], text: str):
    raw = json.dumps(message).encode()
    decoded = codec.decode_from_app(raw)

    assert (message_title(decoded), message_text(decoded, raw)) == (message["type"], text)
    assert not is_failure(decoded)


@pytest.mark.parametrize(("message", "text", "failed"), FROM_CLOUD, ids=lambda value: str(value)[:60])
def test_what_a_cloud_says(message: dict[str, Any], text: str, failed: bool):
    raw = json.dumps(message).encode()
    decoded = codec.decode_from_cloud(raw)

    assert (message_text(decoded, raw), is_failure(decoded)) == (text, failed)
    assert message_title(decoded) == message.get("streamType", message["type"])


@pytest.mark.parametrize(
    ("layout", "problem"),
    [
        ({"layoutType": "nope"}, "Invalid value 'nope' - at `$.layoutType`"),
        ({"layoutType": "text_wall"}, "Object missing required field `text`"),
        (None, "Expected `object`, got `null`"),
    ],
)
def test_a_layout_that_no_glasses_show_is_told_with_what_is_wrong_with_it(layout: Any, problem: str):
    raw = json.dumps({"type": "display_event", **APP, "view": "main", "layout": layout}).encode()
    decoded = codec.decode_from_app(raw)

    assert is_failure(decoded)
    assert message_text(decoded, raw).splitlines()[0] == f"The glasses cannot show this layout: {problem}"


def test_whole_messages_have_no_images_in_them():
    raw = json.dumps({"layouts": [{"data": IMAGE}], "text": "long " * 300}).encode()

    assert json.loads(whole(raw)) == {"layouts": [{"data": "(13,044 characters)"}], "text": "long " * 300}


def test_what_is_no_json_stays_as_it_is():
    assert whole(b"no json") == "no json"
