// What many tokens are good for, asked at once by whoever may read sessions: all judged on one snapshot, so that the answers fit together.

import type { Position } from "@hallpass/protocol";
import type { Instant } from "../kernel/time.ts";
import { ringKey } from "../keys/ring.ts";
import { distinct } from "../store/distinct.ts";
import type { Store } from "../store/store.ts";
import { type JudgedToken, type JudgeTokenDeps, lookAt } from "../tokens/judge-token.ts";

export type IntrospectManyDeps = JudgeTokenDeps & { readonly store: Store };

export interface IntrospectedMany {
  /** The store's time and head of the snapshot on which all were judged. */
  readonly at: Instant;
  readonly pos: Position;
  /** In the order of the tokens. `superseded`: it was the session's, until a rotation; the session lives. */
  readonly found: readonly JudgedToken[];
}

/** Access tokens and session tokens; whatever else it is, a refresh token too, is inactive. Throws Faults of the store. */
export async function introspectMany(deps: IntrospectManyDeps, texts: readonly string[]): Promise<IntrospectedMany> {
  const asked = texts.map((text) => lookAt(deps, text));
  const snapshot = await deps.store.read(distinct([ringKey(deps.issuer.tenant), ...asked.flatMap((one) => one.rows)]));
  return { at: snapshot.clock, pos: snapshot.head.pos, found: asked.map((one) => one.judge(snapshot)) };
}
