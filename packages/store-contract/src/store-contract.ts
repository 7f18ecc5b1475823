// The contract as tests of node:test: one line in a store's own test file.

import { describe, test } from "node:test";
import type { OpenStore, Rule } from "./rule.ts";
import { rules } from "./rules/index.ts";
import { runRule } from "./run-rules.ts";

/** Registers a test for every rule. `open` gives an empty store each time it is called. Nothing can be left out. */
export function storeContract(name: string, open: () => Promise<OpenStore>): void {
  for (const [group, members] of Map.groupBy(rules, (rule) => rule.group)) {
    describe(`${name}: ${group}`, () => {
      for (const rule of members) register(rule, open);
    });
  }
}

function register(rule: Rule, open: () => Promise<OpenStore>): void {
  test(`${rule.title} [${rule.id}]`, async (t) => {
    const result = await runRule(rule, open);
    if (result === "not promised") t.diagnostic("the store's traits take this promise back");
  });
}
