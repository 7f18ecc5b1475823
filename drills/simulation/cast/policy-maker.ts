// Somebody who edits policies while sessions live under them, and now and then brings the version that holds to those.

import { applyPolicy, type PolicyName, putPolicy, readPolicy, type SessionId, secondsOf } from "@hallpass/core";
import type { Node } from "../parts/node.ts";
import { TENANT } from "../parts/settings.ts";
import type { SeededDice } from "../world/seeded-dice.ts";
import type { Operator } from "./operator.ts";
import type { Stage } from "./stage.ts";

const NAMES = ["web", "app"] as readonly string[] as readonly PolicyName[];
const SPANS = [
  { idle: 60, absolute: 75 },
  { idle: 60, absolute: 120 },
  { idle: 80, absolute: 240 },
] as const;
/** Sessions that a step goes through. */
const AT_ONCE = 20;

export class PolicyMaker {
  readonly #stage: Stage;
  readonly #operator: Operator;

  constructor(stage: Stage, operator: Operator) {
    this.#stage = stage;
    this.#operator = operator;
  }

  async edit(node: Node, dice: SeededDice): Promise<void> {
    const name = dice.pick(NAMES);
    const { idle, absolute } = dice.pick(SPANS);
    const edited = {
      idle: secondsOf(idle),
      absolute: secondsOf(absolute),
      accessLifetime: secondsOf(dice.pick([10, 14, 20])),
      onReuse: dice.pick(["session", "family"] as const),
    };
    await this.#operator.ask(node, dice, "edit a policy", () =>
      putPolicy(node.services, {
        name,
        edit: (current) => (current === undefined ? undefined : { ...current, ...edited }),
        expectVersion: null,
        actor: null,
      }),
    );
  }

  async apply(node: Node, dice: SeededDice): Promise<void> {
    const { truth } = this.#stage;
    const name = dice.pick(NAMES);
    await this.#operator.ask(node, dice, "apply a policy", async () => {
      const { services } = node;
      const holds = await readPolicy({ ...services, tenant: TENANT }, name);
      if (!holds.ok) return holds;
      const { version } = holds.value.policy;
      truth.policies.mayApply(name, version);
      for (let after: SessionId | null = null; ; ) {
        const answer = await applyPolicy(services, { name, version, after, limit: AT_ONCE, actor: null });
        if (!answer.ok || answer.value.next === null) return answer;
        after = answer.value.next;
      }
    });
  }
}
