// An app that listens to many streams, shows each event as one text wall, and counts its starts in simple storage.

import { AppServer } from "@mentra/sdk";
import { identity, serve } from "./serve.mjs";

class StreamsApp extends AppServer {
  async onSession(session, sessionId, userId) {
    const { events } = session;
    const show = (text) => session.layouts.showTextWall(`${userId}: ${text}`);

    events.onHeadPosition((data) => show(`head ${data.position}`));
    events.onTouchEvent("double_tap", (data) => show(`touch ${data.gesture_name}`));
    events.onGlassesBattery((data) => show(`glasses battery ${data.level} ${data.charging}`));
    events.onPhoneBattery((data) => show(`phone battery ${data.level} ${data.charging}`));
    events.onLocation((data) => show(`location ${data.lat} ${data.lng}`));
    events.onVoiceActivity((data) => show(`speaking ${data.status}`));
    events.onPhoneNotifications((data) => show(`notification ${data.app} ${data.title}`));
    events.onTranscriptionForLanguage("es-ES", (data) => data.isFinal && show(`heard ${data.text}`));
    events.on("custom_sensor", (data) => show(`custom ${data.value}`));
    events.onAudioChunk((data) => show(`audio ${data.arrayBuffer.byteLength}`));

    const seen = await session.simpleStorage.get("seen");
    await session.simpleStorage.set("seen", String(Number(seen ?? 0) + 1));
    await session.simpleStorage.flush();
    show(`watching, start ${await session.simpleStorage.get("seen")}`);
  }
}

serve(new StreamsApp(identity));
