// What an Idempotency-Key means where the answer holds no secret: the first answer is kept and given again, for a day. The key is taken
// before anything is done, so that of two requests at once one waits. If a server dies in between, the key is free again after a minute:
// what was asked may then be done twice, which every write that is kept this way survives.

import { createHash } from "node:crypto";
import { encodeBase64url } from "@hallpass/protocol";
import type { SubjectId, TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import { afterMs, type Instant, isPast } from "../kernel/time.ts";
import { answer, change, write } from "../store/change.ts";
import type { Row, RowKey, Store } from "../store/store.ts";
import { IDEMPOTENCY_KEPT, type Idempotency } from "./idempotency.ts";

export interface AnswerOnceDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly tenant: TenantId;
}

/** As it went out. */
export interface KeptAnswer {
  readonly status: number;
  readonly body: string;
  /** Absent where it named nothing that was made, and in answers that were kept before. */
  readonly location?: string;
}

interface OnceRow {
  readonly fingerprint: string;
  readonly taken: Instant;
  readonly answer: KeptAnswer | null;
}

/** Milliseconds for which a key that was taken belongs to whoever took it. */
export const TAKEN_FOR = 60_000;

/** Null for whoever is first. Refuses `idempotency_key_reused` (for another request) and `idempotency_key_in_use` (the first is not done yet). */
export async function takeOnce(deps: AnswerOnceDeps, once: Idempotency): Promise<Answer<KeptAnswer | null>> {
  const key = onceKey(deps.tenant, once);
  return change<Answer<KeptAnswer | null>>(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    const now = snapshot.clock;
    const known = row === undefined || isPast(row.expires ?? now, now) ? undefined : onceFromRow(row);
    if (known !== undefined && known.fingerprint !== once.fingerprint) return answer(refused("idempotency_key_reused"));
    if (known?.answer != null) return answer(granted(known.answer));
    if (known !== undefined && !isPast(afterMs(known.taken, TAKEN_FOR), now))
      return answer(refused("idempotency_key_in_use"));
    const value: OnceRow = { fingerprint: once.fingerprint, taken: now, answer: null };
    return write({
      rows: [{ key, expect: row?.version ?? "absent", next: onceToRow(value) }],
      answer: () => granted(null),
    });
  });
}

/** Keeps the answer, or with null frees the key: then the next request with it is the first. */
export async function settleOnce(deps: AnswerOnceDeps, once: Idempotency, kept: KeptAnswer | null): Promise<void> {
  const key = onceKey(deps.tenant, once);
  await change<undefined>(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    const known = row === undefined ? undefined : onceFromRow(row);
    if (row === undefined || known === undefined || known.answer !== null || known.fingerprint !== once.fingerprint)
      return answer(undefined);
    return write({
      rows: [{ key, expect: row.version, next: kept === null ? "gone" : onceToRow({ ...known, answer: kept }) }],
      answer: () => undefined,
    });
  });
}

/** Keys of different callers never meet, nor do those that opened sessions. */
function onceKey(tenant: TenantId, { caller, key }: Idempotency): RowKey {
  const hash = createHash("sha256").update("answer\0").update(caller).update("\0").update(key).digest();
  return { tenant, kind: "idempotency", id: encodeBase64url(hash) };
}

function onceToRow(value: OnceRow): { readonly value: string; readonly expires: Instant } {
  return { value: JSON.stringify(value), expires: afterMs(value.taken, IDEMPOTENCY_KEPT) };
}

function onceFromRow(row: Row): OnceRow {
  return JSON.parse(row.value) as OnceRow;
}

/** The row with another name for the subject, wherever its answer names it; undefined where it does not, or keeps no answer. */
export function answerWithoutSubject(
  row: Row,
  subject: SubjectId,
  nobody: SubjectId,
): { readonly value: string; readonly expires: Instant | null } | undefined {
  const kept = JSON.parse(row.value) as OnceRow | readonly unknown[];
  // Those that opened sessions are lists, and hold no answer.
  if (!("answer" in kept) || kept.answer === null) return undefined;
  const body = JSON.stringify(JSON.parse(kept.answer.body, (_, value: unknown) => renamed(value, subject, nobody)));
  if (!body.includes(JSON.stringify(nobody))) return undefined;
  return { value: JSON.stringify({ ...kept, answer: { ...kept.answer, body } }), expires: row.expires };
}

/** Members that tell as much as the name beside them. */
const TELLING = ["ref", "ip", "device", "user_agent", "user_agent_contains"] as const;

/** From the inside out: the name, what stands beside it in one object, and the signature over all of it, which holds it once more. */
function renamed(value: unknown, subject: SubjectId, nobody: SubjectId): unknown {
  if (value === subject) return nobody;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const next: Record<string, unknown> = { ...value };
  if (next["subject"] === nobody) for (const name of TELLING) if (typeof next[name] === "string") next[name] = nobody;
  if (typeof next["jws"] === "string" && JSON.stringify(next).includes(JSON.stringify(nobody))) next["jws"] = nobody;
  return next;
}
