// Every token that was ever issued, by whom it was issued for and on which snapshot.

import { type AccessTokenClaims, parseAccessTokenClaims, parseCompactJws, parseRefreshToken } from "@hallpass/protocol";
import { Violation } from "../world/violation.ts";

export interface AccessToken {
  readonly text: string;
  readonly claims: AccessTokenClaims;
  readonly kid: string;
  /** False for a text that nobody signed. */
  readonly genuine: boolean;
}

/** `ancestors`: those of its session, whether or not it names them. */
export function readAccess(text: string, ancestors: readonly string[]): AccessToken {
  const jws = parseCompactJws(text);
  const claims = jws.ok ? parseAccessTokenClaims(jws.payload) : undefined;
  if (!jws.ok || claims === undefined || jws.header.kid === undefined)
    throw new Violation("D0-no-defect", "an access token was issued that can't be read");
  return { text, claims: { ...claims, anc: ancestors }, kid: jws.header.kid, genuine: true };
}

/** Refresh tokens by family and generation, and who came from whom. */
export class Minted {
  readonly #texts = new Map<string, string>();
  /** By parent: the children that were taken for good when they were shown. */
  readonly #live = new Map<string, string>();
  readonly #parents = new Map<string, string>();

  /** A generation has one text; `parent` is the generation that was presented for it. */
  refresh(text: string, family: string, parent: number | null): number {
    const parts = parseRefreshToken(text);
    if (parts === undefined) throw new Violation("D0-no-defect", "a refresh token was issued that can't be read");
    const name = `${family} ${parts.generation}`;
    const before = this.#texts.get(name);
    if (before !== undefined && before !== text)
      throw new Violation("P4-one-successor", `generation ${parts.generation} of ${family} has two texts`);
    this.#texts.set(name, text);
    if (parent !== null) this.#parents.set(name, `${family} ${parent}`);
    return parts.generation;
  }

  /** A generation was shown and taken for good: no other child of its parent may be. */
  wasLive(family: string, generation: number): void {
    const name = `${family} ${generation}`;
    const parent = this.#parents.get(name);
    if (parent === undefined) return;
    const sibling = this.#live.get(parent);
    if (sibling !== undefined && sibling !== name)
      throw new Violation("P4-one-successor", `${parent} has two live children, ${sibling} and ${name}`);
    this.#live.set(parent, name);
  }
}
