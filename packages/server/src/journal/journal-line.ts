// One line of a journal's file: a CRC-32 in hex, a blank, and JSON. The checksum finds a line that was torn or changed by mistake.

import { crc32 } from "node:zlib";
import type { Change, Instant } from "@hallpass/core";
import { formatPosition, type Position, parsePosition } from "@hallpass/protocol";

/** What the first line of a file says. */
export interface JournalHeader {
  readonly tenant: string;
  /** The mark of the store's birth: a file of another store is none of this one's. */
  readonly store: string;
}

export type JournalLine =
  | ({ readonly kind: "journal" } & JournalHeader)
  /** Before the commit. */
  | { readonly kind: "change"; readonly change: Change; readonly at: Instant }
  /** After it. The mark is that of its last notice; null when it has none. */
  | {
      readonly kind: "committed";
      readonly attempt: string;
      readonly pos: Position;
      readonly at: Instant;
      readonly mark: string | null;
    }
  /** It did not happen. */
  | { readonly kind: "void"; readonly attempt: string };

const FORMAT = 1;

export function lineToText(line: JournalLine): string {
  const json = JSON.stringify(toJson(line));
  return `${crc32(json).toString(16).padStart(8, "0")} ${json}\n`;
}

function toJson(line: JournalLine): object {
  switch (line.kind) {
    case "journal":
      return { kind: "journal", format: FORMAT, tenant: line.tenant, store: line.store };
    case "change":
      return { kind: "change", at_ms: line.at, ...line.change };
    case "committed":
      return {
        kind: "committed",
        attempt: line.attempt,
        pos: formatPosition(line.pos),
        at_ms: line.at,
        mark: line.mark,
      };
    case "void":
      return line;
  }
}

/** Undefined for a line that is torn, changed, or of a format that this release does not know. */
export function lineFromText(text: string): JournalLine | undefined {
  const json = text.slice(9);
  if (!/^[0-9a-f]{8} $/.test(text.slice(0, 9)) || Number.parseInt(text.slice(0, 8), 16) !== crc32(json))
    return undefined;
  // The checksum fits: this package wrote it.
  const { kind, ...members } = JSON.parse(json) as { readonly kind: string } & Readonly<Record<string, never>>;
  switch (kind) {
    case "journal":
      return members["format"] === FORMAT
        ? { kind, tenant: members["tenant"] ?? "", store: members["store"] ?? "" }
        : undefined;
    case "change": {
      const { at_ms: at, ...change } = members as unknown as { readonly at_ms: Instant } & Change;
      return { kind, at, change };
    }
    case "committed": {
      const pos = parsePosition(members["pos"] ?? "");
      const {
        attempt,
        at_ms: at,
        mark,
      } = members as unknown as { attempt: string; at_ms: Instant; mark: string | null };
      return pos === undefined ? undefined : { kind, attempt, pos, at, mark };
    }
    case "void":
      return { kind, attempt: members["attempt"] ?? "" };
    default:
      return undefined;
  }
}
