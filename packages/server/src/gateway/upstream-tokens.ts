// The token that an upstream gets: for its audience alone, for a minute. One is used again for half of its life, as long as nothing of
// the session has changed: the rows are read for every request, only the signature is spared.

import {
  type AccessTokenContent,
  type Dice,
  draftAccessToken,
  draftForSession,
  type Issuer,
  instantOf,
  type LiveAccessToken,
  type LiveSessionToken,
  type MaybePromise,
  type OpenKeys,
  parseSessionId,
  type Seconds,
  type SessionId,
  type Snapshot,
  secondsOf,
  sessionKey,
  signAccessToken,
  signerOf,
  signingAlgIn,
  type TenantId,
} from "@hallpass/core";
import { RESERVED_CLAIMS, TextTable } from "@hallpass/protocol";

/** Seconds. */
const LIFETIME: Seconds = secondsOf(60);
const MOST_KEPT = 10_000;

export interface UpstreamTokens {
  /** Undefined when the token would be too large. */
  forSession(
    live: LiveSessionToken,
    audience: string,
    snapshot: Snapshot,
    keys: OpenKeys,
  ): MaybePromise<string | undefined>;
  /** The same token if it is for this audience alone; otherwise one that is. Undefined when it expires within the second. */
  forBearer(
    live: LiveAccessToken,
    text: string,
    audience: string,
    snapshot: Snapshot,
    keys: OpenKeys,
  ): Promise<string | undefined>;
}

/** A token, and what it was made from. */
interface Kept {
  readonly token: string;
  readonly audience: string;
  readonly kid: string;
  readonly epoch: number;
  /** Of the rows of the session and of those above it. */
  readonly versions: readonly number[];
  /** Milliseconds of the store's clock. */
  readonly until: number;
}

export function createUpstreamTokens(deps: { readonly issuer: Issuer; readonly dice: Dice }): UpstreamTokens {
  /** By session, one for each audience. */
  let kept = new TextTable<readonly Kept[]>();
  let made = 0;

  function keep(session: string, next: Kept): void {
    made += 1;
    if (made > MOST_KEPT) {
      kept = new TextTable();
      made = 1;
    }
    const others = kept.get(session)?.filter(({ audience }) => audience !== next.audience) ?? [];
    kept.set(session, [...others, next]);
  }

  return {
    forSession: ({ session, row, family }, audience, snapshot, keys) => {
      const { head, clock } = snapshot;
      const { policy, tenant, id } = session;
      const { epoch } = head.pos;
      const alg = signingAlgIn(snapshot, tenant, family.client);
      const signer = signerOf(keys, { alg, client: family.client, session: id });
      const { kid } = signer;
      const known = kept.get(id)?.find((one) => one.audience === audience);
      // Whatever changes about the session, or about one above it, changes a row's version; a new epoch or key takes the place of the old.
      const versionAt = (at: number): number =>
        at === 0 ? row.version : versionOf(snapshot, tenant, session.ancestors[at - 1]);
      if (
        known !== undefined &&
        clock < known.until &&
        known.epoch === epoch &&
        known.kid === kid &&
        known.versions.every((version, at) => version === versionAt(at))
      )
        return known.token;
      const drafted = draftForSession(deps, {
        session: { ...session, policy: { ...policy, accessLifetime: shorter(policy.accessLifetime) } },
        family,
        alg,
        issue: { access: true, refresh: false },
        snapshot,
        keys,
        audience: [audience],
      });
      if (drafted?.access == null) return undefined;
      const versions = [row, ...session.ancestors].map((_, at) => versionAt(at));
      return signAccessToken(drafted.access).then(({ token, expires }) => {
        const text = token.reveal();
        keep(id, { token: text, audience, kid, epoch, versions, until: clock + (expires - clock) / 2 });
        return text;
      });
    },
    forBearer: async ({ claims, client }, text, audience, snapshot, keys) => {
      if (claims.aud.length === 1) return text;
      if (claims.exp * 1000 <= snapshot.clock) return undefined;
      const content: AccessTokenContent = {
        issuer: claims.iss,
        subject: claims.sub,
        audience: [audience],
        client,
        scope: claims.scope,
        // That of the token, so that what takes the one away takes the other away.
        pos: claims.pos,
        now: snapshot.clock,
        lifetime: LIFETIME,
        notAfter: instantOf(claims.exp * 1000),
        session: sessionIn({ claims }),
      };
      const alg = signingAlgIn(snapshot, deps.issuer.tenant, client);
      const signer = signerOf(keys, { alg, client, session: content.session?.id ?? null });
      const drafted = draftAccessToken(content, signer, deps.dice);
      return drafted === undefined ? undefined : (await signAccessToken(drafted)).token.reveal();
    },
  };
}

function sessionIn({ claims }: Pick<LiveAccessToken, "claims">): AccessTokenContent["session"] {
  const id = claims.sid === undefined ? undefined : parseSessionId(claims.sid);
  if (id === undefined || claims.fam === undefined) return null;
  return {
    id,
    family: claims.fam,
    ancestors: claims.anc.flatMap((text) => parseSessionId(text) ?? []),
    authTime: claims.authTime ?? null,
    acr: claims.acr ?? null,
    amr: claims.amr,
    claims: Object.fromEntries(Object.entries(claims.all).filter(([name]) => !RESERVED_CLAIMS.has(name))),
  };
}

/** 0 for a session that is not there. */
function versionOf(snapshot: Snapshot, tenant: TenantId, id: SessionId | undefined): number {
  return id === undefined ? 0 : (snapshot.get(sessionKey({ tenant, id }))?.version ?? 0);
}

function shorter(lifetime: Seconds): Seconds {
  return lifetime < LIFETIME ? lifetime : LIFETIME;
}
