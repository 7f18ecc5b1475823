// Whether the contract of a store, or one of the store's own tests, notices that a statement is another: those of them that run it.

import { join } from "node:path";
import type { Verdict } from "../judge.ts";
import { root } from "../mutants.ts";
import type { SqlCoverage } from "./coverage.ts";
import { contractOf, environment, type Place, runOf } from "./programs.ts";
import type { StoreName } from "./table.ts";

/** No statement at all: nobody could prepare it. It is counted nowhere. */
export type SqlVerdict = Verdict | { readonly fate: "no statement"; readonly by?: string };

export interface SqlJudge {
  readonly verdictOn: (mutant: Place & { readonly statement: string }) => Promise<SqlVerdict>;
}

/** A file of tests takes three seconds. */
const TEST_MS = 60_000;
const MOST_FIRST = 12;
// Syntax; a name, a function or a type that is not there; a name that could be two.
const NO_STATEMENT =
  /syntax error|no such (?:column|function)|ambiguous|misuse of|does not exist 42|42(?:601|703|883|804|P18|803)/;

export function createSqlJudge(store: StoreName, url: string, coverage: SqlCoverage): SqlJudge {
  // Rules that noticed something, the last first: they often notice the next, too.
  let noticing: readonly string[] = [];
  return {
    verdictOn: async (mutant) => {
      const env = environment(mutant, url);
      const [rules, tests] = [coverage.rulesOf(mutant), coverage.testsOf(mutant)];
      if (rules.length + tests.length === 0) return { fate: "not covered" };
      const ordered = [...noticing.filter((rule) => rules.includes(rule)), ...rules];
      const broken = rules.length === 0 ? undefined : await contractOf(store, [...new Set(ordered)], env);
      if (broken === "silent") return { fate: "timed out", by: "the contract" };
      if (broken !== undefined) {
        const { rule, causes } = broken;
        if (causes.some((cause) => NO_STATEMENT.test(cause))) return { fate: "no statement", by: causes.join(" · ") };
        noticing = [rule, ...noticing.filter((one) => one !== rule)].slice(0, MOST_FIRST);
        return { fate: "killed", by: rule };
      }
      for (const test of tests) {
        const code = await runOf([join(root, test)], env, TEST_MS);
        if (code === "silent") return { fate: "timed out", by: test };
        if (code !== 0) return { fate: "killed", by: test };
      }
      return { fate: "survived" };
    },
  };
}
