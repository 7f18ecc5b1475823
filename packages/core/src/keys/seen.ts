// What was found genuine under one set of open keys. Looking at a signature or a hash is what an introspection, a call with a bearer and a
// gateway's question pay most for, and the same token is shown again and again. Only a yes is kept, and what was read of the text;
// whatever else is asked of a token is judged anew each time. Keys that are opened anew have seen nothing.
// What is kept opens nothing: of a signature or a secret there is a hash alone, because memory is dumped, swapped and searched.

import { hash } from "node:crypto";
import { TextTable } from "@hallpass/protocol";
import { onItsOwn } from "../kernel/on-its-own.ts";

/** Texts in each of two generations; with what was read of it, one takes about three kilobytes. */
const MOST = 4096;

/** A whole text: what stands before its last dot as it is (of an access token all but its signature, of an opaque one nothing), and the SHA-256 of the rest. */
export interface Mark {
  readonly open: string;
  readonly hash: string;
}

/** No two texts of base64url have the same one; a signature is hashed alone because that costs half of what the whole token would. */
export function markOf(text: string): Mark {
  const at = text.lastIndexOf(".") + 1;
  return { open: text.slice(0, at), hash: secretMark(text.slice(at)) };
}

/** Of a text that is a secret as a whole, whatever stands in it. */
export function wholeMark(text: string): Mark {
  return { open: "", hash: secretMark(text) };
}

/** What is no secret and has one name. */
export function namedMark(name: string): Mark {
  return { open: "", hash: name };
}

/** As characters of one byte each, which costs less than any other form. */
export function secretMark(secret: string | Uint8Array): string {
  return hash("sha256", secret, "latin1");
}

export class Seen<T extends object> {
  #recent = new TextTable<Kept<T>>();
  #older = new TextTable<Kept<T>>();

  get({ open, hash: hashed }: Mark): T | undefined {
    let kept = this.#recent.get(hashed);
    if (kept === undefined) {
      kept = this.#older.get(hashed);
      if (kept !== undefined) this.#keep(hashed, kept);
    }
    return kept?.open === open ? kept.found : undefined;
  }

  /** Forgets the oldest when there are many. */
  set({ open, hash: hashed }: Mark, found: T): void {
    this.#keep(hashed, { open: onItsOwn(open), found });
  }

  #keep(hashed: string, kept: Kept<T>): void {
    this.#recent.set(hashed, kept);
    if (this.#recent.size >= MOST) [this.#older, this.#recent] = [this.#recent, new TextTable()];
  }
}

interface Kept<T> {
  readonly open: string;
  readonly found: T;
}
