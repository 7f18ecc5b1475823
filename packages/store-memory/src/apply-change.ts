// One change, all of it or nothing: first everything is compared, then everything is written.

import {
  type Change,
  type Instant,
  livesUntil,
  type Outcome,
  placeAfter,
  type RowChange,
  rowKeyText,
  type StoredNotice,
} from "@hallpass/core";
import type { Position } from "@hallpass/protocol";
import type { Book } from "./book.ts";

export function applyChange(book: Book, change: Change, at: Instant): Outcome {
  if (!change.rows.every((row) => isAsExpected(book, row))) return { kind: "conflict" };
  appendNotices(book, change, at);
  const { pos } = book.head;
  for (const row of change.rows) writeRow(book, row, change.attempt, { pos, at });
  for (const fact of change.facts) {
    book.factSeq += 1;
    book.facts.push({ seq: book.factSeq, fact });
  }
  return { kind: "committed", pos, at };
}

function isAsExpected(book: Book, { key, expect }: RowChange): boolean {
  const kept = book.rows.get(rowKeyText(key));
  return expect === "absent" ? kept === undefined : kept?.row.version === expect;
}

function appendNotices(book: Book, change: Change, at: Instant): void {
  for (const draft of change.notices) {
    const pos = placeAfter(book.head.pos, draft);
    const { tenant, mark, body } = draft;
    const notice: StoredNotice = { pos, tenant, mark, body, at, until: livesUntil(draft, at) };
    book.notices.push(notice);
    book.head = { pos, mark };
  }
}

function writeRow(
  book: Book,
  { key, next, raise }: RowChange,
  attempt: string,
  commit: { readonly pos: Position; readonly at: Instant },
): void {
  if (next === "same") return;
  const text = rowKeyText(key);
  if (next === "gone") {
    book.rows.delete(text);
    return;
  }
  const before = book.rows.get(text)?.row;
  book.rows.set(text, {
    row: {
      key,
      value: next.value,
      version: (before?.version ?? 0) + 1,
      attempt,
      notBefore: raise === true ? commit.pos : (before?.notBefore ?? null),
      raisedAt: raise === true ? commit.at : (before?.raisedAt ?? null),
      expires: next.expires,
    },
    refs: next.refs ?? [],
  });
}
