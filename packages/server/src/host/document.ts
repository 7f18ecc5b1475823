// A file that people write: JSON or YAML 1.2, by its name. One reading only: a name that stands twice, a tag or an anchor is a problem.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

export type ReadDocument =
  | { readonly ok: true; readonly members: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problem: string };

const require = createRequire(import.meta.url);

/** Bytes: more than any configuration holds. */
const LARGEST = 4_194_304;

/** The members of the object that the file holds. Names ending in .yaml and .yml are read as YAML, all others as JSON. */
export function readDocument(path: string): ReadDocument {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return { ok: false, problem: "can't be read" };
  }
  return parseText(text, /\.ya?ml$/i.test(path) ? "YAML" : "JSON");
}

export function parseText(text: string, kind: "YAML" | "JSON"): ReadDocument {
  if (text.length > LARGEST) return { ok: false, problem: "is too large" };
  if (kind === "JSON") {
    // YAML is a superset of JSON that also sees a name that stands twice; what only YAML takes is no JSON.
    try {
      JSON.parse(text);
    } catch {
      return { ok: false, problem: "has to be JSON" };
    }
  }
  // Only now: most servers have no such file, and to load this takes a tenth of a start.
  const { isMap, isScalar, LineCounter, parseDocument, visit } = require("yaml") as typeof import("yaml");
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    strict: true,
    lineCounter,
    // It would compare each name with each: below they are looked up.
    uniqueKeys: false,
    merge: false,
    stringKeys: true,
  });
  const [error] = document.errors;
  if (error !== undefined) return { ok: false, problem: `has to be ${kind}: ${firstLine(error.message)}` };
  let anchored = false;
  let twice: number | undefined;
  visit(document, {
    Map: (_, { items }) => {
      const names = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (names.has(key.value)) twice ??= key.range?.[0] ?? 0;
        names.add(key.value);
      }
    },
    Alias: () => {
      anchored = true;
    },
    Node: (_, node) => {
      if (node.tag !== undefined || ("anchor" in node && node.anchor !== undefined)) anchored = true;
    },
  });
  if (anchored) return { ok: false, problem: "may not hold anchors, aliases or tags" };
  if (twice !== undefined) {
    const { line, col } = lineCounter.linePos(twice);
    return { ok: false, problem: `has to be ${kind}: Map keys must be unique at line ${line}, column ${col}` };
  }
  if (!isMap(document.contents)) return { ok: false, problem: `has to be a ${kind} object` };
  return { ok: true, members: document.toJS() as Record<string, unknown> };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.replace(/:$/, "") ?? "";
}
