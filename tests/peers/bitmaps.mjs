// Makes pictures for glasses, as the official SDK does before it sends them: a BMP in base64 per line, in and out.

import { createInterface } from "node:readline";
import { BitmapUtils } from "@mentra/sdk";

console.log = () => {}; // The SDK tells of each picture there.

for await (const line of createInterface({ input: process.stdin })) {
  const picture = await BitmapUtils.padBase64Bitmap(line);
  const { isValid, errors } = BitmapUtils.validateBase64Bitmap(picture);
  process.stdout.write(`${isValid ? picture : errors.join(", ")}\n`);
}
