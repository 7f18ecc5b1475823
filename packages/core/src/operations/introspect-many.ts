// What many tokens are good for, asked at once by whoever may read sessions: all judged on one snapshot, so that the answers fit together.

import type { Position } from "@hallpass/protocol";
import type { SessionId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import type { RowKey, Snapshot, Store } from "../store/store.ts";
import {
  accessTokenRows,
  type JudgeDeps,
  judgeAccessTokenOn,
  type LiveAccessToken,
  presentedAccessToken,
} from "../tokens/judge-access-token.ts";
import {
  type JudgeSessionTokenDeps,
  judgeSessionTokenOn,
  type LiveSessionToken,
  presentedSessionToken,
} from "../tokens/judge-session-token.ts";

export type IntrospectManyDeps = JudgeDeps & JudgeSessionTokenDeps & { readonly store: Store };

export type FoundOfMany =
  | { readonly kind: "inactive" }
  /** It was the session's, until a rotation; the session lives. */
  | { readonly kind: "superseded"; readonly session: SessionId }
  | { readonly kind: "access"; readonly token: LiveAccessToken }
  | { readonly kind: "session"; readonly token: LiveSessionToken };

export interface IntrospectedMany {
  /** The store's time and head of the snapshot on which all were judged. */
  readonly at: Instant;
  readonly pos: Position;
  /** In the order of the tokens. */
  readonly found: readonly FoundOfMany[];
}

const INACTIVE: FoundOfMany = { kind: "inactive" };

/** Access tokens and session tokens; whatever else it is, a refresh token too, is inactive. Throws Faults of the store. */
export async function introspectMany(deps: IntrospectManyDeps, texts: readonly string[]): Promise<IntrospectedMany> {
  const asked = texts.map((text) => look(deps, text));
  const rows = new Map(
    [ringKey(deps.issuer.tenant), ...asked.flatMap((one) => one.rows)].map((key) => [keyText(key), key]),
  );
  const snapshot = await deps.store.read([...rows.values()]);
  return { at: snapshot.clock, pos: snapshot.head.pos, found: asked.map((one) => one.judge(snapshot)) };
}

interface Look {
  readonly rows: readonly RowKey[];
  readonly judge: (snapshot: Snapshot) => FoundOfMany;
}

function look(deps: IntrospectManyDeps, text: string): Look {
  const opaque = presentedSessionToken(deps.issuer, text);
  if (opaque !== undefined) {
    const judge = (snapshot: Snapshot): FoundOfMany => {
      const judged = judgeSessionTokenOn(deps, opaque, snapshot);
      return judged.kind === "live" ? { kind: "session", token: judged } : judged;
    };
    return { rows: opaque.rows, judge };
  }
  const presented = presentedAccessToken(deps.issuer, text);
  if (presented === undefined) return { rows: [], judge: () => INACTIVE };
  const judge = (snapshot: Snapshot): FoundOfMany => {
    const token = judgeAccessTokenOn(deps, presented, snapshot);
    return token === undefined ? INACTIVE : { kind: "access", token };
  };
  return { rows: accessTokenRows(deps.issuer, presented), judge };
}

function keyText({ kind, id }: RowKey): string {
  return `${kind} ${id}`;
}
