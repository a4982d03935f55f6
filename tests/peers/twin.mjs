// Uses every capability that both SDKs have, and shows what came of it on the glasses. twin.py is the same app in Python:
// same commands, same words, so that whatever differs is the SDK.
//
// A button whose id is a command has it carried out. What is heard and what is answered are text walls.

import { identity, serve } from "./serve.mjs";

// 3.0 brings an adapter for bun, which looks for it when it is loaded and is not used otherwise.
globalThis.Bun ??= {};
const { AppServer } = await import(process.env.SDK ?? "@mentra/sdk");

const RTMP_URL = "rtmp://video.example.com/live";
const SOUND_URL = "https://example.com/a.mp3";
const SMALL = process.env.BITMAP;
const FULL = process.env.FULL_BITMAP;
const VIDEO = { width: 1280, height: 720, bitrate: 2000000, frameRate: 30 };
const SOUND = { bitrate: 64000, sampleRate: 44100, echoCancellation: true, noiseSuppression: false };

const text = (part) => (typeof part === "string" ? part : JSON.stringify(part ?? null));
const words = (...parts) => parts.map(text).join(" ");
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const sizes = (buffer) => [buffer.length, buffer.subarray(0, 2).toString("hex")];

class TwinApp extends AppServer {
  async onSession(session, sessionId, userId) {
    const show = (...parts) => session.layouts.showTextWall(words(...parts));
    if (userId.startsWith("slow")) {
      await pause(11500);
    }
    this.listen(session, show);
    const actions = this.actions(session, show);
    session.events.onButtonPress(async ({ buttonId, pressType }) => {
      const [command, ...rest] = buttonId.split(" ");
      if (command === "explode") throw new Error("as told");
      const action = actions[command];
      if (!action) {
        return show("button", buttonId, pressType);
      }
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
    const { events } = session;
    events.onTranscription((d) => show("heard", d.text, d.isFinal, d.transcribeLanguage, d.endTime - d.startTime));
    events.onTranscriptionForLanguage("es-ES", (d) => show("oyó", d.text, d.isFinal, d.transcribeLanguage));
    events.ontranslationForLanguage("en-US", "fr-FR", (d) =>
      show("translated", d.text, d.originalText, d.transcribeLanguage, d.translateLanguage, d.didTranslate, d.isFinal),
    );
    events.onHeadPosition((d) => show("head", d.position));
    events.onTouchEvent((d) => show("touch", d.gesture_name, d.device_model));
    events.onTouchEvent("double_tap", (d) => show("only touch", d.gesture_name, d.device_model));
    events.onPhoneNotifications((d) => show("notification", d.notificationId, d.app, d.title, d.content, d.priority));
    events.onPhoneNotificationDismissed((d) => show("dismissed", d.notificationId, d.notificationKey, d.packageName));
    events.onGlassesBattery((d) => show("glasses battery", d.level, d.charging, d.timeRemaining));
    events.onPhoneBattery((d) => show("phone battery", d.level, d.charging, d.timeRemaining));
    events.onVoiceActivity((d) => show("speaking", d.status === true || d.status === "true"));
    events.onLocation((d) => show("location", d.lat, d.lng, d.accuracy));
    events.onCalendarEvent((d) => show("calendar", d.eventId, d.title, d.dtStart, d.dtEnd, d.timezone));
    events.onAudioChunk((d) => show("audio", ...sizes(Buffer.from(d.arrayBuffer))));
    events.onVpsCoordinates((d) => show("vps", d.x, d.y, d.z, d.qx, d.qy, d.qz, d.qw, d.confidence));
    events.onPhotoTaken((d) => show("photo taken", d.mimeType, ...sizes(Buffer.from(d.photoData, "base64"))));
    session.onGlassesConnectionState((d) => show("glasses", d.modelName, d.status, d.wifi?.connected, d.wifi?.ssid));
    // onCustomMessage subscribes to nothing, so it hears nothing.
    events.on("custom_message", (d) => show("custom message", d.action, d.payload));
    events.on("custom_sensor", (d) => show("custom sensor", d.value));
    events.onCapabilitiesUpdate((d) => show("wears", d.modelName, d.capabilities?.hasCamera, d.capabilities?.hasDisplay));
    events.onConnected(() => console.log(`peer: ${session.userId} connected`));
    events.onDisconnected((d) => console.log(`peer: ${session.userId} disconnected ${d.code}`));
    session.dashboard.content.onModeChange((mode) => show("dashboard mode", mode));
    session.settings.onValueChange("volume", (now, before) => show("volume", before, "->", now));
    session.settings.onChange((changes) => show("settings", ...Object.keys(changes).sort()));
    // onMentraosChange registers a handler and subscribes to nothing.
    events.on("augmentos:metricSystemEnabled", () => {});
    session.settings.onMentraosChange("metricSystemEnabled", (now, before) => show("metric", before, "->", now));
    session.camera.onStreamStatus((d) => show("stream", d.status, d.errorDetails, d.stats?.fps));
    session.camera.onManagedStreamStatus(() => {});
    const { state } = session.device;
    state.batteryLevel.onChange((value) => show("battery", value));
    state.charging.onChange((value) => show("charging", value));
    state.wifiSsid.onChange((value) => show("ssid", value));
    state.caseOpen.onChange((value) => show("case open", value));
  }

  actions(session, show) {
    const { layouts, dashboard, led, location, camera, audio, simpleStorage, settings, device } = session;
    let animation, unlisten, unlocate;
    const photo = async (options) => {
      const taken = await camera.requestPhoto(options);
      return [taken.mimeType, taken.size, ...sizes(taken.buffer), taken.filename === `${taken.requestId}.jpeg`];
    };
    const played = ({ success, error, duration }) => [success ? "done" : "failed:", error ?? duration];
    const urls = (d) => [d.hlsUrl, d.dashUrl, d.webrtcUrl, d.previewUrl, d.thumbnailUrl];
    return {
      wall: () => layouts.showTextWall("plain"),
      "wall-timed": () => layouts.showTextWall("short-lived", { durationMs: 1500 }),
      "wall-dashboard": () => layouts.showTextWall("up there", { view: "dashboard" }),
      "wall-empty": () => layouts.showTextWall(""),
      "wall-unicode": () => layouts.showTextWall('two\nlines, "quotes", ñ 日本 🎉'),
      "wall-long": () => layouts.showTextWall("long ".repeat(1000)),
      double: () => layouts.showDoubleTextWall("top", "bottom"),
      "double-timed": () => layouts.showDoubleTextWall("top", "bottom", { view: "dashboard", durationMs: 2000 }),
      card: () => layouts.showReferenceCard("title", "text"),
      "card-timed": () => layouts.showReferenceCard("title", "text", { view: "main", durationMs: 3000 }),
      "dashboard-card": () => layouts.showDashboardCard("left", "right"),
      "dashboard-card-main": () => layouts.showDashboardCard("left", "right", { view: "main", durationMs: 500 }),
      clear: () => layouts.clearView(),
      "clear-dashboard": () => layouts.clearView({ view: "dashboard" }),
      bitmap: () => layouts.showBitmapView(SMALL),
      "bitmap-full": () => layouts.showBitmapView(FULL),
      "bitmap-dashboard": () => layouts.showBitmapView(SMALL, { view: "dashboard" }),
      animate: () => void (animation = layouts.showBitmapAnimation([FULL, FULL])),
      "animate-repeat": () => void (animation = layouts.showBitmapAnimation([FULL], 500, true)),
      "animate-stop": () => animation.stop(),

      "write-default": () => dashboard.content.write("line"),
      "write-both": () => dashboard.content.write("both", ["main", "expanded"]),
      "write-main": () => dashboard.content.writeToMain("main"),
      "write-expanded": () => dashboard.content.writeToExpanded("expanded"),
      "write-nothing": () => dashboard.content.write(""),
      mode: async () => [await dashboard.content.getCurrentMode()],

      "led-on": () => led.turnOn({}),
      "led-green": () => led.turnOn({ color: "green", ontime: 2500 }),
      "led-solid": () => led.solid("white", 1500),
      "led-blink": () => led.blink("blue", 200, 300, 4),
      "led-off": () => led.turnOff(),

      poll: async (accuracy) => {
        const fix = await location.getLatestLocation({ accuracy });
        return [fix.lat, fix.lng, fix.accuracy];
      },
      follow: (accuracy) => void (unlocate = location.subscribeToStream({ accuracy }, (d) => show("fix", d.lat, d.lng))),
      unfollow: () => unlocate(),

      photo: () => photo(),
      "photo-size": (size) => photo({ size }),
      "photo-compress": (compress) => photo({ compress }),
      "photo-gallery": () => photo({ saveToGallery: true }),
      "photo-elsewhere": async (customWebhookUrl) => {
        await camera.requestPhoto({ customWebhookUrl });
        return ["asked"];
      },
      "photo-elsewhere-token": async (customWebhookUrl) => {
        await camera.requestPhoto({ customWebhookUrl, authToken: "secret", size: "large", compress: "medium" });
        return ["asked"];
      },

      play: async () => played(await audio.playAudio({ audioUrl: SOUND_URL })),
      "play-quiet": async () => played(await audio.playAudio({ audioUrl: SOUND_URL, volume: 0.25, trackId: 1 })),
      "play-mixed": async () => {
        await audio.playAudio({ audioUrl: SOUND_URL, stopOtherAudio: false });
        return ["asked"];
      },
      "play-endless": () => void audio.playAudio({ audioUrl: SOUND_URL }).then(() => show("the sound is over")),
      speak: async () => played(await audio.speak("hello there")),
      "speak-options": async () =>
        played(
          await audio.speak("¿qué tal? 50 % & más", {
            voice_id: "v1",
            model_id: "m1",
            voice_settings: { stability: 0.5, similarity_boost: 0.75, style: 0.5, use_speaker_boost: true, speed: 1.5 },
            volume: 0.5,
          }),
        ),
      "stop-sound": () => audio.stopAudio(),
      "stop-track": () => audio.stopAudio(2),

      stream: async () => void (await camera.startStream({ rtmpUrl: RTMP_URL })),
      "stream-options": async () =>
        void (await camera.startStream({
          rtmpUrl: RTMP_URL,
          video: VIDEO,
          audio: SOUND,
          stream: { durationLimit: 60 },
        })),
      "stream-state": () => [camera.isCurrentlyStreaming(), camera.getCurrentStreamUrl(), camera.getStreamStatus()?.status],
      "stream-stop": async () => void (await camera.stopStream()),
      manage: async () => urls(await camera.startManagedStream()),
      "manage-options": async () =>
        urls(
          await camera.startManagedStream({
            quality: "720p",
            enableWebRTC: true,
            video: VIDEO,
            audio: SOUND,
            stream: { durationLimit: 60 },
            restreamDestinations: [{ url: "rtmp://a.example.com/x", name: "a" }, { url: "rtmp://b.example.com/x" }],
          }),
        ),
      "manage-state": () => [camera.isManagedStreamActive(), camera.getManagedStreamUrls()?.hlsUrl],
      "manage-stop": async () => void (await camera.stopManagedStream()),
      check: async () => {
        const { hasActiveStream, streamInfo: d } = await camera.checkExistingStream();
        return hasActiveStream ? [d.type, d.status, d.rtmpUrl, d.hlsUrl, d.activeViewers, d.requestingAppId] : ["none"];
      },

      get: async (key) => [await simpleStorage.get(key)],
      set: async (key, value) => void (await simpleStorage.set(key, value)),
      update: async () => void (await simpleStorage.setMultiple({ b: "2", c: "ñ 🎉" })),
      has: async (key) => [await simpleStorage.hasKey(key)],
      keys: async () => (await simpleStorage.keys()).sort(),
      size: async () => [await simpleStorage.size()],
      all: async () => [Object.entries(await simpleStorage.getAllData()).sort()],
      delete: async (key) => {
        await simpleStorage.delete(key);
        return ["done"];
      },
      "clear-storage": async () => {
        await simpleStorage.clear();
        return ["done"];
      },
      flush: async () => {
        await simpleStorage.flush();
        return ["done"];
      },

      setting: (key) => [settings.get(key, "unset")],
      "has-setting": (key) => [settings.has(key)],
      system: (key) => [settings.getMentraOS(key)],
      wifi: () => session.requestWifiSetup(),
      "wifi-because": () => session.requestWifiSetup("to stream"),
      "wifi-known": () => [session.getWifiStatus()?.connected, session.getWifiStatus()?.ssid],
      state: () => {
        const { connected, modelName, batteryLevel, charging, caseBatteryLevel, hotspotSsid } = device.state.getSnapshot();
        return [connected, modelName, batteryLevel, charging, caseBatteryLevel, hotspotSsid];
      },
      can: () => {
        const c = session.capabilities;
        return c ? [c.modelName, c.hasCamera, c.hasDisplay, c.hasMicrophone, c.hasSpeaker, c.hasLight, c.hasWifi] : [null];
      },
      "can-show": () => {
        const d = session.capabilities.display;
        return [d.count, d.isColor, d.color, d.canDisplayBitmap, d.resolution, d.maxTextLines];
      },
      "can-film": () => {
        const d = session.capabilities.camera;
        return [d.resolution, d.hasFocus, d.video.canStream, d.video.supportedStreamTypes];
      },
      whoami: () => [session.userId, session.getSessionId(), session.getPackageName()],
      listen: () => void (unlisten = session.events.on("extra", (d) => show("extra", d.value))),
      unlisten: () => unlisten(),
      "listen-german": () => void session.events.onTranscriptionForLanguage("de-DE", (d) => show("hörte", d.text)),
      "listen-hinted": () =>
        void session.events.onTranscriptionForLanguage("it-IT", (d) => show("sentì", d.text), { hints: ["de"] }),
      twice: () => {
        session.events.on("extra", (d) => show("first", d.value));
        session.events.on("extra", (d) => show("second", d.value));
      },
      fail: () => {
        throw new Error("as told");
      },
      "fail-in-handler": () => void session.events.on("broken", () => { throw new Error("as told"); }),
    };
  }

  async onToolCall(call) {
    if (call.toolId === "fail") throw new Error("the tool broke");
    if (call.toolId === "nothing") return undefined;
    if (call.toolId === "take_control") return "GIVE_APP_CONTROL_OF_TOOL_RESPONSE";
    if (call.toolId === "show") call.activeSession.layouts.showTextWall(call.toolParameters.text);
    return words(call.toolId, call.toolParameters, call.userId, call.activeSession ? "online" : "offline");
  }

  async onStop(sessionId, userId, reason) {
    await super.onStop(sessionId, userId, reason);
    console.log(`peer: ${userId} stopped ${reason}`);
  }
}

serve(new TwinApp(identity));
