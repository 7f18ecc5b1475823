// An app that keeps a session token for each holder, in cookies: it has them rotated, raises their assurance, and shows them to resource
// servers, those of before as well, which somebody may have kept.

import { alterSession, rotateSessionToken } from "@hallpass/core";
import { uuidv7 } from "@hallpass/protocol";
import type { Node } from "../parts/node.ts";
import type { SessionTokenText } from "../truth/session-tokens.ts";
import type { SeededDice } from "../world/seeded-dice.ts";
import type { Holder } from "./holder.ts";
import type { Operator } from "./operator.ts";
import { probeSessionToken, type Stage } from "./stage.ts";

const ASSURANCES = ["password", "code", "key"] as const;

export class Cookies {
  readonly #stage: Stage;
  readonly #operator: Operator;

  constructor(stage: Stage, operator: Operator) {
    this.#stage = stage;
    this.#operator = operator;
  }

  /** At every verifier: the newest as a rule, and one of before now and then. */
  use(dice: SeededDice): void {
    const { sessionTokens, verifiers } = this.#stage;
    const recent = sessionTokens.slice(-24);
    if (recent.length === 0) return;
    const token = dice.pick(recent);
    for (const verifier of verifiers) probeSessionToken(this.#stage, verifier, token, dice.span(20, 400));
  }

  /** Asked for again where the answer was lost: then it is yet another. */
  async rotate(node: Node, dice: SeededDice, { held }: Holder): Promise<void> {
    if (held === undefined) return;
    const { truth } = this.#stage;
    truth.sessions.mayReplaceToken.add(held.sid);
    const revocationId = this.#revocationId(dice);
    await this.#operator.ask(node, dice, "rotate a session token", async () => {
      const answer = await rotateSessionToken(node.services, { session: held.sid, revocationId, actor: null });
      if (!answer.ok) return answer;
      const { session, sessionToken, outdated } = answer.value;
      truth.check(() => this.#handedOut(truth.sessionTokens.minted(sessionToken.reveal(), session), dice));
      if (outdated !== null) await this.#operator.receipt(node, outdated, undefined);
      return answer;
    });
  }

  /** The holder proves more: what was planted or kept before must be worth nothing afterwards. */
  async raise(node: Node, dice: SeededDice, { held }: Holder): Promise<void> {
    if (held === undefined) return;
    const { truth } = this.#stage;
    const alteration = { acr: dice.pick(ASSURANCES) };
    const revocationId = this.#revocationId(dice);
    await this.#operator.ask(node, dice, "raise assurance", async () => {
      const request = { session: held.sid, alteration, expectVersion: null, revocationId, actor: null };
      const answer = await alterSession(node.services, request);
      if (!answer.ok) return answer;
      const { session, sessionToken, outdated } = answer.value;
      if (sessionToken !== null)
        truth.check(() => this.#handedOut(truth.sessionTokens.minted(sessionToken.reveal(), session), dice));
      if (outdated !== null) await this.#operator.receipt(node, outdated, undefined);
      return answer;
    });
  }

  /** The one before is shown at each verifier when its M has passed. */
  #handedOut(token: SessionTokenText, dice: SeededDice): void {
    const { sessionTokens, verifiers } = this.#stage;
    const before = sessionTokens.findLast(({ sid }) => sid === token.sid);
    keepSessionToken(this.#stage, token);
    if (before === undefined) return;
    for (const verifier of verifiers)
      for (const late of [0, dice.between(1, 400), dice.between(400, 3000)])
        probeSessionToken(this.#stage, verifier, before, verifier.settings.maxStaleness + late);
  }

  #revocationId(dice: SeededDice): string {
    return uuidv7(this.#stage.storeMachine.wall, dice.bytes(10));
  }
}

const MOST_TOKENS = 200;

export function keepSessionToken({ sessionTokens }: Stage, token: SessionTokenText): void {
  sessionTokens.push(token);
  if (sessionTokens.length > MOST_TOKENS) sessionTokens.shift();
}
