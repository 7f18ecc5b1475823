// The issuer's keys as the feed delivers them: a complete set that replaces the one before. A key that is not in it
// was removed, compromised or never ours, and verifies nothing.

import { encodeBase64url, type KeysFrame } from "@hallpass/protocol";
import { type Awaitable, andThen, type Crypto, type PublicKey } from "./ports.ts";
import { type ReadJwk, readJwk } from "./public-jwk.ts";

/** One object per key for as long as the key stays in the set: being the same object means being trusted. */
export interface TrustedKey {
  readonly kid: string;
  /** Undefined for a key that this verifier can't use: every token that names it is refused. */
  readonly read: ReadJwk | undefined;
  /** Undefined as well when its kid is not its thumbprint, or the platform can't import it. */
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
      const read = readJwk(jwk);
      next.set(kid, this.#kept(kid, read) ?? trustedKey(kid, read));
    }
    this.#version = frame.version;
    this.#keys = next;
    return older ? "went_back" : "applied";
  }

  #kept(kid: string, read: ReadJwk | undefined): TrustedKey | undefined {
    const held = this.#keys.get(kid);
    return read !== undefined && held?.read?.alg === read.alg && held.read.written === read.written ? held : undefined;
  }
}

function trustedKey(kid: string, read: ReadJwk | undefined): TrustedKey {
  let opened: Awaitable<PublicKey | undefined>;
  let asked = false;
  return {
    kid,
    read,
    open(crypto) {
      if (asked) return opened;
      asked = true;
      opened = read === undefined ? undefined : openKey(crypto, kid, read);
      // Later callers need not wait for what is there already.
      if (opened instanceof Promise) void opened.then((key) => (opened = key));
      return opened;
    },
  };
}

function openKey(crypto: Crypto, kid: string, { jwk, written }: ReadJwk): Awaitable<PublicKey | undefined> {
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
