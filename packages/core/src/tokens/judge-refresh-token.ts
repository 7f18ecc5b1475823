// Judges a refresh token without using it: whether a refresh at this instant would be granted. Nothing is written, reuse is not punished:
// to look is no attempt.

import { parseRefreshToken, type RefreshTokenParts } from "@hallpass/protocol";
import { clientFromRow, clientKey } from "../clients/client-row.ts";
import type { ClientId, FamilyId, SessionId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import { type KeyRing, type OpenKeys, ringKey } from "../keys/ring.ts";
import { decide } from "../sessions/decide.ts";
import { type Family, familyOf, type Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import { familyStanding, standingOf } from "../sessions/standing.ts";
import type { RowKey, Snapshot, Store } from "../store/store.ts";
import { innerFits, outerFits } from "./refresh-token.ts";

export interface JudgeRefreshDeps {
  readonly store: Store;
  readonly keys: KeyRing;
  readonly issuer: Issuer;
}

/** A token of ours, of any generation: both MACs fit, and its family exists. Says nothing about whether it is still good. */
export interface GenuineRefreshToken {
  readonly session: Session;
  readonly family: Family;
  readonly generation: number;
}

/** A refresh token with which its client would be granted a refresh now. */
export interface LiveRefreshToken {
  readonly session: Session;
  readonly family: Family;
}

/** The rows to read before a refresh token is judged for `client`; none for a text that is none. */
export function refreshTokenRows({ tenant }: Issuer, text: string, client: ClientId): readonly RowKey[] {
  const parts = parseRefreshToken(text);
  if (parts === undefined) return [];
  return [ringKey(tenant), clientKey(tenant, client), sessionKey({ tenant, id: parts.sid as SessionId })];
}

/** On a snapshot that was read with its rows. Undefined for every reason, another client than `client` among them. */
export function judgeRefreshTokenOn(
  deps: Pick<JudgeRefreshDeps, "issuer" | "keys">,
  text: string,
  client: ClientId,
  snapshot: Snapshot,
): LiveRefreshToken | undefined {
  const parts = parseRefreshToken(text);
  if (parts === undefined) return undefined;
  const keys = deps.keys.open(snapshot);
  const genuine = genuineRefreshToken(deps.issuer, parts, keys, snapshot);
  if (genuine === undefined || genuine.family.client !== client) return undefined;
  return wouldRefresh(genuine, keys, snapshot) ? genuine : undefined;
}

/** The snapshot holds the session's row, if there is one. */
export function genuineRefreshToken(
  issuer: Issuer,
  parts: RefreshTokenParts,
  keys: OpenKeys,
  snapshot: Snapshot,
): GenuineRefreshToken | undefined {
  const { tenant, url } = issuer;
  if (outerFits({ mac: keys.mac, issuer: url, tenant }, parts) !== true) return undefined;
  const row = snapshot.get(sessionKey({ tenant, id: parts.sid as SessionId }));
  const session = row === undefined ? undefined : sessionFromRow(row);
  if (session === undefined || !innerFits(session.seed, parts)) return undefined;
  const family = familyOf(session, parts.fam as FamilyId);
  return family === undefined ? undefined : { session, family, generation: parts.generation };
}

function wouldRefresh(
  { session, family, generation }: GenuineRefreshToken,
  keys: OpenKeys,
  snapshot: Snapshot,
): boolean {
  const row = snapshot.get(clientKey(session.tenant, family.client));
  if (row === undefined || !clientFromRow(row).grants.includes("refresh_token")) return false;
  if (standingOf(session, snapshot).kind === "ended") return false;
  if (familyStanding(session, family, snapshot) !== undefined) return false;
  const event = { family: family.id, generation, client: family.client, macKid: keys.mac.currentKid };
  const { kind } = decide(session, { kind: "refresh", ...event }, snapshot.clock);
  return kind === "rotated" || kind === "retried" || kind === "recovered";
}
