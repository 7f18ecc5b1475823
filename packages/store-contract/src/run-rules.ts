// Runs rules against a store without a test runner and tells the results as values.

import type { StoreTraits } from "@hallpass/core";
import { createDrafts } from "./drafts.ts";
import type { OpenStore, Rule } from "./rule.ts";
import { rules } from "./rules/index.ts";

export type RuleResult =
  | { readonly id: string; readonly kind: "kept" }
  | { readonly id: string; readonly kind: "broken"; readonly cause: unknown }
  /** The store's declared traits take this promise back. */
  | { readonly id: string; readonly kind: "not promised" };

export function isPromised(rule: Rule, traits: StoreTraits): boolean {
  return rule.promisedBy?.(traits) ?? true;
}

/** Runs one rule on a store of its own. Rejects when the rule is broken. */
export async function runRule(rule: Rule, open: () => Promise<OpenStore>): Promise<"kept" | "not promised"> {
  const opened = await open();
  try {
    if (!isPromised(rule, opened.store.traits)) return "not promised";
    await rule.run({ ...opened, drafts: createDrafts() });
    return "kept";
  } finally {
    await opened.store.close();
    await opened.dispose?.();
  }
}

/** Runs all rules, one after the other. */
export async function runContract(open: () => Promise<OpenStore>): Promise<readonly RuleResult[]> {
  const results: RuleResult[] = [];
  for (const rule of rules) {
    const { id } = rule;
    try {
      results.push({ id, kind: await runRule(rule, open) });
    } catch (cause) {
      results.push({ id, kind: "broken", cause });
    }
  }
  return results;
}
