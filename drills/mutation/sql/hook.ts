// Loaded before anything else, in every thread and every process that one starts: one source is another in one place, or what is run is
// written down.

import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { StatementSync } from "node:sqlite";
import pg from "pg";
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
    const before: (...given: never[]) => unknown = StatementSync.prototype[name];
    Object.defineProperty(StatementSync.prototype, name, {
      value(this: StatementSync, ...given: never[]) {
        ran(this.sourceSQL);
        return before.apply(this, given);
      },
    });
  }
  const before: (...given: never[]) => unknown = pg.Client.prototype.query;
  Object.defineProperty(pg.Client.prototype, "query", {
    value(this: pg.Client, ...given: never[]) {
      const [asked] = given as readonly (string | { readonly text?: string })[];
      const text = typeof asked === "string" ? asked : asked?.text;
      if (text !== undefined) ran(text);
      return before.apply(this, given);
    },
  });
}
