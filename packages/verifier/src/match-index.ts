// Finds what a notice matches without looking at everything: by session, token and subject. The cut-off of a client or
// of the tenant and a new epoch are rare and may match anything, so they look at everything.
// A bucket is chosen by one word of the key; what is in it is compared by the rule of matching itself.

import { type Notice, noticeMatches } from "@hallpass/protocol";
import { jtiWords, type KeyWords, readCode, readUuid, type TokenKeys } from "./token-keys.ts";

export class MatchIndex<T extends { readonly keys: TokenKeys }> {
  readonly #items = new Set<T>();
  readonly #buckets = new Map<number, T | Set<T>>();

  get size(): number {
    return this.#items.size;
  }

  add(item: T): void {
    this.#items.add(item);
    forEachBucket(item.keys, (bucket) => {
      const held = this.#buckets.get(bucket);
      if (held === undefined) this.#buckets.set(bucket, item);
      else if (held instanceof Set) held.add(item);
      else if (held !== item) this.#buckets.set(bucket, new Set([held, item]));
    });
  }

  has(item: T): boolean {
    return this.#items.has(item);
  }

  remove(item: T): void {
    if (!this.#items.delete(item)) return;
    forEachBucket(item.keys, (bucket) => {
      const held = this.#buckets.get(bucket);
      if (held instanceof Set) held.delete(item);
      if (held === item || (held instanceof Set && held.size === 0)) this.#buckets.delete(bucket);
    });
  }

  /** A list of its own: what is found may be removed while it is walked. */
  matching(notice: Notice): T[] {
    return this.#candidates(notice).filter(({ keys }) => noticeMatches(notice, keys.matchable));
  }

  items(): T[] {
    return [...this.#items];
  }

  #candidates(notice: Notice): T[] {
    if (this.#items.size === 0) return [];
    const bucket = bucketOfNotice(notice);
    if (bucket === undefined) return this.items();
    const held = this.#buckets.get(bucket);
    if (held === undefined) return [];
    return held instanceof Set ? [...held] : [held];
  }
}

/** Where tokens that a notice matches are found; undefined when they may be anywhere. */
export function bucketOfNotice({ taking }: Notice): number | undefined {
  const key: KeyWords = new Uint32Array(4);
  switch (taking.kind) {
    case "session":
    case "outdated":
    case "family":
      readUuid(taking.sid, key, 0);
      return bucketOf(key, 0);
    case "token":
      return jtiWords(taking.jti, key, 0) ? bucketOf(key, 0) : undefined;
    case "subject":
      readCode(taking.subject, key, 0);
      return bucketOf(key, 0);
    case "client":
    case "tenant":
    case "epoch":
      return undefined;
  }
}

// The last word: in a UUID of version 7 the first ones are the time, the last is random.
function bucketOf(words: KeyWords, at: number): number {
  return words[at + 3] ?? 0;
}

/** The same bucket may be visited twice. */
export function forEachBucket(keys: TokenKeys, visit: (bucket: number) => void): void {
  const { words } = keys;
  if (keys.hasSid) visit(bucketOf(words, keys.sidAt));
  if (keys.jtiIsCode) visit(bucketOf(words, keys.jtiAt));
  for (let at = keys.subjectsAt; at < keys.ancEnd; at += 4) visit(bucketOf(words, at));
}
