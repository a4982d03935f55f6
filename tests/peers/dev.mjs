// An app as its developer starts it: AppServer.start() on PORT. A test changes the version while it runs.

import { AppServer } from "@mentra/sdk";
import { appendFileSync } from "node:fs";

const VERSION = "version 0";

class DevApp extends AppServer {
  async onSession(session) {
    session.events.onTranscription((data) => {
      if (!data.isFinal) return;
      appendFileSync("heard.txt", `${data.text}\n`);
      session.layouts.showTextWall(`${VERSION}: ${data.text}`);
    });
    session.layouts.showTextWall(`${VERSION} ready`);
  }
}

const { PACKAGE_NAME: packageName, API_KEY: apiKey, PORT: port } = process.env;
new DevApp({ packageName, apiKey, port: Number(port) }).start();
