// Sessions are nobody else's to read: the directory is 0700, every file 0600. SQLite gives the files beside a database its mode.

import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";

/** Makes the file if it does not exist. One that exists is not even opened: closing it again would drop every lock that this process has on it. */
export function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
}
