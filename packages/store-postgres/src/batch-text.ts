// A batch as the function that commits it reads it, and what that answers: one text each way, with short names.

import type { Change, Instant, NoticeDraft, Outcome, RowChange } from "@hallpass/core";

/** `n` is the number of the change, from one. */
export function batchToText(changes: readonly Change[]): string {
  const rows: object[] = [];
  const notices: object[] = [];
  const facts: object[] = [];
  changes.forEach((change, at) => {
    const n = at + 1;
    for (const row of change.rows) rows.push(rowToJson(n, row));
    for (const notice of change.notices) notices.push(noticeToJson(n, notice));
    for (const { tenant, kind, session, at: when, body } of change.facts)
      facts.push({ n, t: tenant, k: kind, s: session, a: when, b: body });
  });
  return JSON.stringify({ a: changes.map(({ attempt }) => attempt), r: rows, d: notices, f: facts });
}

function rowToJson(n: number, { key, expect, next, raise }: RowChange): object {
  const { tenant: t, kind: k, id: i } = key;
  const e = expect === "absent" ? null : expect;
  if (typeof next === "string") return { n, t, k, i, e, f: next };
  const r = next.refs === undefined ? [] : next.refs.map(({ tenant, kind, id }) => [tenant, kind, id]);
  return { n, t, k, i, e, f: raise === true ? "raise" : "put", v: next.value, x: next.expires, r };
}

function noticeToJson(n: number, { tenant, mark, body, livesMs, liveUntil, newEpoch }: NoticeDraft): object {
  const of = { n, t: tenant, m: mark, b: body, l: livesMs, u: liveUntil ?? null };
  if (newEpoch === undefined) return of;
  return { ...of, e: newEpoch.above === null ? [] : [newEpoch.above.epoch, newEpoch.above.seq] };
}

/** The time of the commit, and for each change its position or a conflict. */
export function outcomesFromText(text: string): readonly Outcome[] {
  const [time, ...each] = text.split(" ");
  const at = Number(time) as Instant;
  return each.map((one): Outcome => {
    if (one === "-") return { kind: "conflict" };
    const [epoch, seq] = one.split(".");
    return { kind: "committed", pos: { epoch: Number(epoch), seq: Number(seq) }, at };
  });
}
