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
import type { AuditHead, KeptCheckpoint, WirePerson, WireRecord } from "./wire-audit.ts";

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
  const [first, ...lines] = linesIn(file);
  const { audit, issuer, tenant, from, before } = (
    first === undefined ? {} : jsonIn(file, first)
  ) as Partial<AuditHead>;
  if (
    audit !== "hallpass/audit/1" ||
    typeof issuer !== "string" ||
    typeof tenant !== "string" ||
    typeof before !== "string" ||
    !Number.isSafeInteger(from) ||
    from === undefined ||
    from < 1
  )
    throw usage(`${file} is no export of the audit`, MAKE_ONE);
  const records = lines.map((line) => {
    const record = jsonIn(file, line);
    if (!isRecord(record)) throw usage(`line ${line.number} of ${file} is no record of an audit`, MAKE_ONE);
    return record;
  });
  return { issuer, tenant, from, before, records };
}

const MAKE_ONE = "make one with: hallpass audit export --format jsonl";

function isRecord(value: object): value is WireRecord {
  const { entry, hash, persons }: Partial<Record<keyof WireRecord, unknown>> = value;
  return typeof entry === "string" && typeof hash === "string" && Array.isArray(persons) && persons.every(isPerson);
}

function isPerson(value: unknown): value is WirePerson {
  if (!isObject(value)) return false;
  const { name, value: text, salt }: Partial<Record<keyof WirePerson, unknown>> = value;
  return typeof name === "string" && typeof text === "string" && typeof salt === "string";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function readCheckpoints(file: string): readonly NonNullable<ReturnType<typeof openCheckpoint>>[] {
  const opened = linesIn(file).map((line) => {
    const { checkpoint, keys } = jsonIn(file, line) as Partial<KeptCheckpoint>;
    const isKept = typeof checkpoint === "string" && Array.isArray(keys) && keys.every(isObject);
    return isKept ? openCheckpoint(checkpoint, keys) : undefined;
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

interface Line {
  /** From 1, as an editor counts. */
  readonly number: number;
  readonly text: string;
}

function linesIn(file: string): readonly Line[] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .map((text, at) => ({ number: at + 1, text }))
      .filter(({ text }) => text !== "");
  } catch {
    throw usage(`${file} can't be read`, "give a file that exists");
  }
}

function jsonIn(file: string, { number, text }: Line): object {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Told below: a line that is cut is no JSON.
  }
  throw new Complaint(EXIT.refused, `line ${number} of ${file} is no JSON object`, "an export is not edited by hand");
}
