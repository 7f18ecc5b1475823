// Owns the promises of a store, as rules that run against anyone's.
// Does not own any store; the wrappers in broken/ only spoil one, to show that the rules notice.
// Read first: rule.ts, then rules/racing.ts and rules/order.ts; README.md says how to write a store.

export { commitUntilKilled } from "./kill/commit-until-killed.ts";
export { type Acknowledged, runUntilKilled } from "./kill/run-until-killed.ts";
export type { OpenStore, Rule, RuleContext } from "./rule.ts";
export { mustHoldAll } from "./rules/durability.ts";
export { rules } from "./rules/index.ts";
export { isPromised, type RuleResult, runContract, runRule } from "./run-rules.ts";
export { storeContract } from "./store-contract.ts";
