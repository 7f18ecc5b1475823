// A text that may be any token of ours: what to read before it is judged, and its verdict on a snapshot that was read with that.

import type { RowKey, Snapshot } from "../store/store.ts";
import {
  type JudgeDeps,
  judgeAccessTokenOn,
  type LiveAccessToken,
  presentedAccessToken,
} from "./judge-access-token.ts";
import {
  type JudgedSessionToken,
  type JudgeSessionTokenDeps,
  judgeSessionTokenOn,
  presentedSessionToken,
} from "./judge-session-token.ts";

export type JudgeTokenDeps = Omit<JudgeDeps, "store"> & JudgeSessionTokenDeps;

export type JudgedToken =
  | { readonly kind: "inactive" }
  | Extract<JudgedSessionToken, { kind: "superseded" }>
  | { readonly kind: "access"; readonly token: LiveAccessToken }
  | { readonly kind: "session"; readonly token: Extract<JudgedSessionToken, { kind: "live" }> };

export interface Look {
  readonly rows: readonly RowKey[];
  readonly judge: (snapshot: Snapshot) => JudgedToken;
}

export const INACTIVE: { readonly kind: "inactive" } = { kind: "inactive" };

/** Touches no store. Access tokens and session tokens; whatever else it is, a refresh token too, is inactive and needs no rows. */
export function lookAt(deps: JudgeTokenDeps, text: string): Look {
  const opaque = presentedSessionToken(deps, text);
  if (opaque !== undefined) {
    const judge = (snapshot: Snapshot): JudgedToken => {
      const judged = judgeSessionTokenOn(deps, opaque, snapshot);
      return judged.kind === "live" ? { kind: "session", token: judged } : judged;
    };
    return { rows: opaque.rows, judge };
  }
  const presented = presentedAccessToken(deps, text);
  if (presented === undefined) return { rows: [], judge: () => INACTIVE };
  const judge = (snapshot: Snapshot): JudgedToken => {
    const token = judgeAccessTokenOn(deps, presented, snapshot);
    return token === undefined ? INACTIVE : { kind: "access", token };
  };
  return { rows: presented.rows, judge };
}
