// The reader that chains the facts. What names a person is taken out of a record and stands beside it, with a salt of its own,
// so that it can be erased and the chain still holds.

import { encodeBase64url, type JsonObject } from "@hallpass/protocol";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { afterMs } from "../kernel/time.ts";
import type { FactReader, ReaderWrites } from "../readers/fact-reader.ts";
import { sessionKey, subjectOfRow } from "../sessions/session-row.ts";
import type { Snapshot, StoredFact } from "../store/store.ts";
import { blockChanges } from "./audit-row.ts";
import { type AuditRecord, commitmentTo, firstHash, hashAfter, type Person } from "./chain.ts";

export interface AuditOptions {
  readonly issuer: Issuer;
  /** Milliseconds for which records are kept. */
  readonly kept: number;
  /** Kinds of facts that are not chained. */
  readonly without: ReadonlySet<string>;
}

/** The last record, and its hash. */
export interface ChainEnd {
  readonly n: number;
  readonly hash: string;
}

export const AUDIT_READER = "audit";
const BATCH = 256;
/** Members of a fact's body that name a person, or lead to one. */
const PERSONAL: ReadonlySet<string> = new Set(["actor", "subject", "ip", "user_agent", "device"]);

export function auditReader({ issuer, kept, without }: AuditOptions): FactReader {
  return {
    name: AUDIT_READER,
    batch: BATCH,
    prepare: (all, dice) => {
      const facts = all.filter(({ kind }) => !without.has(kind)).map((fact) => readFact(fact, dice));
      const opened = facts.flatMap(({ fact }) =>
        fact.kind === "session_opened" && fact.session !== null
          ? [sessionKey({ tenant: issuer.tenant, id: fact.session })]
          : [],
      );
      return { keys: opened, write: (progress, snapshot) => chained(issuer, kept, facts, progress, snapshot) };
    },
  };
}

/** Where the chain ends: null in both, before the first record, is the hash of the start. */
export function chainEnd(issuer: Issuer, progress: string | null): ChainEnd {
  if (progress === null) return { n: 0, hash: firstHash(issuer.url, issuer.tenant) };
  return JSON.parse(progress) as ChainEnd;
}

interface ReadFact {
  readonly fact: StoredFact;
  readonly body: JsonObject;
  readonly persons: readonly Omit<Person, "n">[];
  /** For the subject of a session that was opened; null for any other fact. */
  readonly salt: string | null;
}

function readFact(fact: StoredFact, dice: Dice): ReadFact {
  const parsed: unknown = JSON.parse(fact.body);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new TypeError("a fact's body is no object");
  const salted = (): string => encodeBase64url(dice.bytes(16));
  const { body, named } = withoutNames(parsed as JsonObject);
  const persons = named.map(([name, value]) => ({ name, value, salt: salted() }));
  return { fact, body, persons, salt: fact.kind === "session_opened" ? salted() : null };
}

/** A fact's body without what names a person, and the names. Under `by` stands the person behind the call (spec/mandates.md). */
function withoutNames(members: JsonObject): {
  readonly body: JsonObject;
  readonly named: readonly (readonly [name: string, value: string])[];
} {
  const named: (readonly [string, string])[] = [];
  const body: Record<string, JsonObject[string]> = {};
  for (const [name, value] of Object.entries(members)) {
    if (PERSONAL.has(name) && typeof value === "string") named.push([name, value]);
    else if (name === "by" && typeof value === "object" && value !== null && !Array.isArray(value)) {
      const { actor, ...rest } = value as JsonObject;
      body[name] = rest;
      if (typeof actor === "string") named.push([name, actor]);
    } else body[name] = value;
  }
  return { body, named };
}

function chained(
  issuer: Issuer,
  kept: number,
  facts: readonly ReadFact[],
  progress: string | null,
  snapshot: Snapshot,
): ReaderWrites {
  if (facts.length === 0) return { rows: [], progress };
  const start = chainEnd(issuer, progress);
  const persons: Person[] = [];
  const records: AuditRecord[] = [];
  let { n, hash } = start;
  for (const one of facts) {
    n += 1;
    const own: Person[] = [];
    for (const { name, value, salt } of [...one.persons, ...subjectOf(one, snapshot)])
      own.push({ n, name, value, salt });
    persons.push(...own);
    const entry = entryOf(n, one, own);
    hash = hashAfter(hash, entry);
    records.push({ entry, hash });
  }
  const block = { from: start.n + 1, before: start.hash, records };
  const end: ChainEnd = { n, hash };
  return {
    rows: blockChanges(issuer.tenant, block, persons, afterMs(snapshot.clock, kept)),
    progress: JSON.stringify(end),
  };
}

/** A fact names no subject; the session that it opened does, as long as its row is there. */
function subjectOf({ fact, salt }: ReadFact, snapshot: Snapshot): readonly Omit<Person, "n">[] {
  if (salt === null || fact.session === null) return [];
  const row = snapshot.get(sessionKey({ tenant: fact.tenant, id: fact.session }));
  return row === undefined ? [] : [{ name: "subject", value: subjectOfRow(row), salt }];
}

function entryOf(n: number, { fact, body }: ReadFact, persons: readonly Person[]): string {
  const commitments = Object.fromEntries(persons.map((person) => [person.name, commitmentTo(person)]));
  return JSON.stringify({
    n,
    at_ms: fact.at,
    kind: fact.kind,
    session: fact.session,
    body,
    persons: commitments,
  });
}
