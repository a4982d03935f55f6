"""What is played with ``rest.mjs``: what ``twin.mjs`` leaves out of what the official SDK can do."""

from dataclasses import replace

from mentra.localcloud.phone.camera import grey_jpeg
from tests.peers.script import Step, Wearer, changed, command, happens, sent


async def other_glasses(wearer: Wearer) -> None:
    await wearer.glasses.put_on("Mentra Live", ssid="home")


async def photo_given_up(wearer: Wearer) -> None:
    wearer.glasses.camera.load(grey_jpeg(64, 48))
    await wearer.press("give-photo-up")


SPOKEN = (
    happens("speech", lambda w: w.glasses.say("hello"), "heard hello"),
    happens(
        "a translation",
        lambda w: w.glasses.translate("guten Tag", source="en-US", target="de-DE"),
        "translated guten Tag",
    ),
    happens("a look up", lambda w: w.glasses.look_up(), "head up"),
    happens("a swipe", lambda w: w.glasses.touch("forward_swipe"), "touch forward_swipe"),
    happens("a notification", lambda w: w.glasses.notify("Hi", "there", notification_id="7"), "notification Hi"),
    happens("it is dismissed", lambda w: w.glasses.dismiss("7"), "dismissed 7"),
    happens("the button takes a photo", lambda w: w.glasses.take_photo(b"\xff\xd8pixels"), "photo taken image/jpeg"),
    sent("a position in a mapped room", "vps_coordinates", {"x": 1.5}, "vps 1.5"),
    sent("a stream that nobody knows", "custom_sensor", {"value": 42}, "custom sensor 42"),
    command("language fr-FR"),
    happens("French", lambda w: w.glasses.say("bonjour", language="fr-FR"), "in fr-FR bonjour"),
    command("streams", "true"),
    command("gestures"),
    command("ungesture"),
    command("unsubscribe"),
    command("everything"),
    sent("a stream of which it did not ask", "another_sensor", {"value": 42}),
)
SETTINGS = (
    command("system", "unset"),
    command("get-settings", '["volume","name"] null'),
    command("all-settings", '["volume","name"] slider'),
    command("fetch", '["volume","name"]'),
    command("follow-settings"),
    # It hears of it on its socket and by HTTP.
    happens("a setting changes", lambda w: changed(w, volume=7), "settings 2", "settings 2", "volume null -> 7"),
    happens("it tests", lambda w: w.press("test-settings"), "settings 1", "volume 7 -> 5"),
    command("config", 'Rest [["dark",true]] Dark'),
    command("bad-config", "failed: Failed to load App configuration: Invalid App configuration format"),
)
DEVICE = (
    command("wifi", "false null"),
    happens("a network", other_glasses),
    command("wifi", "true home"),
    command("leds", "[]"),
    command("accuracies", "followed 7"),
    command("servers", "ws://CLOUD/app-ws CLOUD"),
    happens("a frame by hand", lambda w: w.press("send"), "by hand"),
)
WAITING = (
    command("sounds-waiting", "0 0 false"),
    happens(
        "give-sound-up",
        lambda w: w.press("give-sound-up"),
        "give-sound-up true true false",
        "sound Audio request cancelled",
    ),
    happens("give-photo-up", photo_given_up, "give-photo-up true true false", "photo Photo request cancelled"),
)
USERS = (
    command("instructions", "null"),
    command("discover", "failed: fetch failed"),
    command("active bob@example.com", "false"),
    command("count", "0"),
    command("broadcast", sends="app_broadcast_message"),
    command("direct", sends="app_direct_message"),
    command("join", sends="app_room_join"),
    command("leave", sends="app_room_leave"),
)
TOKENS = (
    command("make-token", "failed: jwt.sign is not a function"),  # As an ES module it cannot load its own library.
    command("read-token", "a.b.c false"),
)
SOUND_AS_IT_IS_MADE = (
    command("open-sound mp3", "streaming true true", sends="audio_stream_start"),
    command("write-sound 100", "streaming", sends="(binary)"),
    command("end-sound", "ended", sends="audio_stream_end"),
    command("open-sound pcm16", "streaming true true", sends="audio_stream_start"),
    command("write-sound 20000", "streaming", sends="(binary)"),
    command("flush-sound", "ended", sends="audio_stop_request"),
)
RELEASE = (command("release", sends="ownership_release"),)


def steps_for(generation: int, *, is_next: bool) -> tuple[Step, ...]:
    """Return what is played on a cloud of a generation with the SDK as it is, or as it will be."""
    steps = (*SPOKEN, *SETTINGS, *DEVICE, *WAITING, *USERS, *TOKENS, *RELEASE)
    if generation == 2:
        return steps
    if is_next:
        steps = (*SOUND_AS_IT_IS_MADE, *steps)
    return tuple(_knows_units(step) for step in steps)


def _knows_units(step: Step) -> Step:
    """Return a step as it is where the cloud says what MentraOS is set to."""
    match step.name:
        case "system":
            return replace(step, shows=("system false",))
        case "a setting changes":
            return replace(step, shows=(*step.shows, "metric null"))  # The SDK forgets it with app settings (W-SET-8).
        case _:
            return step
