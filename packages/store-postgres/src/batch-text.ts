// A batch as the function that commits it takes it, and what that answers: arrays, because they cost the server less than JSON.

import type { Change, FactDraft, Instant, NoticeDraft, Outcome, RowChange } from "@hallpass/core";
import { ArrayText } from "./array-text.ts";

/** What the function takes before the channel, in its order. A change goes by its number, from one. */
export function batchTexts(changes: readonly Change[]): readonly string[] {
  const attempts = new ArrayText();
  const rows = new RowTexts();
  const notices: object[] = [];
  const facts = arrays(6);
  changes.forEach((change, at) => {
    const n = at + 1;
    attempts.add(change.attempt);
    for (const row of change.rows) rows.add(n, row);
    for (const notice of change.notices) notices.push(noticeToJson(n, notice));
    for (const fact of change.facts) addFact(facts, n, fact);
  });
  return [attempts.text, ...rows.texts, JSON.stringify(notices), ...facts.map(({ text }) => text)];
}

function arrays(count: number): readonly ArrayText[] {
  return Array.from({ length: count }, () => new ArrayText());
}

/** To each array its member. */
function addTo(to: readonly ArrayText[], members: readonly (string | number | null)[]): void {
  to.forEach((array, at) => array.add(members[at] ?? null));
}

class RowTexts {
  readonly #rows = arrays(9);
  /** Changes that compare a row which another one brings, and the place of that row. */
  readonly #also = arrays(2);
  readonly #places = new Map<string, number>();
  #count = 0;

  /** What many changes compare, such as the client of all sessions that are opened, is looked up and locked once. */
  add(n: number, { key, expect, next, raise }: RowChange): void {
    const { tenant, kind, id } = key;
    const version = expect === "absent" ? null : expect;
    if (next === "same") {
      const compared = JSON.stringify([tenant, kind, id, version]);
      const place = this.#places.get(compared);
      if (place !== undefined) return addTo(this.#also, [n, place]);
      this.#places.set(compared, this.#count + 1);
    }
    this.#count += 1;
    if (typeof next === "string") return addTo(this.#rows, [n, tenant, kind, id, version, next]);
    const { value, expires, refs = [] } = next;
    const names = JSON.stringify(refs.map((ref) => [ref.tenant, ref.kind, ref.id]));
    addTo(this.#rows, [n, tenant, kind, id, version, raise === true ? "raise" : "put", value, expires, names]);
  }

  get texts(): readonly string[] {
    return [...this.#rows, ...this.#also].map(({ text }) => text);
  }
}

function addFact(to: readonly ArrayText[], n: number, { tenant, kind, session, at, body }: FactDraft): void {
  addTo(to, [n, tenant, kind, session, at, body]);
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
