// What the store tells of the server that it relies on, as lines of the log: operators look for them after a failover.

import type { StoreTold } from "../host/choose-store.ts";
import { type Log, thrownToLog } from "./log.ts";

export function storeLog(log: Log): StoreTold {
  return (event) => {
    switch (event.kind) {
      case "found":
        return log.info("store_found", { server: event.server, synchronous: event.synchronous });
      case "lost":
        return log.error("store_lost", thrownToLog(event.cause));
      case "history_in_doubt":
        return log.error("store_history_in_doubt", { above: event.above });
    }
  };
}
