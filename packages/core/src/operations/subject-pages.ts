// Goes through everything that may be about one subject: its sessions, then the revocations that name it, then answers that are kept for
// retries. In bounded steps, by the order of their ids; no index has to be kept for what is asked for once in a subject's life.

import type { SubjectId, TenantId } from "../kernel/ids.ts";
import { namesSubject } from "../revocation/forgotten.ts";
import { revocationFromRow } from "../revocation/revocation-row.ts";
import { readable, sessionFromRow } from "../sessions/session-row.ts";
import type { Row, Store } from "../store/store.ts";
import { answerWithoutSubject } from "./answer-once.ts";

/** What an erasure goes through; an export leaves out the last, which says nothing that the others do not. */
export const ERASED_KINDS = ["session", "revocation", "idempotency"] as const;
export type SubjectKind = (typeof ERASED_KINDS)[number];
export const EXPORTED_KINDS: readonly SubjectKind[] = ["session", "revocation"];

/** Where the next step goes on. */
export interface SubjectPlace {
  readonly kind: SubjectKind;
  readonly after: string | null;
}

export interface SubjectRows {
  readonly kind: SubjectKind;
  readonly rows: readonly Row[];
  readonly examined: number;
  /** Of those, rows of sessions that this release can't read: nobody knows whose they are. */
  readonly unreadable: number;
  readonly next: SubjectPlace | null;
}

export const FIRST_PLACE: SubjectPlace = { kind: "session", after: null };

/** Rows of one kind that are about the subject, at most `most`, among the next `limit` of that kind. */
export async function subjectRows(
  store: Store,
  tenant: TenantId,
  subject: SubjectId,
  place: SubjectPlace,
  { kinds, limit, most }: { readonly kinds: readonly SubjectKind[]; readonly limit: number; readonly most: number },
): Promise<SubjectRows> {
  const { kind, after } = place;
  const page = await store.list({ tenant, kind, limit, ...(after === null ? {} : { after }) });
  const found: Row[] = [];
  let examined = 0;
  let unreadable = 0;
  for (const row of page) {
    examined += 1;
    if (kind === "session" && readable(row) === undefined) {
      unreadable += 1;
      continue;
    }
    if (isAbout(row, kind, subject)) found.push(row);
    if (found.length === most) break;
  }
  const last = page[examined - 1];
  const ended = page.length < limit && examined === page.length;
  const next = ended || last === undefined ? afterKind(kinds, kind) : { kind, after: last.key.id };
  return { kind, rows: found, examined, unreadable, next };
}

function isAbout(row: Row, kind: SubjectKind, subject: SubjectId): boolean {
  if (kind === "session") return sessionFromRow(row).subject === subject;
  if (kind === "revocation") return namesSubject(revocationFromRow(row), subject);
  return answerWithoutSubject(row, subject, NOBODY) !== undefined;
}

/** No subject: control characters are in none. */
const NOBODY = "\u0000" as SubjectId;

function afterKind(kinds: readonly SubjectKind[], kind: SubjectKind): SubjectPlace | null {
  const next = kinds[kinds.indexOf(kind) + 1];
  return next === undefined ? null : { kind: next, after: null };
}

export function placeToText({ kind, after }: SubjectPlace): string {
  return `${kind}/${after ?? ""}`;
}

export function placeFromText(text: string): SubjectPlace | undefined {
  const [name, after = ""] = text.split("/");
  const kind = ERASED_KINDS.find((one) => one === name);
  return kind === undefined ? undefined : { kind, after: after === "" ? null : after };
}
