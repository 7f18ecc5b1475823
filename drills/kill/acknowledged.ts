// The file in which clients write down what they were answered, line by line, with one write for each line, so that it outlives whoever wrote
// it: `asks R sid` before a revocation is asked for, `R sid` when it was acknowledged, `T sid token` for every token that a rotation gave.

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

export interface Seen {
  /** Sessions whose revocation was acknowledged. */
  readonly revoked: ReadonlySet<string>;
  /** Sessions whose revocation was asked for: it may be there or not. */
  readonly asked: ReadonlySet<string>;
  /** The last token that was acknowledged, of each session. */
  readonly tokens: ReadonlyMap<string, string>;
  readonly rotations: number;
  /** Bytes of the whole lines. */
  readonly size: number;
}

export type Say = (line: string) => void;

export function openAcknowledged(file: string): Say & { readonly close: () => void } {
  const descriptor = openSync(file, "a");
  const say = (line: string): void => void writeSync(descriptor, `${line}\n`);
  return Object.assign(say, { close: () => closeSync(descriptor) });
}

/** What stands there from a byte on. A last line that was cut off was acknowledged to nobody. */
export function readAcknowledged(file: string, from = 0): Seen {
  const text = readFileSync(file).subarray(from).toString("utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const revoked = new Set<string>();
  const asked = new Set<string>();
  const tokens = new Map<string, string>();
  let rotations = 0;
  for (const line of whole.split("\n")) {
    const [what = "", sid = "", token = ""] = line.split(" ");
    if (what === "asks") asked.add(sid);
    else if (what === "R") revoked.add(sid);
    else if (what === "T") {
      tokens.set(sid, token);
      rotations += 1;
    }
  }
  return { revoked, asked, tokens, rotations, size: from + Buffer.byteLength(whole) };
}
