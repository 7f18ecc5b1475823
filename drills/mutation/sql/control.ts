// What the figures are worth: a statement that says the same has to be noticed by nobody, and one that writes whatever version it finds has to be noticed,
// by a rule and not because nothing runs any more.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../mutants.ts";
import type { SqlJudge } from "./judge.ts";
import type { StoreName } from "./table.ts";

interface Planted {
  readonly file: string;
  readonly original: string;
  readonly same: string;
  readonly wrong: string;
}

const PLANTED: Readonly<Record<StoreName, Planted>> = {
  sqlite: {
    file: "packages/store-sqlite/src/change-writer.ts",
    original: "refs = ?, value = ?\n       WHERE kind = ? AND tenant = ? AND id = ? AND version = ?",
    same: "refs = ?, value = ?\n       WHERE kind = ? AND tenant = ? AND id = ? AND version = ? AND TRUE",
    wrong: "refs = ?, value = ?\n       WHERE kind = ? AND tenant = ? AND id = ? AND version >= ?",
  },
  postgres: {
    file: "packages/store-postgres/src/commit-function.ts",
    original: "coalesce(w.version, s.version) IS DISTINCT FROM a.expect)",
    same: "coalesce(w.version, s.version) IS DISTINCT FROM a.expect AND TRUE)",
    wrong: "NOT coalesce(coalesce(w.version, s.version) >= a.expect, false))",
  },
};

export interface Control {
  readonly said: string;
  readonly held: boolean;
}

export async function control(store: StoreName, [one, other]: readonly SqlJudge[]): Promise<Control> {
  const { file, original, same, wrong } = PLANTED[store];
  const from = readFileSync(join(root, file), "utf8").indexOf(original);
  if (from === -1) throw new Error(`${file} does not hold the statement that the control changes`);
  const place = { file, from, to: from + original.length, statement: original };
  if (one === undefined || other === undefined) throw new Error("nobody judges");
  const [noticed, lived] = await Promise.all([
    one.verdictOn({ ...place, text: wrong }),
    other.verdictOn({ ...place, text: same }),
  ]);
  const held = noticed.fate === "killed" && lived.fate === "survived";
  return {
    said: `a change that is written over a newer version was noticed by ${noticed.fate === "killed" ? noticed.by : "NOBODY"}, a statement that says the same ${lived.fate === "survived" ? "was noticed by nobody" : `DID NOT PASS (${lived.by})`}`,
    held,
  };
}
