"""Starting, losing, restarting and stopping an app (docs/protocol.md, W-HTTP, W-HAND, W-CONN, W-TIME)."""

import asyncio

import pytest

from mentra.errors import ConfigError, NotConnected
from mentra.localcloud import InstalledApp, LocalCloud, NotInstalled, StartFailed, VirtualGlasses
from mentra.transport.base import Closed
from tests.helpers.scripted_app import ScriptedApp, let_it_happen


def clock() -> float:
    return asyncio.get_running_loop().time()


async def test_a_start_sends_the_webhook_and_acknowledges_the_init_w_http_1(cloud, app, glasses):
    await glasses.start(app.package_name)

    ((_, path, body),) = app.requests
    assert path == "/webhook"
    assert body == {
        "type": "session_request",
        "sessionId": "user1@example.com-com.example.app",
        "userId": "user1@example.com",
        "timestamp": body["timestamp"],
        "augmentOSWebsocketUrl": cloud.websocket_url,
    }
    assert app.socket.types == ["tpa_connection_ack"]
    assert glasses.running == ("com.example.app",)


async def test_webhooks_go_where_the_app_takes_them(cloud, app, glasses):
    cloud.install(app.installed(webhook_path="/hooks/mentra"))

    await glasses.start(app.package_name)
    await glasses.stop(app.package_name)

    assert [path for _, path, _ in app.requests] == ["/hooks/mentra"] * 2


def test_settings_that_are_no_schema_are_refused_at_once(app):
    with pytest.raises(ConfigError, match=r"settings of com\.example\.app are no schema.*title"):
        app.installed(settings=({"type": "group", "title": 5},))


async def test_a_failed_webhook_is_repeated_once_after_a_second_with_the_same_body_w_http_3(app, glasses):
    app.statuses = [500]

    await glasses.start(app.package_name)

    (first_time, _, first), (second_time, _, second) = app.requests
    assert second == first
    assert second_time - first_time == pytest.approx(1.0)


async def test_a_start_fails_when_both_webhooks_fail(app, glasses):
    app.statuses = [503, 503]

    with pytest.raises(StartFailed, match="503") as failure:
        await glasses.start(app.package_name)

    assert failure.value.stage == "WEBHOOK"
    assert glasses.running == ()


async def test_a_start_fails_when_nobody_listens_at_the_public_url(cloud, app, glasses):
    cloud.install(app.installed(public_url="http://127.0.0.1:999"))

    with pytest.raises(StartFailed, match=r"127\.0\.0\.1:999") as failure:
        await glasses.start(app.package_name)

    assert failure.value.stage == "WEBHOOK"


async def test_an_app_has_five_seconds_to_connect_w_hand_5(app, glasses):
    app.connects = False
    began = clock()

    with pytest.raises(StartFailed) as failure:
        await glasses.start(app.package_name)

    assert failure.value.stage == "TIMEOUT"
    assert clock() - began == pytest.approx(5.0)


async def test_an_init_after_the_five_seconds_is_refused_w_ref_2(app, glasses):
    app.connects = False
    with pytest.raises(StartFailed):
        await glasses.start(app.package_name)

    socket = await app.connect()
    await let_it_happen()

    assert socket.frames[0]["code"] == "APP_NOT_STARTED"


async def test_a_wrong_key_ends_the_start_at_once_w_ref_9(cloud, app, glasses):
    cloud.install(app.installed(api_key="another key"))
    began = clock()

    with pytest.raises(StartFailed) as failure:
        await glasses.start(app.package_name)

    assert failure.value.stage == "AUTHENTICATION"
    assert clock() == began


async def test_the_webhook_of_a_start_that_failed_is_repeated_all_the_same_w_http_3(app, glasses):
    app.statuses, app.delay_s = [500], 0.5  # As the official SDK does, which waits five seconds before it gives up.
    failing = asyncio.create_task(glasses.start(app.package_name))
    await let_it_happen()
    await app.connect(apiKey="wrong")
    with pytest.raises(StartFailed):
        await failing

    await asyncio.sleep(5)

    assert app.webhooks == ["session_request", "session_request"]
    assert glasses.running == ("com.example.app",)


async def test_after_a_wrong_key_the_right_one_is_let_in_without_another_start_w_ref_9(app, glasses):
    app.connects = False
    start = asyncio.create_task(glasses.start(app.package_name))
    await let_it_happen()
    await app.connect(apiKey="wrong")
    with pytest.raises(StartFailed):
        await start

    socket = await app.connect()
    await let_it_happen()

    assert socket.types == ["tpa_connection_ack"]
    assert glasses.running == ("com.example.app",)


async def test_an_app_may_connect_before_it_answers_the_webhook_w_http_5(app, glasses):
    app.delay_s = 3.0

    await glasses.start(app.package_name)

    assert app.socket.types == ["tpa_connection_ack"]


async def test_an_app_may_connect_after_it_answered_the_webhook_w_http_5(app, glasses):
    app.connects = False
    start = asyncio.create_task(glasses.start(app.package_name))
    await asyncio.sleep(3.0)

    await app.connect()

    await start
    assert glasses.running == ("com.example.app",)


async def test_a_webhook_that_hangs_is_repeated_though_the_app_runs_and_does_not_hurt_it_w_http_4(app, glasses):
    app.delay_s = 60.0
    await glasses.start(app.package_name)
    app.connects = False

    await asyncio.sleep(25.0)

    assert [when - app.requests[0][0] for when, _, _ in app.requests] == pytest.approx([0.0, 11.0])
    assert glasses.running == ("com.example.app",)


async def test_starts_at_once_share_one_webhook_w_http_6(app, glasses):
    await asyncio.gather(*(glasses.start(app.package_name) for _ in range(3)))

    assert app.webhooks == ["session_request"]


async def test_starts_at_once_fail_together(app, glasses):
    app.connects = False

    results = await asyncio.gather(*(glasses.start(app.package_name) for _ in range(2)), return_exceptions=True)

    assert [result.stage for result in results] == ["TIMEOUT", "TIMEOUT"]


async def test_a_start_of_a_running_app_sends_nothing_w_http_6(running, glasses):
    await glasses.start(running.package_name)

    assert running.webhooks == ["session_request"]


async def test_starting_an_unknown_app_names_the_known_ones(app, glasses):
    with pytest.raises(NotInstalled, match=r"com\.example\.app"):
        await glasses.start("com.example.other")


async def test_starting_an_app_of_a_closed_cloud_is_an_error(network):
    cloud = LocalCloud(network)
    cloud.install(InstalledApp(package_name="com.example.app", api_key="key", public_url="http://127.0.0.1:1"))

    with pytest.raises(NotConnected, match="not open"):
        await cloud.connect_glasses().start("com.example.app")


async def test_a_stop_waits_for_the_webhook_and_then_says_goodbye_on_the_socket_w_conn_6(running, glasses):
    running.delay_s = 3.0
    began = clock()

    await glasses.stop(running.package_name)

    assert clock() - began == pytest.approx(3.02)
    assert running.requests[-1][2] == {
        "type": "stop_request",
        "sessionId": "user1@example.com-com.example.app",
        "userId": "user1@example.com",
        "reason": "user_disabled",
        "timestamp": running.requests[-1][2]["timestamp"],
    }
    assert running.socket.types == ["tpa_connection_ack", "app_stopped"]
    assert running.socket.closed == Closed(1000, "App stopped")
    assert glasses.running == ()


async def test_a_failing_stop_webhook_is_ignored_and_not_repeated_w_http_7(running, glasses):
    running.statuses = [500, 500]

    await glasses.stop(running.package_name)

    assert running.webhooks == ["session_request", "stop_request"]
    assert running.socket.closed == Closed(1000, "App stopped")


async def test_an_app_that_closes_inside_the_stop_webhook_is_not_restarted(running, glasses):
    running.delay_s = 1.0
    stop = asyncio.create_task(glasses.stop(running.package_name))
    await let_it_happen()
    running.socket.close()

    await stop
    await asyncio.sleep(60.0)

    assert running.webhooks == ["session_request", "stop_request"]


async def test_stops_at_once_share_one_webhook(running, glasses):
    await asyncio.gather(*(glasses.stop(running.package_name) for _ in range(3)))

    assert running.webhooks == ["session_request", "stop_request"]


async def test_a_stop_of_an_app_that_does_not_run_sends_nothing(app, glasses):
    await glasses.stop(app.package_name)

    assert app.requests == []


async def test_a_start_during_a_stop_loses_its_new_connection_and_is_restarted(running, glasses):
    running.delay_s = 1.0
    stop = asyncio.create_task(glasses.stop(running.package_name))
    await let_it_happen()

    await glasses.start(running.package_name)
    await stop
    await asyncio.sleep(0.5)
    assert running.socket.closed == Closed(1000, "App stopped")
    await asyncio.sleep(20.0)

    assert running.webhooks == ["session_request", "stop_request", "session_request", "stop_request", "session_request"]
    assert glasses.running == ("com.example.app",)


async def test_a_stop_of_a_start_under_way_fails_the_start(app, glasses):
    app.connects = False
    start = asyncio.create_task(glasses.start(app.package_name))
    await let_it_happen()

    await glasses.stop(app.package_name)

    with pytest.raises(StartFailed) as failure:
        await start
    assert failure.value.stage == "CONNECTION"


async def test_the_clock_of_a_start_that_was_stopped_ends_the_one_after_it_and_so_on_w_conn_22(app, glasses):
    app.connects = False
    starts = []

    async def start_at(moment: float) -> None:
        await asyncio.sleep(moment - clock())
        starts.append(asyncio.create_task(glasses.start(app.package_name)))

    await start_at(1.0)
    await asyncio.sleep(1.0)
    await glasses.stop(app.package_name)
    await start_at(4.0)  # Ended at 6.0, by the clock of the first.
    await start_at(8.9)  # Ended at 9.0, by the clock of the second.
    await start_at(9.2)
    await asyncio.gather(*starts, return_exceptions=True)

    assert [(round(time, 1), body["type"]) for time, _, body in app.requests] == [
        (1.0, "session_request"),
        (2.0, "stop_request"),
        (4.0, "session_request"),
        (8.9, "session_request"),
        (9.2, "session_request"),
    ]


async def test_a_second_standard_app_stops_the_first_before_its_own_start_w_conn_16(network, cloud, running, glasses):
    async with ScriptedApp(network, "com.example.second") as second:
        cloud.install(second.installed())

        await glasses.start(second.package_name)

        assert running.webhooks == ["session_request", "stop_request"]
        assert glasses.running == ("com.example.second",)


async def test_a_standard_app_that_is_still_starting_is_not_stopped_by_a_second_w_conn_16(network, cloud, app, glasses):
    app.connects = False
    first = asyncio.create_task(glasses.start(app.package_name))
    await let_it_happen()
    async with ScriptedApp(network, "com.example.second") as second:
        cloud.install(second.installed())
        await glasses.start(second.package_name)

        await app.connect()
        await first

        assert glasses.running == ("com.example.app", "com.example.second")


async def test_of_two_standard_apps_the_first_by_name_makes_room_w_conn_16(network, cloud, app, glasses):
    app.connects = False
    first = asyncio.create_task(glasses.start(app.package_name))
    await let_it_happen()
    async with ScriptedApp(network, "com.example.aaa") as second, ScriptedApp(network, "com.example.third") as third:
        for standard in (second, third):
            cloud.install(standard.installed())
        await glasses.start(second.package_name)
        await app.connect()
        await first

        await glasses.start(third.package_name)

        assert second.webhooks == ["session_request", "stop_request"]
        assert app.webhooks == ["session_request"]


async def test_background_apps_run_beside_each_other_w_conn_16(network, cloud, running, glasses):
    async with ScriptedApp(network, "com.example.second") as second:
        cloud.install(second.installed(app_type="background"))

        await glasses.start(second.package_name)

        assert glasses.running == ("com.example.app", "com.example.second")


@pytest.mark.parametrize("code", [1000, 1001, 1011])
async def test_every_close_by_the_app_starts_the_grace_w_conn_1(running, glasses, code):
    running.socket.close(code)
    await asyncio.sleep(4.9)
    assert running.webhooks == ["session_request"]

    await asyncio.sleep(0.2)

    assert running.webhooks == ["session_request", "stop_request", "session_request"]
    assert glasses.running == ("com.example.app",)


async def test_within_the_grace_an_app_comes_back_to_its_subscriptions_w_conn_2(running, glasses):
    await running.subscribe("button_press")
    running.socket.close()
    await asyncio.sleep(4.5)

    await running.connect()
    await let_it_happen()
    await glasses.press()
    await asyncio.sleep(60.0)

    assert running.socket.types == ["tpa_connection_ack", "data_stream"]
    assert running.webhooks == ["session_request"]


async def test_a_dropped_connection_closes_with_1006_and_its_events_are_lost_w_conn_3(running, glasses):
    await running.subscribe("button_press")

    glasses.drop_connection(running.package_name)
    await let_it_happen()
    await glasses.press()
    await running.connect()
    await let_it_happen()

    assert running.sockets[0].closed == Closed(1006)
    assert running.socket.types == ["tpa_connection_ack"]


async def test_after_a_restart_the_subscriptions_are_gone_w_conn_5(running, glasses):
    await running.subscribe("button_press")
    running.socket.close()

    await asyncio.sleep(6.0)

    assert glasses.running == ("com.example.app",)
    assert glasses.subscriptions(running.package_name) == ()


async def test_when_the_restart_fails_the_app_is_dropped_with_a_warning_w_conn_5(running, glasses, caplog):
    running.socket.close()
    running.statuses = [200, 503, 503]

    await asyncio.sleep(60.0)

    assert running.webhooks == ["session_request", "stop_request", "session_request", "session_request"]
    assert glasses.running == ()
    assert "was not restarted" in caplog.text


async def test_a_start_during_a_restart_waits_for_it(running, glasses):
    running.socket.close()
    running.delay_s = 2.0
    await asyncio.sleep(5.5)

    await glasses.start(running.package_name)

    assert running.webhooks == ["session_request", "stop_request", "session_request"]


async def test_who_waits_for_a_start_hears_how_the_one_ended_that_took_its_place(running, glasses):
    running.socket.close()
    await asyncio.sleep(4.0)
    await glasses.stop(running.package_name)
    running.connects = False
    start = asyncio.create_task(glasses.start(running.package_name))
    await let_it_happen()
    running.connects = True  # When the grace is over the cloud starts it once more, and forgets the start under way.

    async with asyncio.timeout(2.0):
        await start

    assert glasses.running == ("com.example.app",)


async def test_a_stop_within_the_grace_is_undone_when_the_grace_is_over_w_conn_14(running, glasses):
    running.socket.close()
    await asyncio.sleep(2.0)

    await glasses.stop(running.package_name)
    assert glasses.running == ()
    await asyncio.sleep(60.0)

    assert running.webhooks == ["session_request", "stop_request", "stop_request", "session_request"]
    assert glasses.running == ("com.example.app",)


async def test_an_app_that_came_back_and_is_stopped_before_the_grace_is_over_comes_back_again_w_conn_14(
    running, glasses
):
    running.socket.close()
    await asyncio.sleep(1.0)
    await running.connect()
    await let_it_happen()

    await glasses.stop(running.package_name)
    await asyncio.sleep(60.0)

    assert running.webhooks == ["session_request", "stop_request", "stop_request", "session_request"]
    assert glasses.running == ("com.example.app",)


async def test_nobody_is_let_in_while_the_stop_webhook_of_a_restart_is_under_way(running, glasses):
    running.socket.close()
    running.delay_s = 2.0
    await asyncio.sleep(6.0)

    socket = await running.connect()
    await let_it_happen()

    assert socket.frames[0]["code"] == "APP_NOT_STARTED"


async def test_a_second_socket_gets_the_data_and_the_first_may_still_show_w_conn_12(running, glasses):
    await running.subscribe("button_press")
    first = running.socket
    await running.connect()
    await let_it_happen()

    await glasses.press()
    first.send(
        {
            "type": "display_event",
            "packageName": running.package_name,
            "view": "main",
            "layout": {"layoutType": "text_wall", "text": "from the first"},
        }
    )
    await let_it_happen()

    assert first.types == ["tpa_connection_ack"]
    assert running.socket.types == ["tpa_connection_ack", "data_stream"]
    assert glasses.display == "from the first"


async def test_when_the_first_of_two_sockets_closes_the_cloud_forgets_the_second_w_conn_12(running, glasses):
    await running.subscribe("button_press")
    second = await running.connect()
    await let_it_happen()

    running.sockets[0].close()
    await let_it_happen()
    await glasses.press()
    await asyncio.sleep(6.0)

    assert second.types == ["tpa_connection_ack"]
    assert second.closed is None
    assert running.webhooks == ["session_request", "stop_request", "session_request"]


async def test_a_grace_that_began_during_a_restart_is_not_ended_by_the_next_close_w_conn_19(running, glasses):
    began, second = clock(), await running.connect()
    running.delay_s = 0.5
    running.sockets[0].close()
    await asyncio.sleep(5.2)
    second.close()  # While the stop webhook is not answered: its grace is over at 10.2 s.
    await asyncio.sleep(1.8)

    running.socket.close()
    await asyncio.sleep(4.0)

    assert [(round(time - began, 1), body["type"]) for time, _, body in running.requests[1:]] == [
        (5.0, "stop_request"),
        (5.5, "session_request"),
        (10.2, "stop_request"),
        (10.7, "session_request"),
    ]


async def test_a_close_while_a_restart_is_under_way_ends_the_grace_that_is_remembered_w_conn_19(running, glasses):
    began, second = clock(), await running.connect()
    running.delay_s = 0.5
    running.sockets[0].close()
    await asyncio.sleep(5.2)
    second.close()
    await asyncio.sleep(1.0)
    third = await running.connect()
    await let_it_happen()
    running.sockets[2].close()  # Its grace would be over at 11.2 s.
    await asyncio.sleep(4.2)
    third.close()  # During the second restart.
    running.connects = False
    await asyncio.sleep(1.0)

    assert [(round(time - began, 1), body["type"]) for time, _, body in running.requests[3:]] == [
        (10.2, "stop_request"),
        (10.7, "session_request"),
    ]


async def test_a_user_who_leaves_ends_sessions_without_a_webhook_w_conn_7(cloud, running, glasses):
    await glasses.leave()
    await asyncio.sleep(60.0)

    assert running.webhooks == ["session_request"]
    assert running.socket.types == ["tpa_connection_ack", "app_stopped"]
    assert running.socket.closed == Closed(1000, "User session ended")
    assert glasses.running == ()


async def test_after_the_user_left_an_init_finds_no_session(running, glasses):
    await glasses.leave()

    socket = await running.connect()
    await let_it_happen()

    assert socket.frames[0]["code"] == "SESSION_NOT_FOUND"


async def test_an_uninstalled_app_is_stopped(cloud, running, glasses):
    cloud.uninstall(running.package_name)
    await let_it_happen()

    assert running.webhooks == ["session_request", "stop_request"]
    assert glasses.running == ()


async def test_closing_the_cloud_breaks_connections_without_a_close_frame_w_conn_9(network, app):
    cloud = LocalCloud(network)
    await cloud.open()
    cloud.install(app.installed())
    await cloud.connect_glasses().start(app.package_name)

    await cloud.close()
    await asyncio.sleep(60.0)

    assert app.socket.closed == Closed(1006)
    assert app.webhooks == ["session_request"]


async def test_closing_the_cloud_fails_a_start_that_waits_for_another_app_to_stop(network, cloud, running, glasses):
    async with ScriptedApp(network, "com.example.second") as second:
        cloud.install(second.installed())
        running.delay_s = 10.0
        start = asyncio.create_task(glasses.start(second.package_name))
        await asyncio.sleep(1.0)

        await cloud.close()

        with pytest.raises(StartFailed):
            await start
        assert second.requests == []


async def test_a_restarted_cloud_knows_nothing_of_a_grace_that_was_forgotten_before_w_conn_19(cloud, running, glasses):
    second = await running.connect()
    running.delay_s = 0.5
    running.sockets[0].close()
    await asyncio.sleep(5.2)
    second.close()
    await asyncio.sleep(2.0)

    await cloud.restart()
    await asyncio.sleep(20.0)

    assert running.webhooks == ["session_request", "stop_request", "session_request", "session_request"]


async def test_closing_the_cloud_fails_a_start_under_way(network, app):
    app.connects = False
    cloud = LocalCloud(network)
    await cloud.open()
    cloud.install(app.installed())
    start = asyncio.create_task(cloud.connect_glasses().start(app.package_name))
    await let_it_happen()

    await cloud.close()

    with pytest.raises(StartFailed, match="closed"):
        await start


async def test_a_user_with_a_hyphen_is_never_reached_w_hand_11(cloud: LocalCloud, app: ScriptedApp):
    glasses: VirtualGlasses = cloud.connect_glasses("jean-luc@example.com")

    with pytest.raises(StartFailed) as failure:
        await glasses.start(app.package_name)

    assert failure.value.stage == "TIMEOUT"
    assert app.socket.frames[0]["code"] == "SESSION_NOT_FOUND"
