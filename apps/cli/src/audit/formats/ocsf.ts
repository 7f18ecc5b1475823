// Open Cybersecurity Schema Framework 1.3.0, a subset: Authentication (3002) for sessions and refusals, Entity Management (3004) for clients,
// keys and revocations. What OCSF has no attribute for stands in `unmapped`, as it asks.

import { type AuditEvent, type Meaning, meaningOf } from "./event.ts";

const IAM = 3;
const AUTHENTICATION = 3002;
const ENTITY_MANAGEMENT = 3004;
/** Of Authentication: Logon, Logoff; everything else there is Other. */
const LOGON = 1;
const LOGOFF = 2;
/** Of Entity Management: Create, Update, Delete. */
const CREATE = 1;
const UPDATE = 3;
const DELETE = 4;
const OTHER = 99;

export function ocsfEvent({ issuer, tenant, entry, hash, subject, actor }: AuditEvent): object {
  const meaning = meaningOf(entry.kind);
  const isOfSession = meaning.category === "session" || meaning.category === "authentication";
  const classUid = isOfSession ? AUTHENTICATION : ENTITY_MANAGEMENT;
  const activity = activityOf(meaning, isOfSession);
  const client = entry.body["client"] ?? entry.body["kid"];
  return {
    category_uid: IAM,
    class_uid: classUid,
    activity_id: activity,
    ...(activity === OTHER ? { activity_name: entry.kind } : {}),
    type_uid: classUid * 100 + activity,
    time: entry.at_ms,
    severity_id: severityOf(meaning.severity),
    status_id: { success: 1, failure: 2, unknown: 0 }[meaning.outcome],
    message: meaning.words,
    metadata: {
      version: "1.3.0",
      product: { name: "Hallpass", vendor_name: "Hallpass" },
      uid: String(entry.n),
      sequence: entry.n,
      event_code: entry.kind,
      tenant_uid: tenant,
      log_provider: issuer,
    },
    ...(actor === null ? {} : { actor: { user: { name: actor } } }),
    ...(isOfSession
      ? {
          user: subject === null ? { type_id: 0 } : { uid: subject },
          ...(entry.session === null ? {} : { session: { uid: entry.session, issuer } }),
          service: { name: issuer },
        }
      : { entity: { type: entry.kind.split("_")[0], ...(typeof client === "string" ? { uid: client } : {}) } }),
    unmapped: { hash, fact: entry.body },
  };
}

function activityOf({ type }: Meaning, isOfSession: boolean): number {
  if (isOfSession) return type === "start" ? LOGON : type === "end" ? LOGOFF : OTHER;
  return { creation: CREATE, change: UPDATE, deletion: DELETE, start: OTHER, end: OTHER, info: OTHER }[type];
}

/** Informational, Low, Medium, High, Critical. */
function severityOf(severity: number): number {
  return severity <= 2 ? 1 : severity <= 4 ? 2 : severity <= 6 ? 3 : severity <= 8 ? 4 : 5;
}
