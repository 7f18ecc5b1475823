// `audit export`: the records on stdout, as they are (jsonl, which `audit verify` proves) or in the words of a SIEM.

import { usage } from "../complaint.ts";
import type { Context, Outcome } from "../context.ts";
import { cefLine } from "./formats/cef.ts";
import { ecsEvent } from "./formats/ecs.ts";
import type { AuditEvent } from "./formats/event.ts";
import { ocsfEvent } from "./formats/ocsf.ts";
import { type AuditHead, eachRecord, entryOf, parseNumber, type WireRecord } from "./wire-audit.ts";

export interface ExportOptions {
  readonly format: string;
  readonly from: string;
}

const FORMATS: Readonly<Record<string, (event: AuditEvent) => string>> = {
  ecs: (event) => JSON.stringify(ecsEvent(event)),
  cef: cefLine,
  ocsf: (event) => JSON.stringify(ocsfEvent(event)),
};

export async function exportAudit({ terminal, api }: Context, options: ExportOptions): Promise<Outcome> {
  const written = FORMATS[options.format];
  if (options.format !== "jsonl" && written === undefined)
    throw usage(`--format ${options.format} is not known`, `jsonl, ${Object.keys(FORMATS).join(", ")}`);
  let head: AuditHead | undefined;
  const line = (record: WireRecord): string =>
    written === undefined || head === undefined ? JSON.stringify(record) : written(eventOf(head, record));
  const begin = (given: AuditHead): void => {
    head = given;
    if (written === undefined) terminal.out(`${JSON.stringify(given)}\n`);
  };
  await eachRecord(api(), parseNumber("--from", options.from), begin, (record) => terminal.out(`${line(record)}\n`));
  return undefined;
}

function eventOf({ issuer, tenant }: AuditHead, record: WireRecord): AuditEvent {
  const named = (name: string): string | null => record.persons.find((one) => one.name === name)?.value ?? null;
  return {
    issuer,
    tenant,
    entry: entryOf(record),
    hash: record.hash,
    subject: named("subject"),
    actor: named("by") ?? named("actor"),
  };
}
