// What everyone who is connected gets: the stretch of notices up to each head that is read, and the keys. A round is one
// read and whatever it brings; when it is over, all that it names has been handed to every connection (LEASE-5).

import {
  type Clock,
  Fault,
  type Head,
  type Instant,
  type Issuer,
  type KeyRing,
  type OpenKeys,
  ringKey,
  type Scheduler,
  type Store,
} from "@hallpass/core";
import { comparePositions } from "@hallpass/protocol";
import { keysText } from "./frame-texts.ts";
import { type Interval, intervalOf } from "./interval.ts";
import { noticePages } from "./notice-pages.ts";
import { lookedBy } from "./seen-heads.ts";

export interface Keys {
  readonly version: number;
  readonly text: string;
}

export interface Round {
  readonly head: Head;
  /** The store's time of the read. */
  readonly time: Instant;
  /** The store's time by which the read had looked. */
  readonly lookedBy: Instant;
  readonly open: OpenKeys;
  readonly keys: Keys;
}

export interface Audience {
  /** Nobody listens: nothing is read for nobody. */
  isEmpty(): boolean;
  /** Called in order; each interval begins where the one before it ended. */
  interval(interval: Interval): void;
  keys(keys: Keys): void;
  /** The head went back, or forked: what was sent is no longer what the store holds. Settles when a new epoch lies above it. */
  historyLost(sent: Head): Promise<void>;
}

export interface BroadcastDeps {
  readonly clock: Pick<Clock, "monotonic">;
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly keys: KeyRing;
  readonly issuer: Issuer;
}

export interface Broadcast {
  /** Not to be called again before it has settled. Rejects with a Fault when the store can't tell; the next call goes on where it stopped. */
  round(): Promise<Round>;
  readonly latestKeys: Keys | undefined;
  /** The newest head that was read. */
  readonly head: Head | undefined;
}

/** After a full page: what a reader takes in meanwhile does not pile up before it. */
const BREATH_MS = 10;

export function createBroadcast(deps: BroadcastDeps, audience: Audience): Broadcast {
  const { store, issuer } = deps;
  let sent: Head | undefined;
  let opened: OpenKeys | undefined;
  let latestKeys: Keys | undefined;

  async function publish(from: Head, to: Head, open: OpenKeys): Promise<void> {
    for await (const page of noticePages({ store, tenant: issuer.tenant }, from.pos, to)) {
      audience.interval(intervalOf(page, issuer, open.mac));
      sent = page.to;
      if (!page.last) await breath(deps.scheduler);
    }
  }

  function publishKeys(open: OpenKeys): Keys {
    if (open === opened && latestKeys !== undefined) return latestKeys;
    opened = open;
    latestKeys = { version: open.version, text: keysText(open) };
    audience.keys(latestKeys);
    return latestKeys;
  }

  /** Where this node's sending stopped must still be a place in the store's history, or nothing can be added to it. */
  async function wayTo(head: Head, from: Head): Promise<"same" | "further" | "lost"> {
    const order = comparePositions(head.pos, from.pos);
    if (order === 0) return head.mark === from.mark ? "same" : "lost";
    if (order < 0) {
      // Where the head may be stale, an old one proves nothing, and is no answer.
      if (store.traits.head === "stale") throw new Fault("store_unavailable");
      return "lost";
    }
    const mark = await store.markAt(from.pos);
    return mark === undefined || mark === from.mark ? "further" : "lost";
  }

  return {
    round: async () => {
      const asked = deps.clock.monotonic();
      const snapshot = await store.read([ringKey(issuer.tenant)]);
      const tookMs = deps.clock.monotonic() - asked;
      const open = deps.keys.open(snapshot);
      const { head, clock } = snapshot;
      if (sent === undefined) sent = head;
      const way = await wayTo(head, sent);
      if (way === "lost") {
        const above = sent;
        await audience.historyLost(above);
        sent = undefined;
        throw new Error("the store has lost notices that were sent");
      }
      if (way === "further" && !audience.isEmpty()) await publish(sent, head, open);
      sent = head;
      return { head, time: clock, lookedBy: lookedBy(clock, tookMs), open, keys: publishKeys(open) };
    },
    get latestKeys() {
      return latestKeys;
    },
    get head() {
      return sent;
    },
  };
}

function breath(scheduler: Scheduler): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  scheduler.after(BREATH_MS, resolve);
  return promise;
}
