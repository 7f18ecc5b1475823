// Elastic Common Schema 8.17, one JSON object for each record. What ECS has no field for stands below `hallpass`.

import { type AuditEvent, meaningOf } from "./event.ts";

export function ecsEvent({ issuer, tenant, entry, hash, subject, actor }: AuditEvent): object {
  const { category, type, outcome, severity, words } = meaningOf(entry.kind);
  const client = entry.body["client"];
  return {
    "@timestamp": new Date(entry.at_ms).toISOString(),
    ecs: { version: "8.17.0" },
    event: {
      kind: outcome === "failure" ? "alert" : "event",
      category: [category],
      type: [type],
      action: entry.kind,
      outcome,
      severity,
      sequence: entry.n,
      hash,
      id: String(entry.n),
      dataset: "hallpass.audit",
      module: "hallpass",
      provider: issuer,
    },
    message: words,
    organization: { id: tenant },
    service: { type: "hallpass", name: issuer },
    ...userOf(actor, subject),
    hallpass: {
      session: entry.session,
      ...(typeof client === "string" ? { client_id: client } : {}),
      fact: entry.body,
    },
  };
}

/** Who acted is the user, and whom it was done to the target; who is alone is the user. */
function userOf(actor: string | null, subject: string | null): object {
  if (actor === null) return subject === null ? {} : { user: { id: subject } };
  return { user: { name: actor, ...(subject === null ? {} : { target: { id: subject } }) } };
}
