import { AppServer } from "@mentra/sdk";

const VERSION = "version 0";

class BenchApp extends AppServer {
  async onSession(session) {
    session.layouts.showTextWall(VERSION);
  }
}

const { PACKAGE_NAME: packageName, API_KEY: apiKey, PORT: port } = process.env;
new BenchApp({ packageName, apiKey, port: Number(port) }).start();
