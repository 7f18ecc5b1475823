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
      ...(receipt.ended_sessions === 0 ? [] : [["sessions ended", String(receipt.ended_sessions)] as const]),
      ["enforced", enforcedText(receipt)],
    ]),
    ...(fleet.verifiers === 0 ? [] : ["", ...serviceTable(receipt.services, asOf)]),
    ...silentLines(receipt.services, asOf),
  ];
}

export function isEnforced({ fleet }: Pick<Receipt, "fleet">): boolean {
  return fleet.enforced === fleet.verifiers;
}

function serviceTable(services: readonly ServiceEnforcement[], asOf: number): string[] {
  return columns(
    ["SERVICE", "VERIFIERS", "ENFORCED", "WAITING", "REFUSES BY"],
    services.map((one) => [
      one.service,
      String(one.verifiers),
      String(one.enforced),
      String(one.waiting + one.no_bound),
      refusesBy(one, asOf),
    ]),
  );
}

function refusesBy(one: ServiceEnforcement, asOf: number): string {
  if (one.no_bound > 0) return "no bound";
  return one.refuses_by_ms === null
    ? "already"
    : `${instant(one.refuses_by_ms)} (${relative(one.refuses_by_ms, asOf)})`;
}

function silentLines(services: readonly ServiceEnforcement[], asOf: number): string[] {
  const silent = services.flatMap((one) => one.silent.map((verifier) => ({ service: one.service, verifier })));
  if (silent.length === 0) return [];
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
  ];
}

function enforcedText(receipt: Receipt): string {
  const { fleet, enforced_by_ms: by, as_of_ms: asOf } = receipt;
  if (fleet.verifiers === 0)
    return `no verifier knows of it; the last token expires by ${instant(receipt.tokens_expire_by_ms)}`;
  if (isEnforced(receipt)) return "everywhere, already";
  const where = `at ${fleet.enforced} of ${fleet.verifiers} verifiers`;
  if (by !== null) return `${where}; everywhere by ${instant(by)} (${relative(by, asOf)})`;
  return `${where}; the last token expires by ${instant(receipt.tokens_expire_by_ms)}`;
}

function targetText(target: ReceiptTarget): string {
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
  }
}

function optional(name: string, value: string | null): readonly (readonly [string, string])[] {
  return value === null ? [] : [[name, value]];
}
