// Sessions by the million, as the code writes them: each is the one session that a server has opened, with an id, a subject, a seed, a family
// and times of its own. A row is what the functions that make rows wrote for that session, with these put in; what came out is compared with what
// they write for the new one, and read back, before anything is measured.

import { createHmac, hash } from "node:crypto";
import {
  createKeyRing,
  type FamilyId,
  instantOf,
  keyEncryptionKey,
  type MacKeys,
  parseSessionId,
  type Row,
  ringKey,
  type Session,
  type SessionId,
  type Store,
  type StoredFact,
  type SubjectId,
  sessionFromRow,
  sessionKey,
  sessionToRow,
  type TenantId,
} from "@hallpass/core";
import { encodeRefreshPayload, formatRefreshToken } from "@hallpass/protocol";

/** Milliseconds over which their openings are spread: none of them is idle for too long yet. */
const SPREAD = 7 * 24 * 60 * 60 * 1000;

/** What is put into the texts of the n-th. Also made by a database itself (place.ts), from the same digest. */
export interface Marks {
  readonly id: string;
  readonly subject: string;
  /** base64url of 16, 4 and 8 bytes. */
  readonly seed: string;
  readonly family: string;
  readonly attempt: string;
  readonly opened: number;
}

/** Texts with `@seed`, `@family`, `@subject`, `@id`, `@opened` and `@until` in them. */
export interface Texts {
  readonly session: string;
  readonly subject: string;
  readonly fact: string;
}

export interface Crowd {
  readonly tenant: TenantId;
  readonly texts: Texts;
  readonly client: string;
  /** When the last of them was opened, and how far the openings lie apart, in milliseconds. */
  readonly last: number;
  readonly apart: number;
  /** From an opening to the row's end, and to the absolute end. */
  readonly expires: number;
  readonly until: number;
  marks(n: number): Marks;
  /** Its first refresh token. */
  token(n: number): string;
  /** Rejects unless the store has of the n-th exactly what the code would have written. */
  check(store: Store, n: number): Promise<void>;
}

/** From the one session of a store that a server has made, so many others. */
export async function crowdIn(
  store: Store,
  about: { readonly tenant: TenantId; readonly issuer: string; readonly kek: Uint8Array; readonly size: number },
): Promise<Crowd> {
  const { tenant, size } = about;
  const [row] = await store.list({ tenant, kind: "session", limit: 1 });
  const [subject] = await store.list({ tenant, kind: "subject", limit: 1 });
  if (row === undefined || subject === undefined) throw new Error("there is no session to make others like");
  const opened = sessionFromRow(row);
  // A refresh that is not made: what the row says of times begins with the opening.
  const like = {
    ...opened,
    lastActive: opened.opened,
    families: opened.families.map((one) => ({ ...one, rotatedAt: opened.opened })),
  };
  const snapshot = await store.read([ringKey(tenant)]);
  const { mac } = createKeyRing({ tenant, kek: keyEncryptionKey(about.kek) }).open(snapshot);
  const until = untilOf(subject);
  const apart = Math.floor(SPREAD / size);
  const marks = (n: number): Marks => marksOf(n, like.opened - (size - n) * apart);
  return {
    tenant,
    texts: textsOf(like, { until, fact: await openingFact(store, tenant, like.id) }),
    client: like.families[0]?.client ?? "",
    last: like.opened,
    apart,
    expires: sessionToRow(like, 0).expires - like.opened,
    until: until - like.opened,
    marks,
    token: (n) => firstToken(sessionOf(like, marks(n)), mac, about),
    check: (kept, n) => check(kept, sessionOf(like, marks(n)), marks(n)),
  };
}

/** As if those who read the facts had read along while the sessions were opened. */
export async function readUpTo(store: Store, tenant: TenantId, cursor: string): Promise<void> {
  for (const { key, version, value } of await store.list({ tenant, kind: "reader", limit: 100 })) {
    const next = { value: JSON.stringify({ ...(JSON.parse(value) as object), cursor }), expires: null };
    const attempt = hash("sha256", key.id, "buffer").subarray(0, 8).toString("base64url");
    await store.commit([{ attempt, rows: [{ key, expect: version, next }], notices: [], facts: [] }]);
  }
}

function marksOf(n: number, opened: number): Marks {
  const digest = hash("sha256", String(n), "buffer");
  const hex = digest.toString("hex");
  const time = opened.toString(16).padStart(12, "0");
  return {
    id: `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-8${hex.slice(3, 6)}-${hex.slice(6, 18)}`,
    subject: `u-${hex.slice(18, 30)}-${n}`,
    seed: digest.subarray(15, 31).toString("base64url"),
    family: digest.subarray(0, 4).toString("base64url"),
    attempt: digest.subarray(8, 16).toString("base64url"),
    opened,
  };
}

function sessionOf(like: Session, { id, subject, seed, family, opened }: Marks): Session {
  const own = parseSessionId(id);
  if (own === undefined) throw new Error(`${id} is no id of a session`);
  const at = instantOf(opened);
  const families = like.families.map((one) => ({ ...one, id: family as FamilyId, rotatedAt: at }));
  const bytes = new Uint8Array(Buffer.from(seed, "base64url"));
  return { ...like, id: own, subject: subject as SubjectId, seed: bytes, opened: at, lastActive: at, families };
}

function untilOf({ value }: Row): number {
  const [, until] = JSON.parse(value) as readonly [string, number];
  return until;
}

function textsOf(like: Session, { until, fact }: { readonly until: number; readonly fact: StoredFact }): Texts {
  const marked = (text: string): string =>
    [
      [Buffer.from(like.seed).toString("base64url"), "@seed"],
      [like.families[0]?.id ?? "", "@family"],
      [like.subject, "@subject"],
      [like.id, "@id"],
      [String(like.opened), "@opened"],
      [String(until), "@until"],
    ].reduce((so, [own = "", mark = ""]) => so.replaceAll(own, mark), text);
  return {
    session: marked(sessionToRow(like, 0).value),
    subject: marked(JSON.stringify([like.id, until])),
    fact: marked(fact.body),
  };
}

async function openingFact(store: Store, tenant: TenantId, session: SessionId): Promise<StoredFact> {
  const { facts } = await store.facts({ tenant, session, limit: 10 });
  const found = facts.find(({ kind }) => kind === "session_opened");
  if (found === undefined) throw new Error("the session has no fact of its opening");
  return found;
}

async function check(store: Store, session: Session, { attempt }: Marks): Promise<void> {
  const key = sessionKey(session);
  const written = sessionToRow(session, 0);
  const snapshot = await store.read([key]);
  const row = snapshot.get(key);
  const isRight =
    row?.value === written.value && row.expires === written.expires && row.attempt === attempt && row.version === 1;
  const refersRightly = written.refs.every((ref) => snapshot.has(ref) && snapshot.get(ref) !== undefined);
  const { facts } = await store.facts({ tenant: session.tenant, session: session.id, limit: 2 });
  const [fact] = facts;
  const tells = facts.length === 1 && fact?.kind === "session_opened" && fact.at === session.opened;
  if (!isRight || !refersRightly || !tells) throw new Error(`${session.id} does not stand there as the code writes it`);
}

/** As spec/refresh-token.md has it. */
function firstToken(
  session: Session,
  mac: MacKeys,
  { tenant, issuer }: { readonly tenant: TenantId; readonly issuer: string },
): string {
  const [family] = session.families;
  if (family === undefined) throw new Error("the session has no family");
  const { macKid: kid, id: fam, generation } = family;
  const payload = encodeRefreshPayload({ kid, sid: session.id, fam, generation });
  const key = mac.derive(kid, `hallpass/refresh/1/key${tenant}`);
  if (key === undefined) throw new Error("the server key is gone");
  const hmac = (secret: Uint8Array, ...parts: readonly (string | Uint8Array)[]): Uint8Array => {
    const sum = createHmac("sha256", secret);
    for (const part of parts) sum.update(part);
    return sum.digest().subarray(0, 16);
  };
  const inner = hmac(session.seed, "hallpass/refresh/1/inner", payload);
  return formatRefreshToken(payload, inner, hmac(key, `hallpass/refresh/1/outer${issuer}`, payload, inner));
}
