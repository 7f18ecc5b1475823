// The issuer's keys as the feed delivers them: a complete set that replaces the one before. A key that is not in it
// was removed, compromised or never ours, and verifies nothing.

import { decodeBase64url, encodeBase64url, type JsonObject, type KeysFrame } from "@hallpass/protocol";
import { type Awaitable, andThen, type Crypto, type EcPublicJwk, type PublicKey } from "./ports.ts";

/** One object per key for as long as the key stays in the set: being the same object means being trusted. */
export interface TrustedKey {
  readonly kid: string;
  readonly jwk: EcPublicJwk | undefined;
  /** Undefined for a key that can't verify ES256: every token that names it is refused. */
  open(crypto: Crypto): Awaitable<PublicKey | undefined>;
}

export type KeysApplied = "applied" | "went_back";

export class KeySet {
  #version: number | undefined;
  #keys = new Map<string, TrustedKey>();

  /** Undefined before the first set. */
  get version(): number | undefined {
    return this.#version;
  }

  find(kid: string): TrustedKey | undefined {
    return this.#keys.get(kid);
  }

  /** Whether this very key is still in the set. */
  trusts(key: TrustedKey): boolean {
    return this.#keys.get(key.kid) === key;
  }

  /** An older set than the one held is not applied: it could bring back a key that was compromised since. */
  replace(frame: KeysFrame, firstOfConnection: boolean): KeysApplied {
    const older = this.#version !== undefined && frame.version < this.#version;
    if (older && !firstOfConnection) return "went_back";
    const next = new Map<string, TrustedKey>();
    for (const { kid, jwk } of frame.keys) {
      const point = es256Point(jwk);
      next.set(kid, this.#kept(kid, point) ?? trustedKey(kid, point));
    }
    this.#version = frame.version;
    this.#keys = next;
    return older ? "went_back" : "applied";
  }

  #kept(kid: string, point: EcPublicJwk | undefined): TrustedKey | undefined {
    const held = this.#keys.get(kid);
    return point !== undefined && held?.jwk?.x === point.x && held.jwk.y === point.y ? held : undefined;
  }
}

function trustedKey(kid: string, point: EcPublicJwk | undefined): TrustedKey {
  let opened: Awaitable<PublicKey | undefined>;
  let asked = false;
  return {
    kid,
    jwk: point,
    open(crypto) {
      if (asked) return opened;
      asked = true;
      opened = point === undefined ? undefined : openKey(crypto, kid, point);
      // Later callers need not wait for what is there already.
      if (opened instanceof Promise) void opened.then((key) => (opened = key));
      return opened;
    },
  };
}

// The algorithm is the key's: the header of a token only has to agree with it (AT-1).
function es256Point(jwk: JsonObject): EcPublicJwk | undefined {
  const { kty, crv, x, y, alg, use } = jwk;
  if (kty !== "EC" || crv !== "P-256" || alg !== "ES256" || (use !== undefined && use !== "sig")) return undefined;
  if (typeof x !== "string" || typeof y !== "string" || "d" in jwk) return undefined;
  return decodeBase64url(x)?.length === 32 && decodeBase64url(y)?.length === 32 ? { kty, crv, x, y } : undefined;
}

function openKey(crypto: Crypto, kid: string, jwk: EcPublicJwk): Awaitable<PublicKey | undefined> {
  const written = `{"crv":"P-256","kty":"EC","x":"${jwk.x}","y":"${jwk.y}"}`;
  return andThen(crypto.sha256(new TextEncoder().encode(written)), (thumbprint) => {
    // A kid is the thumbprint of its key (RFC 7638), so no kid can ever name a second key.
    if (encodeBase64url(thumbprint) !== kid) return undefined;
    try {
      const key = crypto.importKey(jwk);
      return key instanceof Promise ? key.catch(() => undefined) : key;
    } catch {
      return undefined;
    }
  });
}
