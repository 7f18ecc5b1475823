// Opens what a power cut left with the store itself and says what is wrong with it: acknowledged and not there, damaged, or half written.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  type Change,
  instantOf,
  kidsOf,
  parseSessionId,
  parseTenantId,
  ringKey,
  type Session,
  type SessionId,
  type Store,
  type StoredFact,
  type StoredNotice,
  sessionFromRow,
  sessionKey,
} from "@hallpass/core";
import { type Position, parsePosition } from "@hallpass/protocol";
import { openSqliteStore } from "@hallpass/store-sqlite";

export interface Acknowledged {
  readonly opened: ReadonlySet<string>;
  /** The last generation of each session. */
  readonly rotated: ReadonlyMap<string, number>;
  /** Where each session's revocation stands. */
  readonly revoked: ReadonlyMap<string, string>;
  readonly kids: ReadonlySet<string>;
}

export interface Found {
  /** Acknowledged, and not there. */
  readonly lost: readonly string[];
  /** Not opened, not whole, or half of a change. */
  readonly damaged: readonly string[];
}

const PAGE = 1000;
const tenant = required(parseTenantId("default"));
const START: Position = { epoch: 1, seq: 0 };
const clock = { now: () => instantOf(Date.now()) };
const dice = { bytes: (length: number) => new Uint8Array(length) };

export function acknowledgedOf(lines: readonly string[]): Acknowledged {
  const [opened, kids] = [new Set<string>(), new Set<string>()];
  const rotated = new Map<string, number>();
  const revoked = new Map<string, string>();
  for (const line of lines) {
    const [what, id = "", more = ""] = line.split(" ");
    if (what === "O") opened.add(id);
    else if (what === "T") rotated.set(id, Number(more));
    else if (what === "R") revoked.set(id, more);
    else if (what === "K") kids.add(id);
  }
  return { opened, rotated, revoked, kids };
}

/** `directory`: the root of an image. */
export async function judge(directory: string, acknowledged: Acknowledged): Promise<Found> {
  const file = join(directory, "data", "hallpass.sqlite");
  if (!existsSync(file) && acknowledged.opened.size > 0) return { lost: ["the file"], damaged: [] };
  let store: Store;
  try {
    store = await openSqliteStore({ file, clock, dice });
  } catch (error) {
    const cause = error instanceof Error ? error.cause : error;
    return { lost: [], damaged: [`the store does not open: ${String(cause instanceof Error ? cause.cause : cause)}`] };
  }
  try {
    const damaged = [...integrityOf(file)];
    const seen = await seenOf(store);
    damaged.push(...holesOf(seen), ...halvesOf(seen), ...(await goesOn(store)));
    return { lost: await lostOf(store, seen, acknowledged), damaged };
  } catch (error) {
    return { lost: [], damaged: [`the store can't be read: ${String(error)}`] };
  } finally {
    await store.close();
  }
}

interface Seen {
  readonly head: { readonly pos: Position; readonly mark: string };
  readonly notices: readonly StoredNotice[];
  /** Of each session. */
  readonly facts: ReadonlyMap<SessionId, readonly StoredFact[]>;
  readonly sessions: ReadonlyMap<SessionId, Session>;
}

async function seenOf(store: Store): Promise<Seen> {
  const { head } = await store.read([]);
  const notices: StoredNotice[] = [];
  for (let more = true; more; ) {
    const after = notices.at(-1)?.pos ?? START;
    const page = await store.notices({ tenant, after, upTo: head.pos, limit: PAGE });
    notices.push(...page.notices);
    ({ more } = page);
  }
  const facts: StoredFact[] = [];
  for (let more = true; more; ) {
    const after = facts.at(-1)?.cursor;
    const page = await store.facts({ tenant, limit: PAGE, ...(after === undefined ? {} : { after }) });
    facts.push(...page.facts);
    ({ more } = page);
  }
  const sessions = new Map<SessionId, Session>();
  for (let last: SessionId | undefined, more = true; more; ) {
    const rows = await store.list({
      tenant,
      kind: "session",
      limit: PAGE,
      ...(last === undefined ? {} : { after: last }),
    });
    for (const row of rows) {
      const session = sessionFromRow(row);
      sessions.set(session.id, session);
      last = session.id;
    }
    more = rows.length === PAGE;
  }
  const ofSessions = Map.groupBy(facts, ({ session }) => session);
  const own = [...ofSessions].flatMap(([id, all]) => (id === null ? [] : [[id, all] as const]));
  return { head, notices, facts: new Map(own), sessions };
}

function integrityOf(file: string): readonly string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const said = String(database.prepare("PRAGMA integrity_check").get()?.["integrity_check"]);
    return said === "ok" ? [] : [`integrity_check: ${said}`];
  } finally {
    database.close();
  }
}

/** Nothing was dropped yet: the notices stand at 1, 2, 3 and so on, up to the head. */
function holesOf({ head, notices }: Seen): readonly string[] {
  const hole = notices.findIndex(({ pos }, index) => pos.seq !== index + 1);
  const last = notices.at(-1);
  return [
    ...(hole === -1 ? [] : [`no notice at ${hole + 1}`]),
    ...(head.pos.seq === (last?.pos.seq ?? 0) ? [] : [`the head is ${head.pos.seq}, the last notice ${last?.pos.seq}`]),
    ...(last === undefined || last.mark === head.mark ? [] : ["the head has another mark than its notice"]),
  ];
}

/** A change writes a session's row, its facts and its notice together, or nothing. */
function halvesOf({ notices, facts, sessions }: Seen): readonly string[] {
  const wrong: string[] = [];
  const named = notices.map(({ body }) => body).join("\n");
  for (const id of facts.keys()) if (!sessions.has(id)) wrong.push(`${id} has facts and no row`);
  for (const [id, session] of sessions) {
    const kinds = (facts.get(id) ?? []).map(({ kind }) => kind);
    const of = (kind: string): number => kinds.filter((one) => one === kind).length;
    const generation = session.families[0]?.generation ?? 0;
    if (of("session_opened") !== 1) wrong.push(`${id} was opened ${of("session_opened")} times`);
    if (of("token_refreshed") !== generation - 1)
      wrong.push(`${id} is at ${generation} after ${of("token_refreshed")} rotations`);
    const isEnded = session.state.kind === "ended";
    if (isEnded !== (of("session_ended") === 1) || isEnded !== named.includes(id))
      wrong.push(`the end of ${id} is there in part`);
  }
  return wrong;
}

/** One more change, at the next position. */
async function goesOn(store: Store): Promise<readonly string[]> {
  const { head } = await store.read([]);
  const notice = { tenant, mark: "AAAAAAAAAAA", body: "{}", livesMs: 1000 };
  const change: Change = { attempt: "AAAAAAAAAAA", rows: [], notices: [notice], facts: [] };
  const [outcome] = await store.commit([change]);
  return outcome?.kind === "committed" && outcome.pos.seq === head.pos.seq + 1 ? [] : ["it does not go on"];
}

async function lostOf(store: Store, seen: Seen, acknowledged: Acknowledged): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const text of acknowledged.opened) {
    const id = required(parseSessionId(text));
    const session = seen.sessions.get(id);
    const generation = acknowledged.rotated.get(text) ?? 1;
    const revoked = acknowledged.revoked.get(text);
    if (session === undefined) lost.push(`${sessionKey({ tenant, id }).id} is not there`);
    else if ((session.families[0]?.generation ?? 0) < generation) lost.push(`${id} was rotated to ${generation}`);
    else if (revoked !== undefined && session.state.kind !== "ended") lost.push(`${id} is not revoked`);
    if (revoked === undefined) continue;
    const place = parsePosition(revoked)?.seq ?? 0;
    const notice = seen.notices[place - 1];
    if (notice?.body.includes(text) !== true) lost.push(`the notice at ${place} of ${id}`);
  }
  const ring = ringKey(tenant);
  const value = (await store.read([ring])).get(ring)?.value;
  const kids = value === undefined ? [] : kidsOf(value);
  for (const kid of acknowledged.kids) if (!kids.includes(kid)) lost.push(`the key ${kid}`);
  return lost;
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("what is written here is no id");
  return value;
}
