// Only one process may serve a file. The lock is the operating system's, held by an open transaction on a file beside it:
// it ends with the process, however that ends, so it can't go stale.

import { DatabaseSync } from "node:sqlite";
import { Fault } from "@hallpass/core";
import { makePrivateFile } from "./private-file.ts";

/** Takes the lock or throws a Fault that names the file. Answers how to let go. */
export function lockFile(file: string): () => void {
  const path = `${file}-lock`;
  makePrivateFile(path);
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    db.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    const cause = new Error(`${file} is in use: another process serves it`, { cause: error });
    throw new Fault("store_unavailable", { cause });
  }
  return () => db.close();
}
