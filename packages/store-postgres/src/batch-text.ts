// A batch as the function that commits it reads it: one JSON text with short names.

import type { Change, NoticeDraft, RowChange } from "@hallpass/core";

export function batchToText(changes: readonly Change[]): string {
  return JSON.stringify(
    changes.map(({ attempt, rows, notices, facts }) => ({
      attempt,
      rows: rows.map(rowToJson),
      notices: notices.map(noticeToJson),
      facts: facts.map(({ tenant, kind, session, at, body }) => ({ t: tenant, k: kind, s: session, a: at, b: body })),
    })),
  );
}

function rowToJson({ key, expect, next, raise }: RowChange): object {
  const of = { t: key.tenant, k: key.kind, i: key.id, e: expect === "absent" ? null : expect };
  if (typeof next === "string") return { ...of, f: next };
  const refs = (next.refs ?? []).map(({ tenant, kind, id }) => [tenant, kind, id]);
  return { ...of, f: raise === true ? "raise" : "put", v: next.value, x: next.expires, r: refs };
}

function noticeToJson({ tenant, mark, body, livesMs, liveUntil, newEpoch }: NoticeDraft): object {
  const of = { t: tenant, m: mark, b: body, l: livesMs, u: liveUntil ?? null };
  if (newEpoch === undefined) return of;
  return { ...of, e: newEpoch.above === null ? [] : [newEpoch.above.epoch, newEpoch.above.seq] };
}
