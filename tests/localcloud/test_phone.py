"""A phone that loses the cloud, comes back in time or too late, and a cloud that is restarted (W-CONN)."""

import asyncio

import pytest

from mentra.errors import NotConnected
from mentra.localcloud import InstalledApp, LocalCloud, VirtualGlasses
from mentra.transport.base import Closed
from tests.helpers.scripted_app import ScriptedApp, let_it_happen, text_wall


async def test_apps_notice_nothing_while_the_phone_is_away_for_less_than_a_minute_w_conn_7(running, glasses):
    await running.subscribe("button_press")

    await glasses.go_offline()
    await asyncio.sleep(59.0)
    await glasses.go_online()
    await glasses.press()
    await asyncio.sleep(120.0)

    assert running.socket.types == ["tpa_connection_ack", "capabilities_update", "data_stream"]
    assert running.webhooks == ["session_request"]


async def test_after_a_minute_the_session_ends_on_the_socket_only_w_conn_7(running, glasses):
    await glasses.go_offline()
    await asyncio.sleep(60.1)

    assert running.webhooks == ["session_request"]
    assert running.socket.types == ["tpa_connection_ack", "app_stopped"]
    assert running.socket.closed == Closed(1000, "User session ended")
    assert glasses.running == ()


async def test_an_init_while_the_session_is_over_finds_none_w_conn_7(running, glasses):
    await glasses.go_offline()
    await asyncio.sleep(61.0)

    socket = await running.connect()
    await let_it_happen()

    assert socket.frames[0]["code"] == "SESSION_NOT_FOUND"


async def test_a_socket_that_outlives_its_session_has_the_app_restarted_when_it_closes_w_conn_20(running, glasses):
    await outlive(running, glasses)

    running.sockets[0].close()
    await asyncio.sleep(6.0)

    assert running.webhooks == ["session_request", "stop_request", "session_request"]
    assert running.socket.frames[0]["code"] == "SESSION_NOT_FOUND"


async def test_what_comes_on_a_socket_that_outlived_its_session_concerns_no_later_one_w_conn_20(running, glasses):
    await outlive(running, glasses)
    await glasses.go_online()
    await let_it_happen()

    running.sockets[0].send(
        {"type": "subscription_update", "packageName": running.package_name, "subscriptions": ["button_press"]}
    )
    running.sockets[0].send(
        {"type": "display_event", "packageName": running.package_name, "view": "main", "layout": text_wall("late")}
    )
    await let_it_happen()

    assert glasses.running == (running.package_name,)
    assert glasses.subscriptions(running.package_name) == ()
    assert glasses.display == ""


async def test_nothing_comes_of_a_socket_that_outlived_its_session_once_the_cloud_is_closed_w_conn_20(
    cloud, running, glasses
):
    await outlive(running, glasses)

    await cloud.close()
    await asyncio.sleep(60.0)

    assert running.webhooks == ["session_request"]


async def test_a_stop_that_is_under_way_when_the_session_ends_is_finished_w_conn_20(running, glasses):
    await glasses.go_offline()
    await asyncio.sleep(58.0)
    running.delay_s = 4.0
    await glasses.stop(running.package_name)

    await glasses.go_online()

    assert running.webhooks == ["session_request", "stop_request"]


async def outlive(app: ScriptedApp, glasses: VirtualGlasses) -> None:
    """End the session while an app has a socket that was replaced, and has just lost the other one."""
    second = await app.connect()
    await glasses.go_offline()
    await asyncio.sleep(58.0)
    second.close()
    await asyncio.sleep(2.1)
    assert app.sockets[0].closed is None


async def test_a_phone_that_comes_back_late_has_its_apps_started_again_w_conn_7(running, glasses):
    await running.subscribe("button_press")
    await glasses.go_offline()
    await asyncio.sleep(61.0)

    await glasses.go_online()

    assert running.webhooks == ["session_request", "session_request"]
    assert glasses.running == ("com.example.app",)
    assert glasses.subscriptions("com.example.app") == ()


async def test_an_app_that_was_stopped_is_not_started_again(running, glasses):
    await glasses.stop(running.package_name)
    await glasses.leave()

    await glasses.go_online()

    assert running.webhooks == ["session_request", "stop_request"]


async def test_a_user_who_left_finds_the_apps_running_when_coming_back(cloud, running, glasses):
    await glasses.leave()

    again = cloud.connect_glasses("user1@example.com")
    await asyncio.sleep(1.0)

    assert running.webhooks == ["session_request", "session_request"]
    assert again.running == ("com.example.app",)


async def test_an_app_that_does_not_start_again_is_told_of_in_the_log(running, glasses, caplog):
    await glasses.leave()
    running.connects = False

    await glasses.go_online()
    await asyncio.sleep(6.0)

    assert "was not started again" in caplog.text
    assert glasses.running == ()


async def test_nothing_can_be_started_while_the_session_is_over(app, glasses):
    await glasses.leave()

    with pytest.raises(NotConnected, match="go_online"):
        await glasses.start(app.package_name)


async def test_an_app_that_is_lost_while_the_phone_is_away_is_restarted_all_the_same(running, glasses):
    await glasses.go_offline()
    running.socket.close()

    await asyncio.sleep(6.0)

    assert running.webhooks == ["session_request", "stop_request", "session_request"]


async def test_a_restarted_cloud_breaks_connections_and_starts_the_apps_again_w_conn_9(cloud, running, glasses):
    before = cloud.url

    await cloud.restart(down_s=2.0)
    await asyncio.sleep(1.0)

    assert cloud.url == before
    assert running.sockets[0].closed == Closed(1006)
    assert running.webhooks == ["session_request", "session_request"]
    assert glasses.running == ("com.example.app",)


async def test_a_phone_that_was_away_when_the_cloud_was_restarted_stays_away(cloud, running, glasses):
    await glasses.go_offline()

    await cloud.restart()
    await asyncio.sleep(1.0)
    assert running.webhooks == ["session_request"]
    await glasses.go_online()

    assert running.webhooks == ["session_request", "session_request"]


async def test_a_user_who_comes_back_and_leaves_at_once_is_no_error(cloud, running, glasses, caplog):
    await glasses.leave()

    await cloud.connect_glasses("user1@example.com").leave()
    await asyncio.sleep(60.0)

    assert running.webhooks == ["session_request"]
    assert caplog.messages == []


async def test_a_phone_that_comes_back_while_the_cloud_is_down_waits_for_it(cloud, running, glasses, caplog):
    await glasses.go_offline()
    restart = asyncio.create_task(cloud.restart(down_s=9.0))
    await asyncio.sleep(1.0)

    await glasses.go_online()
    assert not glasses.is_online
    await restart
    await asyncio.sleep(1.0)

    assert running.webhooks == ["session_request", "session_request"]
    assert (glasses.is_online, glasses.running) == (True, ("com.example.app",))
    assert caplog.messages == []


async def test_a_phone_that_goes_away_while_the_cloud_is_down_stays_away(cloud, running, glasses):
    restart = asyncio.create_task(cloud.restart(down_s=9.0))
    await asyncio.sleep(1.0)

    await glasses.go_offline()
    await restart
    await asyncio.sleep(1.0)

    assert running.webhooks == ["session_request"]
    assert not glasses.is_online


async def test_a_user_who_comes_back_while_the_cloud_is_down_finds_the_apps_started_when_it_is_up(
    cloud, running, glasses, caplog
):
    await glasses.leave()
    restart = asyncio.create_task(cloud.restart(down_s=9.0))
    await asyncio.sleep(1.0)

    again = cloud.connect_glasses("user1@example.com")
    await restart
    await asyncio.sleep(1.0)

    assert again.running == ("com.example.app",)
    assert caplog.messages == []


async def test_phones_connect_again_to_a_cloud_that_was_closed_and_is_opened(cloud, running, glasses):
    port = int(cloud.url.rpartition(":")[2])

    await cloud.close()
    await cloud.open(port=port)
    await asyncio.sleep(1.0)

    assert glasses.running == ("com.example.app",)


async def test_a_restarted_cloud_remembers_data_and_settings(cloud, running, glasses):
    glasses.store(running.package_name, {"key": "value"})
    await glasses.change_settings(running.package_name, {"color": "red"})

    await cloud.restart()

    assert glasses.stored(running.package_name) == {"key": "value"}
    assert glasses.settings(running.package_name) == {"color": "red"}


async def test_a_cloud_that_is_not_open_cannot_be_restarted(network):
    with pytest.raises(NotConnected, match="open"):
        await LocalCloud(network).restart()


# Apps whose session a cloud of 2026 keeps.


@pytest.fixture
async def cloud_3(network):
    async with LocalCloud(network, generation=3) as cloud:
        yield cloud


@pytest.fixture
async def running_3(network, cloud_3):
    async with ScriptedApp(network) as app:
        cloud_3.install(app.installed())
        await cloud_3.connect_glasses("user1@example.com").start(app.package_name)
        yield app


async def test_on_a_cloud_of_2026_a_stop_within_the_grace_is_final(cloud_3, running_3):
    glasses = cloud_3.connect_glasses("user1@example.com")
    running_3.socket.close()
    await asyncio.sleep(2.0)

    await glasses.stop(running_3.package_name)
    await asyncio.sleep(60.0)

    assert running_3.webhooks == ["session_request", "stop_request"]


async def test_on_a_cloud_of_2026_an_app_that_is_lost_while_the_phone_is_away_waits_for_it(cloud_3, running_3):
    glasses = cloud_3.connect_glasses("user1@example.com")
    await glasses.go_offline()
    running_3.socket.close()
    await asyncio.sleep(10.0)
    assert running_3.webhooks == ["session_request"]

    await glasses.go_online()

    assert running_3.webhooks == ["session_request", "session_request"]
    assert glasses.running == ("com.example.app",)


async def test_on_a_cloud_of_2026_a_released_session_is_left_alone_until_the_phone_comes_back(cloud_3, running_3):
    glasses = cloud_3.connect_glasses("user1@example.com")
    await running_3.send("ownership_release", sessionId="", reason="switching_clouds")
    running_3.socket.close()
    await asyncio.sleep(30.0)
    assert running_3.webhooks == ["session_request"]

    await glasses.go_offline()
    await glasses.go_online()

    assert running_3.webhooks == ["session_request", "session_request"]


async def test_on_a_cloud_of_2026_an_app_has_six_seconds_to_connect(network, cloud_3):
    async with ScriptedApp(network) as app:
        cloud_3.install(app.installed())
        app.connects = False
        glasses = cloud_3.connect_glasses("user1@example.com")
        start = asyncio.create_task(glasses.start(app.package_name))
        await asyncio.sleep(5.9)

        await app.connect()
        await start

        assert glasses.running == (app.package_name,)


async def test_an_app_that_is_uninstalled_while_the_user_is_away_is_not_started_again(network, caplog):
    async with LocalCloud(network) as cloud, ScriptedApp(network) as app:
        cloud.install(app.installed())
        glasses = cloud.connect_glasses("user1@example.com")
        await glasses.start(app.package_name)
        await glasses.leave()
        cloud.uninstall(app.package_name)

        await glasses.go_online()

        assert app.webhooks == ["session_request"]
        assert "is not installed" in caplog.text


def test_an_app_declares_the_hardware_that_it_requires():
    app = InstalledApp(package_name="com.example.app", api_key="key", public_url="http://127.0.0.1:1")

    assert app.hardware_requirements == ()


async def test_a_cloud_that_is_closed_starts_nothing_also_not_for_who_left(network):
    async with ScriptedApp(network) as app:
        async with LocalCloud(network) as cloud:
            cloud.install(app.installed())
            glasses = cloud.connect_glasses()
            await glasses.start(app.package_name)
            before = app.socket
            await app.connect()
            app.socket.close()
            await let_it_happen()
            await glasses.leave()
            # The cloud has forgotten whose this was, and would restart the app.
            before.close()
            await let_it_happen()

        await asyncio.sleep(10)

        assert app.webhooks == ["session_request"]
