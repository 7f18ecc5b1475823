// For whom the next key signs before it is active. The same client or session always falls on the same side.

import { createHash } from "node:crypto";
import type { SignedFor } from "./ring.ts";
import type { Trial } from "./signing-key.ts";

export function isTried(trial: Trial, { client, session }: Omit<SignedFor, "alg">): boolean {
  if (trial.kind === "client") return trial.client === client;
  const place = createHash("sha256")
    .update(session ?? client)
    .digest()
    .readUInt32BE(0);
  return place % 100 < trial.percent;
}
