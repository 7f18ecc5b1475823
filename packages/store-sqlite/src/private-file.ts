// Sessions are nobody else's to read: the directory is 0700, every file 0600. SQLite gives the files beside a database its mode.

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes the file if it does not exist, and its directory, whose name is on the disk when it returns: that of the file itself SQLite flushes with
 * its first commit. One that exists is not even opened: closing it again would drop every lock that this process has on it.
 */
export function makePrivateFile(path: string): void {
  const directory = resolve(dirname(path));
  const first = mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (first !== undefined)
    for (let at = directory; at !== dirname(first); at = dirname(at)) flushDirectory(dirname(at));
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
}

/** What a file system says that can't flush directories, and one who may make names in a directory and not read it. SQLite goes on there, too. */
const NOT_FOR_DIRECTORIES: ReadonlySet<unknown> = new Set(["EINVAL", "ENOTSUP", "ENOSYS", "EBADF", "EISDIR", "EACCES"]);

export function flushDirectory(directory: string): void {
  let handle: number | undefined;
  try {
    handle = openSync(directory, "r");
    fsyncSync(handle);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && NOT_FOR_DIRECTORIES.has(error.code))) throw error;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
