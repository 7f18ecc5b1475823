// A server on SQLite and on a socket, verifiers on its feed, sessions that refresh without a pause; and the key is rotated
// under them by hand, as often as asked, each time as soon as every verifier has acknowledged the next one. Every token is
// verified at every verifier when it is issued, and again and again until it expires. A rejection is a broken promise: nothing was revoked.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Verifier } from "@hallpass/verifier";
import { type Operated, operatedServer } from "./operated-server.ts";

export interface RotationsOptions {
  readonly rotations: number;
  readonly verifiers: number;
  /** Sessions that refresh, each one token after the other. */
  readonly sessions: number;
  /** The broken variant: a key is compromised as soon as it is retired, so that it is published no longer than it signs. */
  readonly withoutOverlap: boolean;
}

export interface RotationsResult {
  readonly rotations: number;
  /** Retired keys that were removed while the load went on, because their last token had expired. */
  readonly removed: number;
  readonly tokens: number;
  readonly accepted: number;
  readonly refused: number;
  readonly unavailable: number;
  /** Of the rejections. */
  readonly codes: ReadonlySet<string>;
  readonly seconds: number;
}

interface Issued {
  readonly token: string;
  /** Milliseconds. */
  readonly expires: number;
}

/** Verdicts between two rotations, at least: so that every key signs, and is asked for, before the next one does. */
const BETWEEN = 60;
/** A token is not asked about this close to its end, in milliseconds. */
const MARGIN = 500;

export async function rotateUnderLoad(options: RotationsOptions): Promise<RotationsResult> {
  const server = await operatedServer();
  const verifiers = Array.from({ length: options.verifiers }, () => server.verifier());
  const load = new Load(verifiers);
  const begun = performance.now();
  try {
    await Promise.all(verifiers.map((verifier) => verifier.ready()));
    const working = [...Array(options.sessions).keys()].map((n) => load.refresh(server, `u-${n}`));
    working.push(load.verifyAgain());
    const removed = await rotating(server, options, load).finally(() => load.stop());
    await Promise.all(working);
    const { tokens, accepted, refused, unavailable, codes } = load;
    const seconds = (performance.now() - begun) / 1000;
    return { rotations: options.rotations, removed, tokens, accepted, refused, unavailable, codes, seconds };
  } finally {
    load.stop();
    for (const verifier of verifiers) verifier.close();
    await server.close();
  }
}

async function rotating(server: Operated, options: RotationsOptions, load: Load): Promise<number> {
  let removed = 0;
  for (let rotation = 0; rotation < options.rotations; rotation += 1) {
    await load.further(BETWEEN);
    const { active } = await server.everyoneKnowsNext();
    await server.rotate();
    if (options.withoutOverlap) await server.compromise(active);
    else removed += await server.removeExpired();
  }
  await load.further(BETWEEN);
  return removed;
}

class Load {
  tokens = 0;
  accepted = 0;
  refused = 0;
  unavailable = 0;
  readonly codes = new Set<string>();
  readonly #verifiers: readonly Verifier[];
  #issued: Issued[] = [];
  #stopped = false;

  constructor(verifiers: readonly Verifier[]) {
    this.#verifiers = verifiers;
  }

  stop(): void {
    this.#stopped = true;
  }

  async refresh(server: Operated, subject: string): Promise<void> {
    let { access, refresh } = await server.open(subject);
    while (!this.#stopped) {
      this.#issued.push(access);
      this.tokens += 1;
      await this.#verify(access);
      ({ access, refresh } = await server.refresh(refresh));
    }
  }

  async verifyAgain(): Promise<void> {
    for (let turn = 0; !this.#stopped; turn += 1) {
      const one = this.#issued[turn % Math.max(1, this.#issued.length)];
      if (one !== undefined) await this.#verify(one);
      if (turn % 500 === 0) this.#issued = this.#issued.filter(isYoung);
      await nextTurn();
    }
  }

  /** Settles when that many more verdicts were given. */
  async further(verdicts: number): Promise<void> {
    const until = this.accepted + this.refused + verdicts;
    while (!this.#stopped && this.accepted + this.refused < until) await nextTurn();
  }

  async #verify(issued: Issued): Promise<void> {
    for (const verifier of this.#verifiers) {
      if (!isYoung(issued)) return;
      const verdict = await verifier.verify(issued.token);
      if (verdict.kind === "accepted") this.accepted += 1;
      else if (verdict.kind === "unavailable") this.unavailable += 1;
      else {
        this.refused += 1;
        this.codes.add(verdict.code);
      }
    }
  }
}

function isYoung({ expires }: Issued): boolean {
  return Date.now() < expires - MARGIN;
}
