// The border between a session and its row: positional JSON, because a million of them stand on a disk.
// The first element is the layout's number; a later layout keeps reading this one.

import {
  decodeBase64url,
  encodeBase64url,
  formatPosition,
  type JsonObject,
  type Position,
  parsePosition,
} from "@hallpass/protocol";
import type { ClientId, FamilyId, SessionId, SubjectId } from "../kernel/ids.ts";
import { earliest, type Instant, instantOf, secondsOf } from "../kernel/time.ts";
import type { Parsed, Row, RowKey } from "../store/store.ts";
import { liveRulesOf, type SessionPolicy } from "./policy.ts";
import { CONSUMER, PROFILES } from "./profiles.ts";
import { type Device, type EndReason, type Family, foreseenEnd, type Session, type SessionToken } from "./session.ts";

const LAYOUT = 1;

type FamilyRow = [
  id: string,
  client: string,
  born: string,
  generation: number,
  rotatedAt: number,
  superseded: number[],
  macKid: number,
  scope: string,
  audience: string[],
  ended: EndReason | 0,
];
type DeviceRow = [name: string | null, userAgent: string | null, ip: string | null, region?: string];
type TokenRow = [
  family: string,
  generation: number,
  kid: number,
  hash: string,
  previous: [kid: number, hash: string] | 0,
];
/** Rows of release 0.1 end after `absolute`. */
type PolicyRow =
  | [name: string, version: number, idle: number, absolute: number]
  | [
      name: string,
      version: number,
      idle: number,
      absolute: number,
      accessLifetime: number,
      retryWindow: number,
      recoveryWindow: number,
      flags: number,
    ];
type SessionRow = [
  layout: number,
  subject: string,
  seed: string,
  born: string,
  ancestors: string[],
  authentication: [acr: string | null, amr: readonly string[], authTime: number | null] | 0,
  device: DeviceRow | 0,
  claims: JsonObject | 0,
  policy: PolicyRow,
  opened: number,
  lastActive: number,
  families: FamilyRow[],
  end: [reason: EndReason, at: number] | 0,
  token?: TokenRow,
];

export function sessionKey(session: Pick<Session, "tenant" | "id">): RowKey {
  return { tenant: session.tenant, kind: "session", id: session.id };
}

/** The rows without which nobody can say whether the session lives: read with it, in one snapshot. */
export function sessionRefs(session: Session): readonly RowKey[] {
  const { tenant } = session;
  const refs: RowKey[] = [{ tenant, kind: "subject", id: session.subject }];
  for (const { client } of session.families)
    if (!refs.some(({ kind, id }) => kind === "client" && id === client))
      refs.push({ tenant, kind: "client", id: client });
  for (const id of session.ancestors) refs.push({ tenant, kind: "session", id });
  return refs;
}

/**
 * What the store keeps. The row is due for the sweep when the session will be over, or `kept` milliseconds after it has ended.
 * With `due`, an earlier time at which it was due already stays: a refresh need not move it, the sweep postpones it when it comes.
 */
export function sessionToRow(
  session: Session,
  kept: number,
  due: Instant | null = null,
): {
  readonly value: string;
  readonly expires: Instant;
  readonly refs: readonly RowKey[];
  readonly parsed: Parsed;
} {
  const { acr, amr, authTime, device, claims, policy, state } = session;
  const families: FamilyRow[] = [];
  for (const family of session.families) families.push(familyToRow(family, session.opened));
  const row: SessionRow = [
    LAYOUT,
    session.subject,
    encodeBase64url(session.seed),
    formatPosition(session.born),
    [...session.ancestors],
    acr === null && amr.length === 0 && authTime === null ? 0 : [acr, amr, authTime],
    device === null ? 0 : deviceToRow(device),
    Object.keys(claims).length === 0 ? 0 : claims,
    policyToRow(policy),
    session.opened,
    session.lastActive - session.opened,
    families,
    state.kind === "active" ? 0 : [state.reason, state.at - session.opened],
  ];
  if (session.token !== null) row[13] = tokenToRow(session.token);
  const expires =
    state.kind === "active" ? earliest(foreseenEnd(session), due ?? foreseenEnd(session)) : instantOf(state.at + kept);
  const value = JSON.stringify(row);
  return { value, expires, refs: sessionRefs(session), parsed: { value, as: session } };
}

export function sessionFromRow(row: Row): Session {
  // Only this file puts anything there, and sessions never change.
  if (row.parsed?.value !== row.value) row.parsed = { value: row.value, as: parse(row) };
  return row.parsed.as as Session;
}

/** Of a row that nobody has read yet, no more than this is read. */
export function subjectOfRow(row: Row): SubjectId {
  if (row.parsed?.value === row.value) return sessionFromRow(row).subject;
  const [layout, subject] = JSON.parse(row.value) as SessionRow;
  if (layout !== LAYOUT) throw new Error("a session's row has a layout that this version does not know");
  return subject as SubjectId;
}

function parse(row: Row): Session {
  const [
    layout,
    subject,
    seed,
    born,
    ancestors,
    authentication,
    device,
    claims,
    policy,
    opened,
    lastActive,
    families,
    end,
    token,
  ] = JSON.parse(row.value) as SessionRow;
  if (layout !== LAYOUT) throw new Error("a session's row has a layout that this version does not know");
  const [acr, amr, authTime] = authentication === 0 ? [null, [], null] : authentication;
  return {
    id: row.key.id as SessionId,
    tenant: row.key.tenant,
    subject: subject as SubjectId,
    seed: bytes(seed),
    born: position(born),
    ancestors: ancestors as SessionId[],
    acr,
    amr,
    authTime,
    device: device === 0 ? null : deviceFromRow(device),
    claims: claims === 0 ? {} : claims,
    policy: policyFromRow(policy),
    opened: opened as Instant,
    lastActive: (opened + lastActive) as Instant,
    families: families.map((family) => familyFromRow(family, opened)),
    token: token === undefined ? null : tokenFromRow(token),
    state: end === 0 ? { kind: "active" } : { kind: "ended", reason: end[0], at: (opened + end[1]) as Instant },
  };
}

/** For whoever goes through all rows: one that this release can't read, of a newer one or spoilt, stops nobody, and is counted and told. */
export function readable(row: Row): Session | undefined {
  try {
    return sessionFromRow(row);
  } catch {
    return undefined;
  }
}

const FAMILY_ON_REUSE = 1;
const REFRESH_IS_NO_ACTIVITY = 2;
const REMEMBERED = 4;
const NO_ROTATION = 8;

function policyToRow(policy: SessionPolicy): PolicyRow {
  const flags =
    (policy.onReuse === "family" ? FAMILY_ON_REUSE : 0) |
    (policy.refreshIsActivity ? 0 : REFRESH_IS_NO_ACTIVITY) |
    (policy.remembered ? REMEMBERED : 0) |
    (policy.rotation === "off" ? NO_ROTATION : 0);
  const { name, version, idle, absolute, accessLifetime, retryWindow, recoveryWindow } = policy;
  return [name, version, idle, absolute, accessLifetime, retryWindow, recoveryWindow, flags];
}

/** A row of release 0.1 lives on by the numbers that its profile had then, and still has as its version 1. */
function policyFromRow(row: PolicyRow): SessionPolicy {
  const [name, version, idle, absolute, accessLifetime, retryWindow, recoveryWindow, flags = 0] = row;
  const span = { name, version, idle: secondsOf(idle), absolute: secondsOf(absolute) };
  if (accessLifetime === undefined || retryWindow === undefined || recoveryWindow === undefined)
    return { ...liveRulesOf(PROFILES.get(name) ?? CONSUMER), ...span, remembered: false };
  return {
    ...span,
    accessLifetime: secondsOf(accessLifetime),
    retryWindow: secondsOf(retryWindow),
    recoveryWindow: secondsOf(recoveryWindow),
    onReuse: (flags & FAMILY_ON_REUSE) === 0 ? "session" : "family",
    rotation: (flags & NO_ROTATION) === 0 ? "always" : "off",
    refreshIsActivity: (flags & REFRESH_IS_NO_ACTIVITY) === 0,
    remembered: (flags & REMEMBERED) !== 0,
  };
}

function familyToRow(family: Family, opened: number): FamilyRow {
  const superseded: number[] = [];
  for (const { generation, at } of family.superseded) superseded.push(generation, at - opened);
  const scope = family.scope.join(" ");
  return [
    family.id,
    family.client,
    formatPosition(family.born),
    family.generation,
    family.rotatedAt - opened,
    superseded,
    family.macKid,
    scope,
    [...family.audience],
    family.ended ?? 0,
  ];
}

function familyFromRow(row: FamilyRow, opened: number): Family {
  const [id, client, born, generation, rotatedAt, superseded, macKid, scope, audience, ended] = row;
  const pairs = superseded.flatMap((value, index) => {
    const at = superseded[index + 1];
    return index % 2 === 0 && at !== undefined ? [{ generation: value, at: (opened + at) as Instant }] : [];
  });
  return {
    id: id as FamilyId,
    client: client as ClientId,
    born: position(born),
    generation,
    rotatedAt: (opened + rotatedAt) as Instant,
    superseded: pairs,
    macKid,
    scope: scope === "" ? [] : scope.split(" "),
    audience,
    ended: ended === 0 ? null : ended,
  };
}

function tokenToRow({ family, generation, kid, hash, previous }: SessionToken): TokenRow {
  return [family, generation, kid, hash, previous === null ? 0 : [previous.kid, previous.hash]];
}

function tokenFromRow([family, generation, kid, hash, previous]: TokenRow): SessionToken {
  return {
    family: family as FamilyId,
    generation,
    kid,
    hash,
    previous: previous === 0 ? null : { kid: previous[0], hash: previous[1] },
  };
}

function deviceToRow({ name, userAgent, ip, region }: Device): DeviceRow {
  return region === undefined ? [name, userAgent, ip] : [name, userAgent, ip, region];
}

function deviceFromRow([name, userAgent, ip, region]: DeviceRow): Device {
  return { name, userAgent, ip, ...(region === undefined ? {} : { region }) };
}

function position(text: string): Position {
  const pos = parsePosition(text);
  if (pos === undefined) throw new Error("a row holds a malformed position");
  return pos;
}

function bytes(text: string): Uint8Array {
  const decoded = decodeBase64url(text);
  if (decoded === undefined) throw new Error("a row holds malformed bytes");
  return decoded;
}
