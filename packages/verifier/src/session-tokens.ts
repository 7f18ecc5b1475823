// Session tokens (spec/session-token.md): opaque, so the issuer is asked about each once, and its answer is remembered as the claims of an
// access token would be: judged against the view on every request, for as long as the issuer said, and forgotten on any snapshot.

import {
  type AccessTokenClaims,
  bytesToUuid,
  isJsonObject,
  parseAccessTokenClaims,
  parseSessionToken,
  parseStrictJson,
  SESSION_TOKEN_PREFIX,
} from "@hallpass/protocol";
import { shownBy } from "./claims-schema.ts";
import { ageOf, type Reading } from "./lease.ts";
import { Memory, type Remembered } from "./memory.ts";
import type { Ports } from "./ports.ts";
import { asShown, keysUnderCurrentSalt, type ReaderDeps } from "./token-reader.ts";

export type Asked =
  /** `asked`: when the question was sent. What the issuer said was true no earlier. */
  | { readonly kind: "active"; readonly read: Remembered; readonly asked: Reading }
  | { readonly kind: "inactive" }
  | { readonly kind: "failed" };

export interface SessionTokensDeps {
  readonly reader: ReaderDeps;
  readonly ports: Pick<Ports, "introspect">;
  readonly now: () => Reading;
  readonly capacity: number;
}

const LIMITS = { maxLength: 65_536, maxDepth: 12, maxMembers: 512 };
/** Questions under way. Well-formed texts cost nothing to make up: beyond it nobody is asked, and nobody let in. */
const MOST_QUESTIONS = 256;
/** A no holds for good, but for clocks that are set right and subjects that are unblocked: so it is remembered for a moment only. */
const NO_FOR_MS = 1000;
const MOST_NOES = 4096;

/** By its first characters, which no access token has. */
export function looksLikeSessionToken(token: string): boolean {
  return token.startsWith(SESSION_TOKEN_PREFIX);
}

export class SessionTokens {
  readonly memory: Memory;
  readonly #deps: SessionTokensDeps;
  readonly #questions = new Map<string, Promise<Asked>>();
  readonly #noes = new Map<string, Reading>();
  #forgotten = 0;

  constructor(deps: SessionTokensDeps) {
    this.#deps = deps;
    this.memory = new Memory(deps.capacity);
  }

  /** What the issuer said, while it may still be relied on; `malformed` and `inactive` need no question; otherwise undefined. */
  find(token: string, now: Reading): Remembered | "malformed" | "inactive" | undefined {
    const found = this.memory.find(token);
    if (found?.said !== undefined)
      return ageOf(found.said.asked, now.wall, now.mono) < found.said.forMs ? found : undefined;
    if (parseSessionToken(token) === undefined) return "malformed";
    const no = this.#noes.get(token);
    return no !== undefined && ageOf(no, now.wall, now.mono) < NO_FOR_MS ? "inactive" : undefined;
  }

  /** One question for all who want to know about a token at the same time. Never rejects. */
  ask(token: string): Promise<Asked> {
    const same = this.#questions.get(token);
    if (same !== undefined) return same;
    if (this.#questions.size >= MOST_QUESTIONS) return Promise.resolve({ kind: "failed" });
    const question = this.#ask(token).finally(() => this.#questions.delete(token));
    this.#questions.set(token, question);
    return question;
  }

  /** After a snapshot nothing that was said before counts, also what is being answered now. */
  forget(): void {
    this.#forgotten += 1;
    this.memory.clear();
    this.#noes.clear();
  }

  async #ask(token: string): Promise<Asked> {
    const { ports, now, reader } = this.#deps;
    const asked = now();
    const before = this.#forgotten;
    reader.counters.introspections += 1;
    try {
      const body = await ports.introspect?.(token);
      const claims = body === undefined ? undefined : claimsIn(body, token, reader);
      if (claims === undefined) return { kind: "failed" };
      if (claims === "inactive") {
        this.memory.drop(token);
        if (before === this.#forgotten) this.#remember(token, asked);
        return { kind: "inactive" };
      }
      const shown = await shownBy(reader.schema, claims);
      const keys = await keysUnderCurrentSalt(reader, claims);
      // Both are whole seconds rounded down, so that one of them may be missing.
      const said = { asked, forMs: (claims.exp - claims.iat - 1) * 1000 };
      const read: Remembered = {
        claims,
        ...asShown(shown),
        key: undefined,
        said,
        keys,
        clearAt: 0,
        acceptedAt: 0,
        notedAt: 0,
        late: false,
      };
      if (said.forMs > 0 && before === this.#forgotten) this.memory.keep(token, read);
      return { kind: "active", read, asked };
    } catch {
      return { kind: "failed" };
    }
  }

  #remember(token: string, asked: Reading): void {
    this.#noes.delete(token);
    this.#noes.set(token, asked);
    if (this.#noes.size <= MOST_NOES) return;
    const oldest = this.#noes.keys().next();
    if (oldest.done !== true) this.#noes.delete(oldest.value);
  }
}

/** Undefined for an answer that says neither yes nor no, or yes without saying to what, or that speaks of another session than the token. */
function claimsIn(body: string, token: string, { lists }: ReaderDeps): AccessTokenClaims | "inactive" | undefined {
  const parsed = parseStrictJson(body, LIMITS);
  if (!parsed.ok || !isJsonObject(parsed.value)) return undefined;
  const { active, token_type: type, ...said } = parsed.value;
  if (active === false) return "inactive";
  if (active !== true || type !== "Bearer") return undefined;
  const claims = parseAccessTokenClaims(said, lists);
  if (claims?.sid === undefined) return undefined;
  return claims.sid === sessionOf(token) ? claims : undefined;
}

/** The session that a session token names. */
function sessionOf(token: string): string | undefined {
  const bytes = parseSessionToken(token);
  return bytes === undefined ? undefined : bytesToUuid(bytes.subarray(0, 16));
}
