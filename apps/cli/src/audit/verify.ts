// `audit verify`: proves an export against checkpoints that were kept elsewhere. Offline: nothing is asked of any server.

import { readFileSync } from "node:fs";
import {
  type AuditExport,
  type AuditFault,
  chainFaults,
  checkpointFault,
  type FoundFault,
  openCheckpoint,
} from "@hallpass/server";
import { Complaint, usage } from "../complaint.ts";
import type { Context, Outcome } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printable } from "../print/columns.ts";
import { printJson, printLines } from "../terminal.ts";
import type { AuditHead, KeptCheckpoint, WireRecord } from "./wire-audit.ts";

export interface VerifyOptions {
  readonly checkpoint: readonly string[];
  readonly json?: true;
}

const WORDS: Readonly<Record<AuditFault, string>> = {
  out_of_order: "is not the record of its place: something was removed, put in or moved here",
  changed: "was changed",
  person_changed: "has a name beside it that the chain did not commit to",
  wrong_start: "is not the start of this issuer's chain",
  not_as_signed: "is not what the checkpoint signed: the chain was made anew",
  truncated: "was signed and is missing: the end was cut off",
  not_covered: "was signed, and lies before this export: the checkpoint proves nothing about it",
  checkpoint_refused: "is named by a checkpoint of another issuer or tenant",
};

export async function verify({ terminal }: Context, file: string, options: VerifyOptions): Promise<Outcome> {
  const exported = readExport(file);
  const points = options.checkpoint.flatMap(readCheckpoints);
  const faults: FoundFault[] = [
    ...chainFaults(exported),
    ...points.flatMap((point) => {
      const fault = checkpointFault(exported, point);
      return fault === undefined ? [] : [fault];
    }),
  ];
  const last = exported.from + exported.records.length - 1;
  const proven = Math.max(...points.map(({ n }) => n));
  if (options.json === true) printJson(terminal, { from: exported.from, to: last, proven, faults });
  else if (faults.length > 0)
    printLines(terminal, faults.map(({ n, fault }) => `record ${n} ${WORDS[fault]} (${fault})`).map(printable));
  else {
    const after = last > proven ? `; ${last - proven} after it are chained and not signed yet` : "";
    printLines(terminal, [`records ${exported.from} to ${last} are whole; signed up to ${proven}${after}`]);
  }
  return faults.length > 0 ? EXIT.refused : undefined;
}

function readExport(file: string): AuditExport {
  const [head, ...lines] = linesIn(file);
  const { audit, issuer, tenant, from, before } = jsonIn(file, head ?? "") as Partial<AuditHead>;
  if (audit !== "hallpass/audit/1" || issuer === undefined || tenant === undefined || before === undefined)
    throw usage(`${file} is no export of the audit`, "make one with: hallpass audit export --format jsonl");
  const records = lines.map((line) => jsonIn(file, line) as WireRecord);
  if (typeof from !== "number" || !records.every(isRecord))
    throw usage(`${file} is no export of the audit`, "make one with: hallpass audit export --format jsonl");
  return { issuer, tenant, from, before, records };
}

function isRecord({ entry, hash, persons }: Partial<WireRecord>): boolean {
  return typeof entry === "string" && typeof hash === "string" && Array.isArray(persons);
}

function readCheckpoints(file: string): readonly NonNullable<ReturnType<typeof openCheckpoint>>[] {
  const opened = linesIn(file).map((line) => {
    const { checkpoint, keys } = jsonIn(file, line) as Partial<KeptCheckpoint>;
    return typeof checkpoint === "string" && Array.isArray(keys) ? openCheckpoint(checkpoint, keys) : undefined;
  });
  const points = opened.filter((point) => point !== undefined);
  if (points.length === 0 || points.length < opened.length)
    throw new Complaint(
      EXIT.refused,
      `${file} holds a checkpoint that none of its keys signed`,
      "use what hallpass audit checkpoint printed",
    );
  return points;
}

function linesIn(file: string): readonly string[] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  } catch {
    throw usage(`${file} can't be read`, "give a file that exists");
  }
}

function jsonIn(file: string, line: string): object {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Told below: a line that is cut is no JSON.
  }
  throw new Complaint(EXIT.refused, `${file} has a line that is no JSON object`, "an export is not edited by hand");
}
