// Sessions are nobody else's to read: the directory is 0700, every file 0600. SQLite gives the files beside a database its mode.

import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";

export function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
}
