// What a revocation's row says of a person, taken out of it: the row is kept for its receipt, and names nobody any more.

import { encodeBase64url } from "@hallpass/protocol";
import type { SubjectId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { parseIpRange } from "../sessions/ip-range.ts";
import type { SessionQuery } from "../sessions/session-query.ts";
import type { Revocation } from "./receipt.ts";
import type { AnyTarget } from "./target.ts";

type Named = Pick<Revocation, "targets" | "actor">;
type Forgettable = Named & Pick<Revocation, "run">;

export function nameOfNobody(dice: Dice): SubjectId {
  return `erased-${encodeBase64url(dice.bytes(8))}` as SubjectId;
}

/** As a target, in a query, or as whoever made the call. */
export function namesSubject({ targets, actor }: Named, subject: SubjectId): boolean {
  return actor === subject || targets.some((target) => subjectOf(target) === subject);
}

function subjectOf(target: AnyTarget): SubjectId | undefined {
  if (target.kind === "subject") return target.subject;
  return target.kind === "query" ? target.query.subject : undefined;
}

/** The same without the subject. The words of a query that named it go, too; of one that still runs, which needs them, when it is over. */
export function withoutSubject<T extends Forgettable>(revocation: T, subject: SubjectId, dice: Dice): T {
  const name = nameOfNobody(dice);
  const actor = revocation.actor === subject ? name : revocation.actor;
  const targets = revocation.targets.map((target) =>
    target.kind === "subject" && target.subject === subject ? { ...target, subject: name } : target,
  );
  const rest = { ...revocation, targets, actor };
  return targets.some((target) => subjectOf(target) === subject) ? forgotten(rest, dice) : rest;
}

/** Without the words of its query, or with the note that they go when its run is over. */
export function forgotten<T extends Forgettable>(revocation: T, dice: Dice): T {
  const { run } = revocation;
  return run?.status === "running" ? { ...revocation, run: { ...run, forget: true } } : withoutWords(revocation, dice);
}

/** Words by which a query may tell of one person: of a range of addresses, a region, a client or a time nobody can be told. */
const TELLING = ["subject", "device", "userAgent", "userAgentHas"] as const;

/** Whether its query says anything that `withoutWords` takes out. */
export function hasWords({ targets }: Pick<Revocation, "targets">): boolean {
  return targets.some((target) => target.kind === "query" && tellingOf(target.query).length > 0);
}

function tellingOf(query: SessionQuery): readonly (keyof SessionQuery)[] {
  const range = query.ip === undefined ? undefined : parseIpRange(query.ip);
  const isOne = range !== undefined && range.bits === range.bytes.length * 8;
  return [...TELLING.filter((name) => query[name] !== undefined), ...(isOne ? (["ip"] as const) : [])];
}

/** In the place of each word stands that one was there. For a run that is over. */
export function withoutWords<T extends Pick<Revocation, "targets">>(revocation: T, dice: Dice): T {
  const targets = revocation.targets.map((target): AnyTarget => {
    if (target.kind !== "query") return target;
    const gone = tellingOf(target.query).map((name) => [name, nameOfNobody(dice)]);
    return { ...target, query: { ...target.query, ...Object.fromEntries(gone) } };
  });
  return { ...revocation, targets };
}
