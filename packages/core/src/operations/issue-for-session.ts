// The tokens of a session, on the snapshot that allowed them.

import type { SigningAlg } from "@hallpass/protocol";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import type { Secret } from "../kernel/secret.ts";
import { earliest, type Instant, secondsOf } from "../kernel/time.ts";
import { type OpenKeys, signerOf } from "../keys/ring.ts";
import { absoluteEnd, type Family, type Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import type { Snapshot } from "../store/store.ts";
import {
  type AccessTokenContent,
  canAlwaysBeMinted,
  type DraftedAccessToken,
  draftAccessToken,
  draftAlwaysFits,
  type MintedAccessToken,
  minted,
} from "../tokens/access-token.ts";
import { mintRefreshToken } from "../tokens/refresh-token.ts";
import { mintSessionToken } from "../tokens/session-token.ts";

export interface IssuedTokens {
  readonly access: MintedAccessToken | null;
  readonly refresh: Secret | null;
  readonly sessionToken: Secret | null;
  readonly scope: readonly string[];
}

/** What an operation settles in its change: all but the signature, which follows the commit. */
export interface DraftedTokens {
  readonly access: DraftedAccessToken | null;
  readonly refresh: Secret | null;
  readonly sessionToken: Secret | null;
  readonly scope: readonly string[];
}

export async function signTokens({ access, refresh, sessionToken, scope }: DraftedTokens): Promise<IssuedTokens> {
  if (access === null) return { access, refresh, sessionToken, scope };
  // Every promise between a request and its answer costs: here is one, where that of `signAccessToken` would be another.
  const signature = await access.signer.signSoon(access.signingInput);
  return { access: minted(access, signature), refresh, sessionToken, scope };
}

/** Which tokens a caller asks for. */
export interface Issue {
  readonly access: boolean;
  readonly refresh: boolean;
  readonly sessionToken?: boolean;
}

export interface IssueRequest {
  readonly session: Session;
  readonly family: Family;
  readonly issue: Issue;
  /** Was read with the session's row, or with that of its parent before there is one. */
  readonly snapshot: Pick<Snapshot, "head" | "clock" | "get">;
  readonly keys: OpenKeys;
  /** The algorithm of the client's access tokens. */
  readonly alg: SigningAlg;
  /** Narrows this access token only. */
  readonly scope?: readonly string[] | undefined;
  /** Narrows this access token only. */
  readonly audience?: readonly string[] | undefined;
}

/** Undefined when the access token would be too large. */
export function draftForSession(
  deps: { readonly issuer: Issuer; readonly dice: Dice },
  request: IssueRequest,
): DraftedTokens | undefined {
  const { session, family, issue, keys } = request;
  const { issuer, dice } = deps;
  const content = contentOf(issuer, request);
  const signer = signerOf(keys, { alg: request.alg, client: family.client, session: session.id });
  const access = issue.access ? draftAccessToken(content, signer, dice) : null;
  if (access === undefined) return undefined;
  const scheme = { mac: keys.mac, issuer: issuer.url, tenant: issuer.tenant };
  const refresh = issue.refresh
    ? mintRefreshToken(scheme, session.seed, {
        kid: family.macKid,
        sid: session.id,
        fam: family.id,
        generation: family.generation,
      })
    : null;
  const sessionToken =
    issue.sessionToken === true && session.token !== null ? mintSessionToken(keys.mac, session, session.token) : null;
  return { access, refresh, sessionToken, scope: content.scope };
}

/** Whether the access tokens of every family will fit into their limit, now and later: otherwise a refresh would fail some day. */
export function tokensAlwaysFit(issuer: Issuer, request: Pick<IssueRequest, "session" | "snapshot">): boolean {
  return request.session.families.every((family) => canAlwaysBeMinted(contentOf(issuer, { ...request, family })));
}

/** The same of a session of one family, with what was drafted for it and not narrowed. */
export function draftedAlwaysFit(
  issuer: Issuer,
  request: Pick<IssueRequest, "session" | "snapshot">,
  { access }: DraftedTokens,
): boolean {
  return access === null ? tokensAlwaysFit(issuer, request) : draftAlwaysFits(access, request.snapshot.head.pos);
}

/** What an access token of the session would say. */
export function contentOf(issuer: Issuer, request: Omit<IssueRequest, "issue" | "keys" | "alg">): AccessTokenContent {
  const { session, family, snapshot } = request;
  return {
    issuer: issuer.url,
    subject: session.subject,
    audience: request.audience ?? family.audience,
    client: family.client,
    scope: request.scope ?? family.scope,
    pos: snapshot.head.pos,
    now: snapshot.clock,
    // A policy was judged by the limit of its day; the configuration may have lowered it since.
    lifetime: secondsOf(Math.min(session.policy.accessLifetime, issuer.maxTokenLifetime)),
    notAfter: lastInstant(session, snapshot),
    session: {
      id: session.id,
      family: family.id,
      ancestors: session.ancestors,
      authTime: session.authTime,
      acr: session.acr,
      amr: session.amr,
      claims: session.claims,
    },
  };
}

/** A policy that was applied to a parent alone may have brought its end nearer than those below it know (POL-5). */
function lastInstant(session: Session, snapshot: Pick<Snapshot, "get">): Instant {
  const above = session.ancestors.flatMap((id): Instant[] => {
    const row = snapshot.get(sessionKey({ tenant: session.tenant, id }));
    return row === undefined ? [] : [absoluteEnd(sessionFromRow(row))];
  });
  return earliest(absoluteEnd(session), ...above);
}
