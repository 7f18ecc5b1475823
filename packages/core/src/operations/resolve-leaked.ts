// From a token that was found where it should not be to what has to be revoked. The token itself goes no further than here:
// whoever asked hears what was revoked, never what was shown.

import { parseRefreshToken } from "@hallpass/protocol";
import type { SessionId } from "../kernel/ids.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import type { Secret } from "../kernel/secret.ts";
import { instantOf } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import type { Target } from "../revocation/target.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import { isSigned, presentedAccessToken } from "../tokens/judge-access-token.ts";
import { genuineRefreshToken, type JudgeRefreshDeps } from "../tokens/judge-refresh-token.ts";
import { fitOfPresented, presentedSessionToken } from "../tokens/judge-session-token.ts";

/**
 * An access token is revoked itself; a session token, the one before the last rotation too, takes its session with it; a refresh token, of whatever generation, takes its family with it, or its session where the policy
 * has reuse end the session: whoever has an old one may have had the next. Over or not makes no difference. Refuses
 * `token_not_genuine` for everything that this issuer did not make, or can't tell any more. Throws Faults of the store.
 */
export async function resolveLeaked(deps: JudgeRefreshDeps, token: Secret): Promise<Answer<Target>> {
  const text = token.reveal();
  const target =
    (await ofRefreshToken(deps, text)) ?? (await ofSessionToken(deps, text)) ?? (await ofAccessToken(deps, text));
  return target === undefined ? refused("token_not_genuine") : granted(target);
}

async function ofRefreshToken(deps: JudgeRefreshDeps, text: string): Promise<Target | undefined> {
  const parts = parseRefreshToken(text);
  if (parts === undefined) return undefined;
  const { tenant } = deps.issuer;
  const snapshot = await deps.store.read([ringKey(tenant), sessionKey({ tenant, id: parts.sid as SessionId })]);
  const genuine = genuineRefreshToken(deps.issuer, parts, deps.keys.open(snapshot), snapshot);
  if (genuine === undefined) return undefined;
  const { session, family } = genuine;
  return session.policy.onReuse === "family"
    ? { kind: "family", session: session.id, family: family.id }
    : { kind: "session", session: session.id };
}

/** Whether it would be accepted does not matter, only whether it was this session's. */
async function ofSessionToken(deps: JudgeRefreshDeps, text: string): Promise<Target | undefined> {
  const presented = presentedSessionToken(deps, text);
  if (presented === undefined) return undefined;
  const snapshot = await deps.store.read(presented.rows);
  const row = snapshot.get(sessionKey({ tenant: deps.issuer.tenant, id: presented.session }));
  const session = row === undefined ? undefined : sessionFromRow(row);
  if (session === undefined || session.token === null) return undefined;
  const fit = fitOfPresented(deps.keys.open(snapshot).mac, session.token, presented);
  return fit === "unknown" ? undefined : { kind: "session", session: session.id };
}

async function ofAccessToken(deps: JudgeRefreshDeps, text: string): Promise<Target | undefined> {
  const presented = presentedAccessToken(deps, text);
  if (presented === undefined) return undefined;
  const keys = deps.keys.open(await deps.store.read([ringKey(deps.issuer.tenant)]));
  if (!isSigned(keys, presented)) return undefined;
  const { claims } = presented;
  return { kind: "token", jti: claims.jti, expires: instantOf(claims.exp * 1000) };
}
