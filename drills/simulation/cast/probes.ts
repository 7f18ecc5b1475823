// Requests where they are most likely to find something: tokens that were just taken away, at each verifier, just after the
// notice and just after its M has passed.

import type { CommittedNotice } from "../truth/book.ts";
import type { SeededDice } from "../world/seeded-dice.ts";
import { probe, type Stage } from "./stage.ts";

const TOKENS_EACH = 2;

export class Probes {
  readonly #stage: Stage;
  readonly #dice: SeededDice;

  constructor(stage: Stage, dice: SeededDice) {
    this.#stage = stage;
    this.#dice = dice;
  }

  after(notice: CommittedNotice): void {
    const { tokens, truth, verifiers, storeMachine } = this.#stage;
    const dice = this.#dice.fork(`${notice.pos.epoch}.${notice.pos.seq}`);
    const now = storeMachine.wall / 1000;
    const taken = tokens
      .filter(({ claims }) => claims.exp > now + 1 && truth.book.takes(notice, claims))
      .slice(-TOKENS_EACH);
    for (const token of taken) {
      for (const verifier of verifiers) {
        const { maxStaleness } = verifier.settings;
        const soon = dice.between(0, 400);
        const late = [0, dice.between(1, 40), dice.between(40, 400), dice.between(400, 3000)].map(
          (ms) => maxStaleness + ms,
        );
        // Just before its M has passed, which counts from when the notice was shown: by then the time of its commit may lie further back.
        const early = maxStaleness - dice.between(0, 300);
        for (const after of [soon, early, ...late]) probe(this.#stage, verifier, token, after);
      }
    }
  }
}
