// Runs an app of the official SDK for a test: on the loopback interface, on a free port, told to the test in one line.
//
// AppServer.start() is not used: it listens on every interface, cannot tell which port it got, and asks the real
// cloud for the newest SDK. getExpressApp() is the SDK's own way to mount the same server elsewhere.

/** @param {import("@mentra/sdk").AppServer} server */
export function serve(server) {
  const listener = server.getExpressApp().listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
    console.log(`peer: listening http://127.0.0.1:${listener.address().port}`);
  });
}

/** The identity that the test gave this app. */
export const identity = { packageName: process.env.PACKAGE_NAME, apiKey: process.env.API_KEY };
