// Loaded before anything else, in every thread and every process that one starts: one source is another in one place, or what is run is
// written down.

import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { StatementSync } from "node:sqlite";
import pg from "pg";
import { Prepared } from "../../../packages/store-postgres/src/prepared.ts";
import { MUTANT, RECORD, type Recorded, type Switched } from "./switched.ts";

const mutant = process.env[MUTANT];
const record = process.env[RECORD];
if (mutant !== undefined) change(JSON.parse(mutant) as Switched);
if (record !== undefined) writeDown(record);

function change({ url, from, to, text }: Switched): void {
  registerHooks({
    load: (asked, context, next) => {
      const loaded = next(asked, context);
      if (asked !== url || loaded.source === undefined || loaded.source === null) return loaded;
      const source = Buffer.from(loaded.source as Uint8Array).toString("utf8");
      return { ...loaded, source: `${source.slice(0, from)}${text}${source.slice(to)}` };
    },
  });
}

/** Each statement once for each rule and thread. */
function writeDown(path: string): void {
  const known = new Set<string>();
  const ran = (text: string): void => {
    const line = JSON.stringify({ who: process.env[`${RECORD}_WHO`] ?? "", text } satisfies Recorded);
    if (known.has(line)) return;
    known.add(line);
    appendFileSync(path, `${line}\n`);
  };
  for (const name of ["run", "get", "all"] as const) {
    instead(StatementSync.prototype, name, (statement: StatementSync) => ran(statement.sourceSQL));
  }
  instead(pg.Client.prototype, "query", (_, asked) => {
    const text = typeof asked === "string" ? asked : (asked as { readonly text?: string } | undefined)?.text;
    if (text !== undefined) ran(text);
  });
  // Which sends messages of its own.
  instead(Prepared.prototype, "ask", ({ text }: Prepared) => ran(text));
}

/** The method as it was, and before it what is told of each call. */
function instead<T extends object>(prototype: T, name: string, told: (on: T, first: unknown) => void): void {
  const before = Reflect.get(prototype, name) as (...given: unknown[]) => unknown;
  Object.defineProperty(prototype, name, {
    value(this: T, ...given: unknown[]) {
      told(this, given[0]);
      return before.apply(this, given);
    },
  });
}
