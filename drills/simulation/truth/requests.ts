// Who asked for a refresh, with what, and what the store showed to the server that decided: carried beside the request
// by a store of its own, so that every commit and every answer can be judged against the snapshot it rests on.

import { ringKey, type Snapshot, type Store } from "@hallpass/core";
import { TENANT } from "../parts/settings.ts";
import type { TimeLine } from "../world/time-line.ts";

export interface Asked {
  readonly who: string;
  readonly honest: boolean;
  readonly sid: string;
  readonly fam: string;
  readonly generation: number;
  readonly client: string;
  readonly scope: readonly string[] | undefined;
  /** True time. */
  readonly sentAt: number;
}

export interface RefreshRequest extends Asked {
  /** The last snapshot that its server was given: the one that it decided on. */
  snapshot: Snapshot | undefined;
  /** True time of that. */
  decidedAt: number;
  /** Whether a change of it was committed. */
  committed: boolean;
}

/** One try of a request to commit, and what it rests on: it may land when the request has long tried again. */
export interface Tried {
  readonly request: RefreshRequest;
  readonly snapshot: Snapshot;
}

export class Requests {
  readonly #line: TimeLine;
  readonly #byAttempt = new Map<string, Tried>();
  readonly #decided: (request: RefreshRequest) => void;

  constructor(line: TimeLine, decided: (request: RefreshRequest) => void) {
    this.#line = line;
    this.#decided = decided;
  }

  by(attempt: string): Tried | undefined {
    return this.#byAttempt.get(attempt);
  }

  begin(asked: Asked): RefreshRequest {
    return { ...asked, snapshot: undefined, decidedAt: 0, committed: false };
  }

  /** The same store; `told` hears of every snapshot that an operation decides on. */
  watched(store: Store, told: (snapshot: Snapshot) => void): Store {
    return {
      ...store,
      read: async (keys) => {
        const snapshot = await store.read(keys);
        // What asks without the keys only looks for its attempt, and decides nothing.
        if (snapshot.has(ringKey(TENANT))) told(snapshot);
        return snapshot;
      },
    };
  }

  /** The same store, with this request written on everything that goes through it. */
  through(store: Store, request: RefreshRequest): Store {
    const watched = this.watched(store, (snapshot) => {
      request.snapshot = snapshot;
      request.decidedAt = this.#line.now;
      this.#decided(request);
    });
    return {
      ...watched,
      commit: (changes) => {
        const { snapshot } = request;
        for (const { attempt } of changes)
          if (snapshot !== undefined) this.#byAttempt.set(attempt, { request, snapshot });
        return store.commit(changes);
      },
    };
  }
}
