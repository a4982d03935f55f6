// An app that takes photos and streams video, each when it is told so, and shows what came of it.

import { AppServer } from "@mentra/sdk";
import { identity, serve } from "./serve.mjs";

const RTMP_URL = "rtmp://video.example.com/live";

class CameraApp extends AppServer {
  async onSession(session, sessionId, userId) {
    const { camera } = session;
    const show = (text) => session.layouts.showTextWall(text);
    const actions = {
      photo: async () => {
        const photo = await camera.requestPhoto({ size: "small" });
        return `${photo.mimeType} ${photo.filename.slice(0, 9)} ${photo.size} ${photo.buffer.toString("base64")}`;
      },
      stream: () => camera.startStream({ rtmpUrl: RTMP_URL }),
      stop: () => camera.stopStream(),
      managed: async () => `${(await camera.startManagedStream({ enableWebRTC: true })).webrtcUrl}`,
      check: async () => JSON.stringify((await camera.checkExistingStream()).streamInfo?.rtmpUrl ?? null),
    };

    camera.onStreamStatus((status) => console.log(`peer: stream ${status.status}`));
    session.events.onButtonPress(async ({ buttonId }) => {
      try {
        show(`${buttonId} done: ${await actions[buttonId]()}`);
      } catch (error) {
        show(`${buttonId} failed: ${error}`);
      }
    });
    show(`ready ${userId}`);
  }
}

serve(new CameraApp(identity));
