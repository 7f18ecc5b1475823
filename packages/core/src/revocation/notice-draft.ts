// How a taking becomes a notice: hashed, marked, and with a life that outlasts every token it can match (spec/notices.md).

import { createHash } from "node:crypto";
import { encodeBase64url, type Taking } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { afterMs, type Instant } from "../kernel/time.ts";
import type { NoticeDraft } from "../store/store.ts";

/** What stands in a notice instead of a subject or a client (NOT-2). */
export function takenHash(salt: Uint8Array, kind: "subject" | "client", value: string): string {
  return encodeBase64url(
    createHash("sha256").update(salt).update(kind).update("\0").update(value).digest().subarray(0, 16),
  );
}

export interface NoticeLife {
  /** Seconds: the longest life of any token that could have been issued until now. */
  readonly longestToken: number;
  /** Seconds. */
  readonly skew: number;
}

export function noticeDraft(
  tenant: TenantId,
  taking: Taking,
  life: NoticeLife,
  dice: Dice,
  exp: Instant | null = null,
): NoticeDraft {
  const skews = 2000 * life.skew;
  const [mark, body] = [encodeBase64url(dice.bytes(8)), JSON.stringify(taking)];
  return exp === null
    ? { tenant, mark, body, livesMs: life.longestToken * 1000 + skews }
    : { tenant, mark, body, livesMs: 0, liveUntil: afterMs(exp, skews) };
}
