// Tokens whose signature was verified, by their whole text and nothing else: two texts that decode alike are two
// entries. Remembering says only that the signature fits; each use judges everything else again.
// Two generations: when the younger is full it becomes the older, and the older is forgotten. What is used stays.

import { type AccessTokenClaims, type Notice, TextTable } from "@hallpass/protocol";
import type { TrustedKey } from "./key-set.ts";
import { LateIndex } from "./late-index.ts";
import type { Reading } from "./lease.ts";
import type { TokenKeys } from "./token-keys.ts";

export interface Remembered {
  readonly claims: AccessTokenClaims;
  /** What the app sees of them, by its own schema; undefined without one. */
  readonly shown?: AccessTokenClaims | undefined;
  /** The app's schema has refused them. */
  readonly unfit?: true;
  /** The key of its signature; undefined for a session token, which has none. */
  readonly key: TrustedKey | undefined;
  /** For a session token: when the issuer was asked, and for how many milliseconds from then its answer holds. */
  readonly said?: { readonly asked: Reading; readonly forMs: number };
  readonly keys: TokenKeys;
  /** The revision of the view at which no notice took it away; 0 before the first look. */
  clearAt: number;
  /** Wall time in milliseconds; 0 for never. */
  acceptedAt: number;
  /** Wall time at which the session's activity was last noted. */
  notedAt: number;
  late: boolean;
}

interface Generation {
  readonly entries: TextTable<Remembered>;
  readonly index: LateIndex<Remembered>;
}

export class Memory {
  readonly #perGeneration: number;
  #young: Generation = generation();
  #old: Generation = generation();

  constructor(capacity: number) {
    this.#perGeneration = Math.max(1, Math.floor(capacity / 2));
  }

  get size(): number {
    return this.#young.entries.size + this.#old.entries.size;
  }

  find(token: string): Remembered | undefined {
    const young = this.#young.entries.get(token);
    if (young !== undefined) return young;
    const old = this.#old.entries.get(token);
    if (old !== undefined) {
      // It stays in the index of the older ones, which is soon forgotten; being late counts once anyway.
      this.#old.entries.delete(token);
      this.keep(token, old);
    }
    return old;
  }

  keep(token: string, remembered: Remembered): void {
    // The index only grows: a token that is kept again and again counts each time.
    if (this.#young.index.size >= this.#perGeneration) {
      this.#old = this.#young;
      this.#young = generation();
    }
    const before = this.#young.entries.get(token) ?? this.#old.entries.get(token);
    if (before !== undefined && before !== remembered) {
      // What takes its place answers for it: a late accept of one token counts once.
      remembered.acceptedAt = Math.max(remembered.acceptedAt, before.acceptedAt);
      before.late = true;
    }
    this.#young.entries.set(token, remembered);
    this.#young.index.add(remembered);
  }

  /** What was said of it is over. */
  drop(token: string): void {
    this.#young.entries.delete(token);
    this.#old.entries.delete(token);
  }

  /** When the salt changes, or the keys of the table would mean something else. */
  clear(): void {
    this.#young = generation();
    this.#old = generation();
  }

  /** How many remembered tokens were accepted after the commit of a notice that matches them, by the server's clock; each counts once. */
  countLate(notices: readonly Notice[], serverAhead: number): number {
    if (this.size === 0) return 0;
    let late = 0;
    for (const notice of notices) {
      for (const { index } of [this.#young, this.#old]) {
        for (const remembered of index.matching(notice)) {
          if (remembered.late || remembered.acceptedAt === 0) continue;
          if (remembered.acceptedAt + serverAhead <= notice.at) continue;
          remembered.late = true;
          late += 1;
        }
      }
    }
    return late;
  }
}

function generation(): Generation {
  return { entries: new TextTable(), index: new LateIndex() };
}
