// Goes through everything that may be about one subject: its sessions, then the revocations that name it. In bounded steps, by the
// order of their ids; no index has to be kept for what is asked for once in a subject's life.

import type { SubjectId, TenantId } from "../kernel/ids.ts";
import { revocationFromRow } from "../revocation/revocation-row.ts";
import { sessionFromRow } from "../sessions/session-row.ts";
import type { Row, Store } from "../store/store.ts";

export const SUBJECT_KINDS = ["session", "revocation"] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/** Where the next step goes on. */
export interface SubjectPlace {
  readonly kind: SubjectKind;
  readonly after: string | null;
}

export interface SubjectRows {
  readonly kind: SubjectKind;
  readonly rows: readonly Row[];
  readonly examined: number;
  readonly next: SubjectPlace | null;
}

export const FIRST_PLACE: SubjectPlace = { kind: "session", after: null };

/** Rows of one kind that are about the subject, at most `most`, among the next `limit` of that kind. */
export async function subjectRows(
  store: Store,
  tenant: TenantId,
  subject: SubjectId,
  place: SubjectPlace,
  { limit, most }: { readonly limit: number; readonly most: number },
): Promise<SubjectRows> {
  const { kind, after } = place;
  const page = await store.list({ tenant, kind, limit, ...(after === null ? {} : { after }) });
  const found: Row[] = [];
  let examined = 0;
  for (const row of page) {
    examined += 1;
    if (isAbout(row, kind, subject)) found.push(row);
    if (found.length === most) break;
  }
  const last = page[examined - 1];
  const ended = page.length < limit && examined === page.length;
  const next = ended || last === undefined ? afterKind(kind) : { kind, after: last.key.id };
  return { kind, rows: found, examined, next };
}

function isAbout(row: Row, kind: SubjectKind, subject: SubjectId): boolean {
  if (kind === "session") return sessionFromRow(row).subject === subject;
  return revocationFromRow(row).targets.some((target) => target.kind === "subject" && target.subject === subject);
}

function afterKind(kind: SubjectKind): SubjectPlace | null {
  const next = SUBJECT_KINDS[SUBJECT_KINDS.indexOf(kind) + 1];
  return next === undefined ? null : { kind: next, after: null };
}

export function placeToText({ kind, after }: SubjectPlace): string {
  return `${kind}/${after ?? ""}`;
}

export function placeFromText(text: string): SubjectPlace | undefined {
  const [name, after = ""] = text.split("/");
  const kind = SUBJECT_KINDS.find((one) => one === name);
  return kind === undefined ? undefined : { kind, after: after === "" ? null : after };
}
