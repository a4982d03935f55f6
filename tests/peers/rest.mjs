// Uses what twin.mjs does not: other names for the same, what only the official SDK has, and what its server can do.
//
// As there, a button whose id is a command has it carried out, and what came of it is a text wall. rest.py has the commands.

import { identity, serve } from "./serve.mjs";

globalThis.Bun ??= {}; // See twin.mjs.
const sdk = await import(process.env.SDK ?? "@mentra/sdk");
const is3 = "createMentraAuthRoutes" in sdk;

const CONFIG = { name: "Rest", description: "x", version: "1.0.0", publicUrl: "https://example.com", settings: [
  { type: "toggle", key: "dark", label: "Dark", defaultValue: true },
] };
const ACCURACIES = ["standard", "realtime", "tenMeters", "hundredMeters", "kilometer", "threeKilometers", "reduced"];

const text = (part) => (typeof part === "string" ? part : JSON.stringify(part ?? null));
const words = (...parts) => parts.map(text).join(" ");

class RestApp extends sdk.AppServer {
  constructor(config) {
    super({ ...config, cookieSecret: "a long enough secret" });
    this.addCleanupHandler(() => console.log("peer: cleaned up"));
    this.serve(is3 ? this : this.getExpressApp());
  }

  serve(routes) {
    if (is3) {
      routes.get("/page", (c) => c.json({ user: c.get("authUserId") ?? null, session: Boolean(c.get("activeSession")) }));
      routes.route("/api/mentra/auth", sdk.createMentraAuthRoutes({ ...identity, cookieSecret: "a long enough secret" }));
    } else {
      routes.get("/page", (req, res) => res.json({ user: req.authUserId ?? null, session: Boolean(req.activeSession) }));
    }
  }

  async onSession(session, sessionId, userId) {
    const show = (...parts) => session.layouts.showTextWall(words(...parts));
    this.listen(session, show);
    const actions = this.actions(session, show);
    session.onButtonPress(async ({ buttonId, pressType }) => {
      const [command, ...rest] = buttonId.split(" ");
      const action = actions[command];
      if (!action) return show("button", buttonId, pressType);
      try {
        const result = await action(...rest);
        if (result) show(buttonId, ...result);
      } catch (error) {
        show(buttonId, "failed:", String(error?.message ?? error));
      }
    });
    show("ready", userId, sessionId);
  }

  listen(session, show) {
    const { events, settings, camera } = session;
    session.onTranscription((d) => show("heard", d.text));
    session.onTranslationForLanguage("en-US", "de-DE", (d) => show("translated", d.text));
    session.onHeadPosition((d) => show("head", d.position));
    session.onTouchEvent((d) => show("touch", d.gesture_name));
    session.onPhoneNotifications((d) => show("notification", d.title));
    session.onPhoneNotificationDismissed((d) => show("dismissed", d.notificationId));
    session.onVpsCoordinates((d) => show("vps", d.x));
    session.onPhotoTaken((d) => show("photo taken", d.mimeType));
    session.on("custom_sensor", (d) => show("custom sensor", d.value));
    session.onAppMessage(() => show("an app spoke"));
    session.onAppUserJoined(() => show("a user joined"));
    session.onAppUserLeft(() => show("a user left"));
    session.onAppRoomUpdated(() => show("a room changed"));
    events.onSettingsUpdate((all) => show("settings", all.length));
    events.onSettingChange("volume", (now, before) => show("volume", before, "->", now));
    events.onDashboardAlwaysOnChange((d) => show("always on", d.enabled));
    events.onPermissionError((d) => show("permission error", d.details));
    events.onPermissionDenied((d) => show("permission denied", d.stream));
    events.onCustomMessage("greet", (payload) => show("greeted", payload));
    events.onError((error) => console.log(`peer: error ${error.message}`));
    session.subscribe("custom_message");
    settings.onMentraosSettingsChange("metricSystemEnabled", (now) => show("metric", now));
    camera.subscribeToStreamStatusUpdates();
    camera.unsubscribeFromStreamStatusUpdates();
  }

  actions(session, show) {
    const { events, settings, audio, camera, led, location, dashboard } = session;
    let ungesture, stream;
    return {
      // The session.
      "get-settings": () => [session.getSettings().map((s) => s.key), session.getSetting("volume")],
      "all-settings": () => [settings.getAll().map((s) => s.key), settings.getSetting("volume")?.type],
      fetch: async () => [(await settings.fetch()).map((s) => s.key)],
      system: () => [settings.getMentraosSetting("metricSystemEnabled", "unset")],
      "follow-settings": () => void session.setSubscriptionSettings({
        updateOnChange: ["volume"],
        handler: (all) => (console.log(`peer: decided by ${all.length} settings`), ["button_press"]),
      }),
      "test-settings": () => session.updateSettingsForTesting([{ key: "volume", value: 5 }]),
      config: () => {
        session.loadConfigFromJson(JSON.stringify(CONFIG));
        const defaults = session.getDefaultSettings().map((s) => [s.key, s.value]);
        return [session.getConfig().name, defaults, session.getSettingSchema("dark").label];
      },
      "bad-config": () => session.loadConfigFromJson("{}"),
      servers: () => [session.getServerUrl(), session.getHttpsServerUrl()],
      wifi: () => [session.isWifiConnected(), session.getWifiStatus()?.ssid],
      send: () => session.sendMessage({ type: "display_event", packageName: identity.packageName, view: "main",
        layout: { layoutType: "text_wall", text: "by hand" } }),
      streams: () => [events.getRegisteredStreams().includes("head_position")],
      gestures: () => void (ungesture = session.subscribeToGestures(["triple_tap"])),
      ungesture: () => ungesture(),
      language: (language) => void session.onTranscriptionForLanguage(language, (d) => show("in", language, d.text)),
      everything: () => void session.on("*", (d) => show("anything", d.type)),
      unsubscribe: () => session.unsubscribe("custom_message"),
      instructions: async () => [await session.getInstructions()],
      release: () => session.releaseOwnership("clean_shutdown"),
      disconnect: () => session.disconnect({ releaseOwnership: true, reason: "switching_clouds" }),

      // Other users of the app.
      discover: () => session.discoverAppUsers(session.getServerUrl(), true),
      active: async (user) => [await session.isUserActive(user)],
      count: async () => [await session.getUserCount(session.getServerUrl())],
      broadcast: () => session.broadcastToAppUsers({ text: "hello" }),
      direct: () => void session.sendDirectMessage("bob@example.com", { text: "hello" }).catch(() => {}),
      join: () => session.joinAppRoom("room", { maxUsers: 2 }),
      leave: () => session.leaveAppRoom("room"),

      // What waits, and how it is given up.
      "sounds-waiting": () => [audio.getPendingRequestCount(), audio.getPendingRequestIds().length, audio.hasPendingRequest()],
      "give-sound-up": () => {
        audio.playAudio({ audioUrl: "https://example.com/a.mp3" }).catch((error) => show("sound", error));
        const [id] = audio.getPendingRequestIds();
        return [audio.hasPendingRequest(id), audio.cancelAudioRequest(id), audio.hasPendingRequest(id)];
      },
      "give-photo-up": () => {
        camera.requestPhoto().catch((error) => show("photo", error));
        const [id] = this.photoIds(session);
        return [camera.hasPhotoPendingRequest(id), camera.cancelPhotoRequest(id), camera.hasPhotoPendingRequest(id)];
      },
      leds: () => [led.getCapabilities().map((light) => light.id)],
      accuracies: () => {
        for (const accuracy of ACCURACIES) {
          location.subscribeToStream({ accuracy }, () => {});
          location.unsubscribeFromStream();
        }
        return ["followed", ACCURACIES.length];
      },

      // The dashboard of the system.
      corners: () => {
        const { system } = dashboard;
        system.setTopLeft("1");
        system.setTopRight("2");
        system.setBottomLeft("3");
        system.setBottomRight("4");
        system.setViewMode("expanded");
      },

      // Tokens.
      "make-token": () => [this.generateToken(session.userId, session.getSessionId(), "secret").length],
      "read-token": () => {
        const url = sdk.generateWebviewUrl("https://example.com/page", "a.b.c");
        return [sdk.extractTokenFromUrl(url), sdk.validateToken("a.b.c", "secret").valid];
      },
      "frontend-token": () => [is3 && sdk.generateFrontendToken("ann@example.com", "key").length],

      // Sound as it is made; 3.0 only.
      "open-sound": async (format = "mp3") => {
        stream = await audio.createOutputStream({ format });
        return [stream.state, audio.getActiveOutputStream() === stream, Boolean(stream.streamUrl)];
      },
      "write-sound": (size) => (stream.write(new Uint8Array(Number(size))), [stream.state]),
      "end-sound": async () => (await stream.end(), [stream.state]),
      "flush-sound": async () => (await stream.flush(), [stream.state]),
    };
  }

  // Their ids are nobody's business but the server's.
  photoIds(session) {
    return [...(this.pendingPhotoRequests?.keys() ?? [])].filter((id) => this.getPhotoRequest(id)?.userId === session.userId);
  }

  async onToolCall(call) {
    return words(call.toolId, call.userId, call.activeSession ? "online" : "offline");
  }

  async onStop(sessionId, userId, reason) {
    await super.onStop(sessionId, userId, reason);
    this.cleanupPhotoRequestsForSession(sessionId);
    console.log(`peer: ${userId} stopped ${reason}`);
  }
}

serve(new RestApp(identity));
