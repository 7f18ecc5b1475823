// The judge of a run: sees every commit at the store itself, every answer and every verdict, and knows true time. What it
// finds broken it throws once, and the run stops there.

import { issuerKey, type KeyRing, ringKey, type Store } from "@hallpass/core";
import { decodeBase64url } from "@hallpass/protocol";
import { TENANT } from "../parts/settings.ts";
import type { History } from "../world/history.ts";
import type { TimeLine } from "../world/time-line.ts";
import { Violation } from "../world/violation.ts";
import { Book, type CommittedNotice } from "./book.ts";
import { Calls } from "./calls.ts";
import { Minted } from "./minted.ts";
import { PolicyTruth } from "./policy-truth.ts";
import { Receipts } from "./receipts.ts";
import { Refreshes } from "./refreshes.ts";
import { Requests } from "./requests.ts";
import { SessionTokens } from "./session-tokens.ts";
import { SessionTruth } from "./session-truth.ts";
import { Verdicts } from "./verdicts.ts";

export class WorldTruth {
  readonly #line: TimeLine;
  readonly history: History;
  readonly book: Book = new Book();
  readonly minted: Minted = new Minted();
  readonly requests: Requests;
  readonly policies: PolicyTruth = new PolicyTruth();
  readonly sessions: SessionTruth;
  readonly sessionTokens: SessionTokens;
  readonly refreshes: Refreshes;
  readonly receipts: Receipts;
  readonly verdicts: Verdicts;
  readonly calls: Calls;
  violation: Violation | undefined;
  readonly #shown = new Map<number, number>();
  /** Told of each notice when it is committed. */
  onNotice: (notice: CommittedNotice) => void = () => {};

  /** `steady`: what the store's clock would show without its jumps. */
  constructor(line: TimeLine, history: History, strict: boolean, steady: (shown: number) => number) {
    this.#line = line;
    this.history = history;
    this.requests = new Requests(line, (request) => this.refreshes.decided(request));
    this.sessions = new SessionTruth(line, this.book, this.requests, this.policies);
    this.sessionTokens = new SessionTokens(line, this.book, this.sessions);
    this.refreshes = new Refreshes({
      line,
      steady,
      strict,
      book: this.book,
      sessions: this.sessions,
      minted: this.minted,
    });
    this.receipts = new Receipts(line);
    this.calls = new Calls(line);
    this.verdicts = new Verdicts(line, this.book, this.receipts, this.policies, strict);
  }

  /** The true time at which the store's clock last showed this to somebody. */
  shownAt(clock: number): number {
    const at = this.#shown.get(clock);
    if (at === undefined) throw new Violation("P2-receipt", `the store's clock never showed ${clock}`);
    return at;
  }

  /** Runs a check. The first promise that is found broken ends the run. */
  check<T>(judge: () => T): T | undefined {
    try {
      return judge();
    } catch (cause) {
      this.broke(cause);
      return undefined;
    }
  }

  broke(cause: unknown): void {
    const violation = cause instanceof Violation ? cause : new Violation("D0-no-defect", detailOf(cause));
    if (this.violation !== undefined) return;
    this.violation = violation;
    this.history.add("judge", "VIOLATION", violation.message);
    this.#line.stop();
  }

  /** The store as the nodes share it, with the judge beside it. `open` opens the keys that a commit leaves behind. */
  watched(store: Store, open: KeyRing): Store {
    return {
      ...store,
      read: async (keys) => {
        const snapshot = await store.read(keys);
        this.book.clockSeen = Math.max(this.book.clockSeen, snapshot.clock);
        this.#shown.set(snapshot.clock, this.#line.now);
        return snapshot;
      },
      commit: async (changes) => {
        const outcomes = await store.commit(changes);
        for (const [index, outcome] of outcomes.entries()) {
          const change = changes[index];
          if (change === undefined || outcome.kind !== "committed") continue;
          const tried = this.requests.by(change.attempt);
          if (tried !== undefined && change.rows.length > 0) tried.request.committed = true;
          this.check(() => this.policies.put(change));
          this.check(() => this.sessions.judge(change, outcome));
          for (const notice of this.book.write(change, outcome, this.#line.now)) this.onNotice(notice);
          for (const { body } of change.notices)
            this.history.add("store", "notice", `${outcome.pos.epoch}.${outcome.pos.seq} ${body}`);
          for (const { kind, session } of change.facts) this.history.add("store", kind, session ?? "");
          if (change.facts.some(({ kind }) => kind === "store_regressed"))
            this.broke(new Violation("P1-nothing-is-lost", "store_regressed, and the store lost nothing"));
          if (change.rows.some(({ key }) => key.kind === "issuer" || key.kind === "keys"))
            await this.#learn(store, open);
        }
        return outcomes;
      },
    };
  }

  async #learn(store: Store, ring: KeyRing): Promise<void> {
    const snapshot = await store.read([issuerKey(TENANT), ringKey(TENANT)]);
    const issuer = snapshot.get(issuerKey(TENANT));
    const salt = issuer === undefined ? undefined : (JSON.parse(issuer.value) as { readonly salt: string }).salt;
    if (salt !== undefined) this.book.saltedWith(decodeBase64url(salt) ?? new Uint8Array());
    if (snapshot.get(ringKey(TENANT)) === undefined) return;
    const published = new Set(ring.open(snapshot).published.map(({ kid }) => kid));
    this.book.keysAre(published, this.#line.now);
  }
}

function detailOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
