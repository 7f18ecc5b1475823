// The bearer that a connection lives on: whose it is, when it ends, and whether a notice takes it away (CONN-1).
// The feed revokes others' tokens; it must not outlive its own.

import {
  type ClientId,
  type Instant,
  type Issuer,
  instantOf,
  type JudgeDeps,
  judgeAccessToken,
  takenHash,
} from "@hallpass/core";
import { type AccessTokenClaims, type Actor, FEED_SCOPE, type Matchable, noticeMatches } from "@hallpass/protocol";
import type { Takings } from "./takings.ts";

export interface FeedBearer {
  readonly clientId: ClientId;
  readonly claims: AccessTokenClaims;
  readonly expires: Instant;
}

export type JudgedBearer =
  | { readonly kind: "granted"; readonly bearer: FeedBearer }
  | { readonly kind: "refused" }
  | { readonly kind: "scope_missing" };

/** Throws Faults of the store: who can't be judged is neither let in nor sent away. */
export async function judgeFeedBearer(deps: JudgeDeps, token: string): Promise<JudgedBearer> {
  const live = await judgeAccessToken(deps, token);
  if (live === undefined || !live.claims.aud.includes(deps.issuer.url)) return { kind: "refused" };
  // A session speaks for its subject, and no subject is a verifier.
  if (live.claims.sid !== undefined || !live.claims.scope.includes(FEED_SCOPE)) return { kind: "scope_missing" };
  const { claims, client } = live;
  return { kind: "granted", bearer: { clientId: client, claims, expires: instantOf(claims.exp * 1000) } };
}

/** Says whether notices take this bearer away. Those up to its own position were known when it was issued. */
export function bearerWatch(issuer: Issuer, { claims }: FeedBearer): (takings: Takings) => boolean {
  const token: Matchable = {
    sid: claims.sid,
    fam: claims.fam,
    anc: claims.anc,
    jti: claims.jti,
    pos: claims.pos,
    iat: claims.iat,
    subjects: subjectsOf(claims).map((subject) => takenHash(issuer.salt, "subject", subject)),
    client: takenHash(issuer.salt, "client", claims.clientId),
  };
  return (takings) => takings.someAfter(claims.pos, (notice) => noticeMatches(notice, token));
}

function subjectsOf({ sub, act }: AccessTokenClaims): readonly string[] {
  const subjects = [sub];
  for (let actor: Actor | undefined = act; actor !== undefined; actor = actor.act) subjects.push(actor.sub);
  return subjects;
}
