// Tells whether the official SDK takes an app_config.json.
import { readFileSync } from "node:fs"

import { validateAppConfig } from "@mentra/sdk"

console.log(validateAppConfig(JSON.parse(readFileSync(process.argv[2], "utf8"))))
