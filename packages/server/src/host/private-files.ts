// Files that only the server's own user may read. Written whole and durably before anything relies on them.

import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/** With those above it that are not there yet; their names are on the disk when it returns. */
export function makePrivateDirectory(path: string): void {
  const directory = resolve(path);
  const first = mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let at = directory; at !== dirname(first); at = dirname(at)) flushDirectory(dirname(at));
}

/** Undefined when there is no such file; throws when it is there and can't be read. */
export function readPrivateFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Makes the file with mode 0600; throws when it is there already. On the disk when it returns, name and all. It gets its name when it is
 * whole: an empty file, of a disk that was full or a process that was killed, would keep every later start from its keys.
 */
export function makePrivateFile(path: string, text: string): void {
  const aside = mkdtempSync(join(dirname(path), ".new-"));
  try {
    const whole = join(aside, basename(path));
    writeFileSync(whole, text, { flag: "wx", mode: 0o600 });
    flushFile(whole);
    giveName(whole, path);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  flushDirectory(dirname(path));
}

/** What a file system says on which a file has one name only. */
const ONE_NAME_ONLY: ReadonlySet<unknown> = new Set(["EPERM", "ENOTSUP", "ENOSYS", "EINVAL", "EMLINK"]);

/** Never over another file, also when two try at once. */
function giveName(whole: string, path: string): void {
  try {
    linkSync(whole, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && ONE_NAME_ONLY.has(error.code))) throw error;
    copyFileSync(whole, path, constants.COPYFILE_EXCL);
    flushFile(path);
  }
}

/** What a file system says that can't flush directories, and one who may make names in a directory and not read it. */
const NOT_FOR_DIRECTORIES: ReadonlySet<unknown> = new Set(["EINVAL", "ENOTSUP", "ENOSYS", "EBADF", "EISDIR", "EACCES"]);

/** The names in it. Where that can't be done they are as safe as the file system makes them: no reason not to serve. Throws when the disk fails. */
export function flushDirectory(path: string): void {
  let directory: number | undefined;
  try {
    directory = openSync(path, "r");
    fsyncSync(directory);
  } catch (error) {
    if (!isNotForDirectories(error)) throw error;
  } finally {
    if (directory !== undefined) closeSync(directory);
  }
}

/** The same beside whatever else this process does meanwhile: a disk may take long. Rejects when it fails. */
export async function flushDirectoryAside(path: string): Promise<void> {
  let directory: FileHandle | undefined;
  try {
    directory = await open(path, "r");
    await directory.sync();
  } catch (error) {
    if (!isNotForDirectories(error)) throw error;
  } finally {
    await directory?.close();
  }
}

/** Whether a directory could not be flushed because that can't be done there, and not because a disk fails. */
function isNotForDirectories(error: unknown): boolean {
  return error instanceof Error && "code" in error && NOT_FOR_DIRECTORIES.has(error.code);
}

/** What was written to it, by whomever. Throws when it is not there, or the disk fails. */
export function flushFile(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
