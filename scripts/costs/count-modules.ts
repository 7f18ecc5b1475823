// Loaded before a program (`--import`): counts the modules that its main thread loads, and writes the number to descriptor 3 at its end.

import { writeSync } from "node:fs";
import { registerHooks } from "node:module";
import { isMainThread } from "node:worker_threads";

const loaded = new Set<string>();
const OWN_PIPE = 3;

if (isMainThread) {
  registerHooks({
    load: (url, context, next) => {
      if (!url.startsWith("node:")) loaded.add(url);
      return next(url, context);
    },
  });
  process.on("exit", () => writeSync(OWN_PIPE, String(loaded.size)));
}
