// Runs an app of the official SDK for a test: on the loopback interface, on a free port, told to the test in one line.
//
// AppServer.start() is not used: it listens on every interface, cannot tell which port it got, and asks the real
// cloud for the newest SDK. getExpressApp() is the SDK's own way to mount the same server elsewhere. In 3.0 the server is
// a Hono app, which some runtimes serve by themselves; node has to be told how.

import { createServer } from "node:http";

/** @param {import("@mentra/sdk").AppServer} server */
export function serve(server) {
  const is3 = Boolean(server.getHonoApp);
  if (is3) process.on("SIGTERM", () => setTimeout(() => process.exit(), 200)); // Its own stop() leaves the process alive.
  const handle = is3 ? throughFetch(server) : server.getExpressApp();
  const listener = createServer(handle).listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
    console.log(`peer: listening http://127.0.0.1:${listener.address().port}`);
  });
}

const throughFetch = (app) => async (incoming, outgoing) => {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const { method, headers, url } = incoming;
  const body = method === "GET" || method === "HEAD" ? undefined : Buffer.concat(chunks);
  const answer = await app.fetch(new Request(new URL(url, `http://${headers.host}`), { method, headers, body }));
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
  outgoing.end(Buffer.from(await answer.arrayBuffer()));
};

/** The identity that the test gave this app. */
export const identity = { packageName: process.env.PACKAGE_NAME, apiKey: process.env.API_KEY };
