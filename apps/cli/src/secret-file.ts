// A secret that is shown once: into a new file that only its owner can read, made before the secret is, and never on the screen.

import { closeSync, fsyncSync, rmSync, writeSync } from "node:fs";
import { newFile } from "./new-file.ts";

export interface SecretFile {
  readonly path: string;
  /** Writes the line `client_id:secret`, durably. */
  keep(id: string, secret: string): void;
  /** There was no secret to keep. */
  drop(): void;
}

/** Throws a complaint when the file is there, or its folder is not. */
export function secretFile(path: string): SecretFile {
  const handle = newFile(path);
  return {
    path,
    keep: (id, secret) => {
      writeSync(handle, `${id}:${secret}\n`);
      fsyncSync(handle);
      closeSync(handle);
    },
    drop: () => {
      closeSync(handle);
      rmSync(path, { force: true });
    },
  };
}
