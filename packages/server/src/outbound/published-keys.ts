// Keys that clients publish themselves (jwks_uri): fetched when they are needed, remembered for a while, asked for together. A client that
// signs with a key we do not know has us look again, but not more often than every half minute.

import { type Clock, Fault, type PublicJwk } from "@hallpass/core";
import { isJsonObject, parseStrictJson } from "@hallpass/protocol";
import { parsePublicJwk } from "../endpoints/assertions/public-jwk.ts";

export interface PublishedKeys {
  /** Throws Fault `client_keys_unavailable`. */
  readonly of: (uri: string) => Promise<readonly PublicJwk[]>;
  /** Fetched after this call began, unless that was done a moment ago. */
  readonly newerOf: (uri: string) => Promise<readonly PublicJwk[]>;
}

export interface PublishedKeysOptions {
  readonly clock: Pick<Clock, "monotonic">;
  /** Rejects for everything but a document. */
  readonly fetch: (uri: string) => Promise<string>;
}

/** Milliseconds for which a set is used without asking again, so that a key that is gone is refused soon. */
export const KEPT_MS = 300_000;
/** Milliseconds between two looks for an unknown key, and after a look that failed. */
export const PAUSE_MS = 30_000;
const MOST_KEPT = 1000;
const MOST_KEYS = 32;

interface Kept {
  /** The last set that was fetched whole; a look that fails takes nothing away from it. */
  readonly good: { readonly at: number; readonly keys: readonly PublicJwk[] } | undefined;
  readonly tried: { readonly at: number; readonly keys: Promise<readonly PublicJwk[]> };
}

export function createPublishedKeys({ clock, fetch }: PublishedKeysOptions): PublishedKeys {
  const kept = new Map<string, Kept>();
  async function fetched(uri: string): Promise<readonly PublicJwk[]> {
    try {
      return keysIn(await fetch(uri));
    } catch (cause) {
      throw new Fault("client_keys_unavailable", { cause, retryAfter: PAUSE_MS / 1000 });
    }
  }
  function look(uri: string): Promise<readonly PublicJwk[]> {
    const at = clock.monotonic();
    const known = kept.get(uri);
    if (known !== undefined && at - known.tried.at < PAUSE_MS) return known.tried.keys;
    const keys = fetched(uri);
    const tried = { at, keys };
    kept.delete(uri);
    kept.set(uri, { good: known?.good, tried });
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value ?? uri);
    keys.then(
      (good) => kept.get(uri)?.tried === tried && kept.set(uri, { good: { at, keys: good }, tried }),
      () => undefined,
    );
    return keys;
  }
  return {
    of: async (uri) => {
      const good = kept.get(uri)?.good;
      return good !== undefined && clock.monotonic() - good.at < KEPT_MS ? good.keys : look(uri);
    },
    newerOf: look,
  };
}

/** RFC 7517 section 5: keys that can't be used are skipped. Throws for what is no set. */
function keysIn(text: string): readonly PublicJwk[] {
  const json = parseStrictJson(text, { maxLength: 65_536, maxDepth: 6, maxMembers: 1024 });
  const keys = json.ok && isJsonObject(json.value) ? json.value["keys"] : undefined;
  if (!Array.isArray(keys)) throw new Error("the document is no JWK Set");
  return keys.slice(0, MOST_KEYS).flatMap((key) => parsePublicJwk(key) ?? []);
}
