// An ordinary app: it talks, listens, has a setting and a tool. What it learns it shows on the glasses.

import { AppServer } from "@mentra/sdk";
import { identity, serve } from "./serve.mjs";

class EchoApp extends AppServer {
  async onSession(session, sessionId, userId) {
    const show = (text) => session.layouts.showTextWall(text);

    session.events.onTranscription((data) => data.isFinal && show(`heard ${data.text}`));
    session.events.onButtonPress((data) => show(`button ${data.buttonId} ${data.pressType}`));
    session.settings.onValueChange("volume", (now, before) => show(`volume ${before} -> ${now}`));
    session.events.onCapabilitiesUpdate((update) => show(`glasses ${update.modelName}`));
    session.events.onDisconnected((info) => console.log(`peer: disconnected ${info.code}`));
    session.events.onConnected(() => console.log(`peer: connected again ${sessionId}`));

    show(`ready ${userId} volume ${session.settings.get("volume", "unset")}`);
  }

  async onToolCall(call) {
    if (call.toolId === "fail") throw new Error("the tool broke");
    if (call.toolId === "misbehave") {
      // What a broken app might send; no method of the SDK does.
      call.activeSession.send({ type: "subscription_update", packageName: identity.packageName, subscriptions: null });
    }
    const wearer = call.activeSession ? "online" : "offline";
    return `${call.toolId}(${JSON.stringify(call.toolParameters)}) for ${call.userId}, ${wearer}`;
  }

  async onStop(sessionId, userId, reason) {
    await super.onStop(sessionId, userId, reason);
    console.log(`peer: stopped ${sessionId} ${reason}`);
  }
}

serve(new EchoApp(identity));
