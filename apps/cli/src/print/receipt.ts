// A receipt as a table: where a revocation is enforced, and by when everywhere else.

import type { Receipt, ReceiptTarget, ServiceEnforcement } from "@hallpass/protocol";
import { columns, pairs } from "./columns.ts";
import { instant, relative } from "./times.ts";

export function receiptLines(receipt: Receipt): string[] {
  const { fleet, as_of_ms: asOf } = receipt;
  return [
    ...pairs([
      ["receipt", receipt.id],
      ["revoked", receipt.targets.map(targetText).join(", ")],
      ["committed", `${instant(receipt.committed_at_ms)} at position ${receipt.pos}`],
      ...optional("reason", receipt.reason),
      ...optional("ticket", receipt.ticket),
      ...runningLine(receipt),
      ...(receipt.ended_sessions === 0 && receipt.scanned_sessions === null
        ? []
        : [
            [
              "sessions ended",
              `${receipt.ended_sessions}${receipt.counting === true ? ", and counting" : ""}`,
            ] as const,
          ]),
      ...unreadableLine(receipt),
      ["enforced", enforcedText(receipt)],
    ]),
    ...(fleet.verifiers === 0 ? [] : ["", ...serviceTable(receipt.services, asOf)]),
    ...silentLines(receipt.services, asOf),
  ];
}

/** Everywhere, and as a whole. */
export function isEnforced({ fleet, status }: Pick<Receipt, "fleet" | "status">): boolean {
  return status === "complete" && fleet.enforced === fleet.verifiers;
}

function runningLine({ status, id }: Receipt): readonly (readonly [string, string])[] {
  if (status === "complete") return [];
  if (status === "incomplete") return [["status", "incomplete: over, and some sessions could not be read"]];
  return [
    ["status", `running: what it has not reached lives on; see how far it is with: hallpass revocations show ${id}`],
  ];
}

function unreadableLine({ unreadable_sessions: count = 0, id }: Receipt): readonly (readonly [string, string])[] {
  if (count === 0) return [];
  return [["unreadable", `${count}; nobody knows whether they were meant: hallpass revocations unreadable ${id}`]];
}

export function serviceTable(services: readonly ServiceEnforcement[], asOf: number): string[] {
  return columns(
    ["SERVICE", "VERIFIERS", "ENFORCED", "WAITING", "REFUSES BY", "ACCEPTED MEANWHILE"],
    services.map((one) => [
      one.service,
      String(one.verifiers),
      String(one.enforced),
      String(one.waiting + one.no_bound),
      refusesBy(one, asOf),
      acceptedMeanwhile(one),
    ]),
  );
}

function refusesBy(one: ServiceEnforcement, asOf: number): string {
  if (one.no_bound > 0) return "no bound";
  return one.refuses_by_ms === null
    ? "already"
    : `${instant(one.refuses_by_ms)} (${relative(one.refuses_by_ms, asOf)})`;
}

/** Tokens that verifiers accepted between the commit and their knowing of it; what was not reported is not known. */
function acceptedMeanwhile({ reported, verifiers, late_accepts: late }: ServiceEnforcement): string {
  if (reported === 0) return "not reported";
  return reported === verifiers ? String(late) : `${late}, of ${reported} verifiers`;
}

function silentLines(services: readonly ServiceEnforcement[], asOf: number): string[] {
  const silent = services.flatMap((one) => one.silent.map((verifier) => ({ service: one.service, verifier })));
  if (silent.length === 0) return [];
  const omitted = services.reduce((sum, one) => sum + (one.silent_omitted ?? 0), 0);
  return [
    "",
    ...columns(
      ["SILENT", "INSTANCE", "LAST SEEN", "REFUSES BY"],
      silent.map(({ service, verifier }) => [
        service,
        verifier.instance,
        verifier.last_seen_ms === null ? "never" : relative(verifier.last_seen_ms, asOf),
        verifier.refuses_by_ms === null ? "no bound" : relative(verifier.refuses_by_ms, asOf),
      ]),
    ),
    ...(omitted === 0 ? [] : [`and ${omitted} more that are silent; list them with: hallpass verifiers`]),
  ];
}

function enforcedText(receipt: Receipt): string {
  const { fleet, enforced_by_ms: by, as_of_ms: asOf } = receipt;
  const at = `at ${fleet.enforced} of ${fleet.verifiers} verifiers`;
  if (receipt.status === "running") return `${at}, so far`;
  if (fleet.verifiers === 0)
    return `no verifier knows of it; the last token expires by ${instant(receipt.tokens_expire_by_ms)}`;
  if (isEnforced(receipt)) return "everywhere, already";
  if (by !== null) return `${at}; everywhere by ${instant(by)} (${relative(by, asOf)})`;
  return `${at}; the last token expires by ${instant(receipt.tokens_expire_by_ms)}`;
}

export function targetText(target: ReceiptTarget): string {
  switch (target.type) {
    case "session":
      return `session ${target.sid}`;
    case "family":
      return `family ${target.fam} of session ${target.sid}`;
    case "token":
      return `token ${target.jti}`;
    case "subject":
      return "everything of one subject";
    case "client":
      return `everything of client ${target.client_id}`;
    case "tenant":
      return "everything of this tenant";
    case "before":
      return `everything before ${"pos" in target ? `position ${target.pos}` : instant(target.time_ms)}`;
    case "query":
      return `sessions that match ${JSON.stringify(target.query)}`;
  }
}

function optional(name: string, value: string | null): readonly (readonly [string, string])[] {
  return value === null ? [] : [[name, value]];
}
