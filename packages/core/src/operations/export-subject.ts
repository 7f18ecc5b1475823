// Everything that is stored about a subject, step by step: what a person may ask for. Writes nothing but that it was asked for.

import { fact } from "../facts.ts";
import type { SessionId, SubjectId } from "../kernel/ids.ts";
import { ringKey } from "../keys/ring.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { revocationFromRow } from "../revocation/revocation-row.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import { standingOf } from "../sessions/standing.ts";
import { record } from "../store/change.ts";
import type { Store, StoredFact } from "../store/store.ts";
import type { SeenSession } from "./read-session.ts";
import { EXPORTED_KINDS, FIRST_PLACE, type SubjectPlace, subjectRows } from "./subject-pages.ts";
import { readSubject, type SeenSubject, type SubjectDeps } from "./subjects.ts";

export type ExportedRecord =
  | { readonly kind: "subject"; readonly seen: SeenSubject }
  | { readonly kind: "session"; readonly seen: SeenSession; readonly facts: readonly StoredFact[] }
  | { readonly kind: "revocation"; readonly revocation: Revocation };

export interface ExportedPage {
  readonly records: readonly ExportedRecord[];
  readonly examined: number;
  /** Of those, sessions that this release can't read: nobody knows whose they are. */
  readonly unreadable: number;
  readonly next: SubjectPlace | null;
}

const MOST_RECORDS = 20;
const FACTS = 500;

/** `place` is null at the start; the first page begins with the subject itself. */
export async function exportSubject(
  deps: SubjectDeps,
  request: {
    readonly subject: SubjectId;
    readonly place: SubjectPlace | null;
    readonly limit: number;
    readonly actor: string | null;
  },
): Promise<ExportedPage> {
  const { store, issuer } = deps;
  const { tenant } = issuer;
  const { subject, place, limit, actor } = request;
  const first: ExportedRecord[] = [];
  if (place === null) {
    first.push({ kind: "subject", seen: await readSubject(store, tenant, subject) });
    const { clock } = await store.read([]);
    await record(store, deps.dice, [fact(tenant, clock, "subject_exported", { actor })]);
  }
  const found = await subjectRows(store, tenant, subject, place ?? FIRST_PLACE, {
    kinds: EXPORTED_KINDS,
    limit,
    most: MOST_RECORDS,
  });
  const records =
    found.kind === "revocation"
      ? found.rows.map((row): ExportedRecord => ({ kind: "revocation", revocation: revocationFromRow(row) }))
      : await sessionsOf(
          deps,
          found.rows.map((row) => row.key.id as SessionId),
        );
  return { records: [...first, ...records], examined: found.examined, unreadable: found.unreadable, next: found.next };
}

async function sessionsOf({ store, issuer }: SubjectDeps, ids: readonly SessionId[]): Promise<ExportedRecord[]> {
  const keys = ids.map((id) => sessionKey({ tenant: issuer.tenant, id }));
  const snapshot = await store.read([ringKey(issuer.tenant), ...keys]);
  const records: ExportedRecord[] = [];
  for (const key of keys) {
    const row = snapshot.get(key);
    if (row === undefined) continue;
    const session = sessionFromRow(row);
    const standing = standingOf(session, snapshot);
    const seen = { session, version: row.version, standing, asOf: snapshot.clock };
    records.push({ kind: "session", seen, facts: await factsOf(store, session.tenant, session.id) });
  }
  return records;
}

async function factsOf(store: Store, tenant: SeenSession["session"]["tenant"], session: SessionId) {
  const facts: StoredFact[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await store.facts({ tenant, session, limit: FACTS, ...(after === undefined ? {} : { after }) });
    facts.push(...page.facts);
    after = page.facts.at(-1)?.cursor;
    if (!page.more || after === undefined) return facts;
  }
}
