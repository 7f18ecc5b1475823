// Finds which of many remembered tokens a notice matches. Only ever added to, and dropped as a whole with its
// generation: chains of numbers in typed arrays, so that one more token leaves nothing for the garbage collector.

import { type Notice, noticeMatches } from "@hallpass/protocol";
import { bucketOfNotice, forEachBucket } from "./match-index.ts";
import type { TokenKeys } from "./token-keys.ts";

const FIRST_LINKS = 64;
const NONE = 0;

export class LateIndex<T extends { readonly keys: TokenKeys }> {
  readonly #items: T[] = [];
  /** By the low bits of a bucket: its newest link, counted from 1. */
  #heads = new Int32Array(FIRST_LINKS * 2);
  /** A link is three numbers: the bucket, the item, the link before it in the chain. */
  #links = new Int32Array(FIRST_LINKS * 3);
  #used = 0;

  /** How many were added. */
  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    const at = this.#items.push(item) - 1;
    forEachBucket(item.keys, (bucket) => this.#link(bucket | 0, at));
  }

  /** Each once, also when it was added twice. */
  matching(notice: Notice): readonly T[] {
    const bucket = bucketOfNotice(notice);
    const candidates = bucket === undefined ? this.#items : this.#chain(bucket | 0);
    return [...new Set(candidates)].filter(({ keys }) => noticeMatches(notice, keys.matchable));
  }

  #link(bucket: number, item: number): void {
    if (this.#used * 3 === this.#links.length) this.#grow();
    const from = this.#used * 3;
    this.#links[from] = bucket;
    this.#links[from + 1] = item;
    this.#chainIn(this.#used);
    this.#used += 1;
  }

  #chainIn(link: number): void {
    const slot = this.#slot(this.#links[link * 3] ?? 0);
    this.#links[link * 3 + 2] = this.#heads[slot] ?? NONE;
    this.#heads[slot] = link + 1;
  }

  #grow(): void {
    const links = this.#links;
    this.#links = new Int32Array(links.length * 2);
    this.#links.set(links);
    this.#heads = new Int32Array(this.#heads.length * 2);
    for (let link = 0; link < this.#used; link += 1) this.#chainIn(link);
  }

  #chain(bucket: number): T[] {
    const found: T[] = [];
    let link = this.#heads[this.#slot(bucket)] ?? NONE;
    while (link !== NONE) {
      const from = (link - 1) * 3;
      const item = this.#items[this.#links[from + 1] ?? 0];
      if (this.#links[from] === bucket && item !== undefined) found.push(item);
      link = this.#links[from + 2] ?? NONE;
    }
    return found;
  }

  // Session ids and hashes end in random bits, but a client may have chosen a `jti`: no bits of it may be enough to
  // make long chains by accident.
  #slot(bucket: number): number {
    const mixed = Math.imul(bucket ^ (bucket >>> 15), 0x9e3779b1);
    return (mixed ^ (mixed >>> 13)) & (this.#heads.length - 1);
  }
}
