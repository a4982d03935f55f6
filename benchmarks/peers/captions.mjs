// Shows what is said. With BENCH_STREAM=audio_chunk: counts the frames of sound, and shows every fiftieth count.
//
// The handler is registered by events.on, as onTranscription asks the cloud over HTTP, once for each session, what the app
// may do. With BENCH_QUIET=1 the log of the SDK, which is at debug level as shipped, is off.

import { AppServer, logger } from "@mentra/sdk";

const FRAMES_PER_ANSWER = 50;
const { PACKAGE_NAME: packageName, API_KEY: apiKey, PORT: port, BENCH_STREAM: stream, BENCH_QUIET: quiet } = process.env;

if (quiet === "1") logger.level = "silent"; // Before any logger is made of it: those keep the level of their parent.

class Captions extends AppServer {
  async onSession(session) {
    if (stream === "audio_chunk") countFrames(session);
    else showSpeech(session);
  }
}

function showSpeech(session) {
  session.events.on("transcription:en-US", (speech) => session.layouts.showTextWall(speech.text));
}

function countFrames(session) {
  let frames = 0;
  session.events.on("audio_chunk", () => {
    frames += 1;
    if (frames % FRAMES_PER_ANSWER === 0) session.layouts.showTextWall(`frames ${frames}`);
  });
}

new Captions({ packageName, apiKey, port: Number(port) }).start();
