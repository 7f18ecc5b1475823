// What the feed tells about itself, as log lines and counts.

import { formatPosition } from "@hallpass/protocol";
import type { FeedLog } from "../feed/feed-event.ts";
import type { Log } from "./log.ts";
import type { Observer } from "./observer.ts";
import type { Tracing } from "./tracing.ts";

export function feedLog(log: Log, observer: Observer, tracing?: Tracing): FeedLog {
  return (event) => {
    switch (event.kind) {
      case "failed":
        return observer.failed(event.during, "/v1/feed", event.cause);
      case "history_lost":
        return log.error("feed_history_lost", { above: formatPosition(event.above), by: event.by });
      case "published":
      case "snapshot_built":
        if (event.kind === "snapshot_built") observer.snapshotBuilt();
        tracing?.noted(`hallpass.feed.${event.kind}`, { "hallpass.position": formatPosition(event.to) });
        return log.debug(`feed_${event.kind}`, () => ({ ...event, to: formatPosition(event.to) }));
      case "joined":
      case "pulled":
      case "closed":
      case "activity_dropped": {
        const { kind, ...fields } = event;
        return log.info(`feed_${kind}`, fields);
      }
    }
  };
}
