// When every fault has been over for a while: a new session is opened and refreshed at each node, and each verifier must
// accept its tokens. Otherwise something is stuck, and no other invariant would ever say so.

import type { SubjectId } from "@hallpass/core";
import type { SeededDice } from "../world/seeded-dice.ts";
import { Violation } from "../world/violation.ts";
import { Holder } from "./holder.ts";
import type { Cast } from "./play.ts";

export async function askForTheEnd({ stage }: Cast, dice: SeededDice): Promise<void> {
  const { truth, nodes, verifiers, history } = stage;
  try {
    for (const node of nodes) {
      const holder = new Holder(stage, {
        name: `late at ${node.machine.name}`,
        client: "web" as never,
        subject: `late ${node.machine.name}` as SubjectId,
      });
      await holder.open(node, dice.fork(node.machine.name), null, true);
      await holder.refresh(node, dice.fork(`${node.machine.name} again`), true);
      const token = stage.tokens.at(-1);
      if (holder.held === undefined || holder.older.length === 0 || token === undefined)
        throw new Violation("L1-heals", `${node.machine.name} opens or refreshes no session`);
      for (const { verifier, settings } of verifiers) {
        const verdict = await verifier?.verify(token.text);
        const code = verdict?.kind === "accepted" && !verdict.stale ? "" : JSON.stringify(verdict ?? "down");
        history.add(settings.service, "at the end", verdict?.kind ?? "down");
        if (code !== "") throw new Violation("L1-heals", `${settings.service} says ${code} of a good token`);
      }
    }
    history.add("plan", "all is well");
  } catch (cause) {
    truth.broke(cause);
  }
}
