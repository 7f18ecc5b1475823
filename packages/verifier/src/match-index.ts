// Finds what a notice matches without looking at everything: by session, token and subject. A client's cut-off and
// a new epoch are rare and may match anything, so they look at everything.

import { type Matchable, type Notice, noticeMatches } from "@hallpass/protocol";

export class MatchIndex<T> {
  readonly #all = new Map<T, Matchable>();
  readonly #byText = new Map<string, T | Set<T>>();

  get size(): number {
    return this.#all.size;
  }

  add(token: Matchable, item: T): void {
    this.#all.set(item, token);
    for (const text of textsOf(token)) {
      const held = this.#byText.get(text);
      if (held === undefined) this.#byText.set(text, item);
      else if (held instanceof Set) held.add(item);
      else this.#byText.set(text, new Set([held, item]));
    }
  }

  has(item: T): boolean {
    return this.#all.has(item);
  }

  remove(token: Matchable, item: T): void {
    if (!this.#all.delete(item)) return;
    for (const text of textsOf(token)) {
      const held = this.#byText.get(text);
      if (held instanceof Set) held.delete(item);
      if (held === item || (held instanceof Set && held.size === 0)) this.#byText.delete(text);
    }
  }

  /** A list of its own: what is found may be removed while it is walked. */
  matching(notice: Notice): T[] {
    return this.#candidates(notice).filter((item) => {
      const token = this.#all.get(item);
      return token !== undefined && noticeMatches(notice, token);
    });
  }

  items(): T[] {
    return [...this.#all.keys()];
  }

  #candidates({ taking }: Notice): T[] {
    switch (taking.kind) {
      case "session":
      case "outdated":
      case "family":
        return this.#at(`s${taking.sid}`);
      case "token":
        return this.#at(`t${taking.jti}`);
      case "subject":
        return this.#at(`u${taking.subject}`);
      case "client":
      case "epoch":
        return this.items();
    }
  }

  #at(text: string): T[] {
    const held = this.#byText.get(text);
    if (held === undefined) return [];
    return held instanceof Set ? [...held] : [held];
  }
}

function textsOf(token: Matchable): Set<string> {
  const texts = new Set([`t${token.jti}`]);
  if (token.sid !== undefined) texts.add(`s${token.sid}`);
  for (const ancestor of token.anc) texts.add(`s${ancestor}`);
  for (const subject of token.subjects) texts.add(`u${subject}`);
  return texts;
}
