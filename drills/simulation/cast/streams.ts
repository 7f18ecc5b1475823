// Open streams: what a verifier has accepted and goes on serving. When what they were opened with is taken away, the
// verifier must say so within M, or as soon as its machine runs again.

import type { Accepted } from "@hallpass/verifier";
import type { Verifying } from "../parts/verifying.ts";
import type { CommittedNotice } from "../truth/book.ts";
import type { AccessToken } from "../truth/minted.ts";
import { Violation } from "../world/violation.ts";
import type { Stage } from "./stage.ts";

interface Stream {
  readonly verifying: Verifying;
  readonly token: AccessToken;
  /** Of its verifier's machine: a stream dies with it. */
  readonly life: number;
  ended: string | undefined;
}

const MOST_OPEN = 40;

export class Streams {
  #open: Stream[] = [];

  opened(verifying: Verifying, token: AccessToken, verdict: Accepted): void {
    const { verifier, machine } = verifying;
    if (verifier === undefined || this.#open.length >= MOST_OPEN) return;
    const stream: Stream = { verifying, token, life: machine.life, ended: undefined };
    this.#open.push(stream);
    verifier.onEnded(verdict, (reason) => {
      stream.ended = reason;
      this.#open = this.#open.filter((one) => one !== stream);
    });
  }

  after(stage: Stage, notice: CommittedNotice): void {
    this.#open = this.#open.filter(({ verifying, life }) => verifying.machine.life === life);
    for (const stream of this.#open) {
      const { machine, settings } = stream.verifying;
      if (settings.onStale === "accept" || !stage.truth.book.takes(notice, stream.token.claims)) continue;
      const look = (): void => {
        if (stream.ended !== undefined) return;
        stage.truth.broke(
          new Violation(
            "P2-bounded",
            `${settings.service} serves a stream of ${stream.token.claims.jti} after ${JSON.stringify(notice.taking)}`,
          ),
        );
      };
      // Twice, so that whatever a pause has held back runs before.
      machine.soon(settings.maxStaleness, () => machine.soon(1, look));
    }
  }
}
