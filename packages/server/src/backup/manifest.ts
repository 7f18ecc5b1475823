// What a backup says of itself. Written last, so a directory without it is no backup.

import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { parsePosition } from "@hallpass/protocol";
import { z } from "zod";
import { BackupProblem } from "./problem.ts";

export const MANIFEST = "manifest.json";

export interface BackedUpTenant {
  readonly tenant: string;
  readonly issuer: string;
  /** In the backup's directory. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** The newest position that it holds. */
  readonly head: string;
  /** The mark of the store's birth: which journal fits. */
  readonly store: string;
  /** Ids of the key-encryption keys that its keys are sealed under. They are not in the backup. */
  readonly keys_sealed_under: readonly string[];
}

export interface Manifest {
  readonly hallpass_backup: 1;
  /** When it was begun, by the clock of the machine that made it. */
  readonly made_at_ms: number;
  readonly store: "sqlite" | "postgres";
  readonly tenants: readonly BackedUpTenant[];
}

const tenant: z.ZodType<BackedUpTenant> = z.strictObject({
  tenant: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  issuer: z.string(),
  file: z.string().regex(/^[a-z0-9-]{1,64}\.(?:sqlite|dump)$/),
  bytes: z.int().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  head: z.string().refine((text) => parsePosition(text) !== undefined),
  store: z.string(),
  keys_sealed_under: z.array(z.string()),
});

const manifest: z.ZodType<Manifest> = z.strictObject({
  hallpass_backup: z.literal(1),
  made_at_ms: z.int().min(0),
  store: z.enum(["sqlite", "postgres"]),
  tenants: z.array(tenant).min(1),
});

/** Throws a BackupProblem for what is no backup, or one of a format that this release does not know. */
export function readManifest(directory: string): Manifest {
  let text: string;
  try {
    text = readFileSync(join(directory, MANIFEST), "utf8");
  } catch {
    throw new BackupProblem(
      "no_backup",
      `${directory} holds no backup: ${MANIFEST} is missing`,
      "a backup that was not finished has none: take another one",
    );
  }
  const parsed = manifest.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new BackupProblem(
    "backup_unreadable",
    `${join(directory, MANIFEST)} is not a manifest that this release can read`,
    "restore with the release that made it, or take another backup",
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Throws a BackupProblem unless the file is, byte for byte, what was written. */
export async function checkFile(directory: string, { file, bytes, sha256 }: BackedUpTenant): Promise<void> {
  const path = join(directory, file);
  const found = await digestOf(path).catch(() => undefined);
  if (found === undefined) throw new BackupProblem("backup_broken", `${path} can't be read`, "restore another backup");
  if (found.bytes === bytes && found.sha256 === sha256) return;
  throw new BackupProblem(
    "backup_broken",
    `${path} is not what was backed up: it has ${found.bytes} bytes of ${bytes}${found.bytes === bytes ? ", and another SHA-256" : ""}`,
    "restore another backup; nothing was changed",
  );
}

export async function digestOf(path: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      hash.update(chunk);
    }
  });
  return { bytes, sha256: hash.digest("hex") };
}
