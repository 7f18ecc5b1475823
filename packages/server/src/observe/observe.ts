// The observer of a running server: what endpoints tell becomes log lines and metrics here, in one place.

import { Fault } from "@hallpass/core";
import { type Log, scrubbed, thrownToLog } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Observer } from "./observer.ts";

/** Probes come every few seconds, from everywhere: counted, not written down. */
const QUIET: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);

export function observe(log: Log, metrics: Metrics): Observer {
  return {
    request: ({ requestId, callerRequestId, method, route, status, ms, refusal, peer, actor, actorProof }) => {
      metrics.request(method, route, status, ms);
      if (refusal !== undefined && refusal !== null) metrics.refused(refusal);
      if (QUIET.has(route) && status < 500) return;
      log.info("request", () => {
        const who = actor === undefined ? {} : { actor: scrubbed(actor), actor_proof: actorProof };
        const fields = { request_id: requestId, method, route, status, ms: Math.round(ms * 1000) / 1000, peer, ...who };
        return callerRequestId === null ? fields : { ...fields, caller_request_id: scrubbed(callerRequestId) };
      });
    },
    refreshed: (verdict) => {
      metrics.refreshed(verdict);
      if (verdict === "reused") metrics.replayed("refresh_token");
    },
    issued: metrics.issued,
    tokenSize: metrics.tokenSize,
    introspected: metrics.introspected,
    signIns: metrics.signIns,
    replayed: metrics.replayed,
    clientBehind: metrics.clientBehind,
    assertionUntimely: metrics.assertionUntimely,
    snapshotBuilt: metrics.snapshotBuilt,
    failed: (requestId, route, thrown) => {
      const fault = thrown instanceof Fault;
      metrics.failed(fault ? thrown.code : "defect");
      log.error(fault ? "fault" : "defect", { request_id: requestId, route, ...thrownToLog(thrown) });
    },
  };
}
