// Activity that verifiers report. Reports of one session fold into the latest; a few are written at a time, beside everything
// else: nobody's ping waits for them. They may be lost: whoever is still active is reported again.

import { type Instant, instantOf, type KeepAliveDeps, keepAlive, parseSessionId, type SessionId } from "@hallpass/core";

const MOST_AT_ONCE = 8;
const MOST_WAITING = 50_000;

export interface ActivityReports {
  note(sessions: readonly (readonly [sid: string, atMs: number])[]): void;
  /** Settles when what was noted has been written. */
  settled(): Promise<void>;
}

export interface ActivityLog {
  readonly dropped: (sessions: number) => void;
  readonly failed: (cause: unknown) => void;
}

export function createActivityReports(deps: KeepAliveDeps, log: ActivityLog): ActivityReports {
  const waiting = new Map<SessionId, Instant>();
  const writers = new Set<Promise<void>>();

  async function write(): Promise<void> {
    for (let next = takeFirst(waiting); next !== undefined; next = takeFirst(waiting)) {
      try {
        await keepAlive(deps, next[0], next[1], "report");
      } catch (cause) {
        // The store is in trouble: what waits would only add to it.
        const lost = waiting.size + 1;
        waiting.clear();
        log.failed(cause);
        log.dropped(lost);
      }
    }
  }

  function start(): void {
    const writer = write().finally(() => writers.delete(writer));
    writers.add(writer);
  }

  return {
    note: (sessions) => {
      let dropped = 0;
      for (const [sid, atMs] of sessions) {
        const id = parseSessionId(sid);
        if (id === undefined) continue;
        const known = waiting.get(id);
        if (known === undefined && waiting.size >= MOST_WAITING) dropped += 1;
        else waiting.set(id, instantOf(Math.max(known ?? 0, atMs)));
      }
      if (dropped > 0) log.dropped(dropped);
      while (writers.size < Math.min(MOST_AT_ONCE, waiting.size)) start();
    },
    settled: async () => {
      await Promise.all(writers);
    },
  };
}

function takeFirst<K, V>(map: Map<K, V>): readonly [K, V] | undefined {
  for (const entry of map) {
    map.delete(entry[0]);
    return entry;
  }
  return undefined;
}
