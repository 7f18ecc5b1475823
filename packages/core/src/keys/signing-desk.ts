// Signatures that are asked for in one turn are made in a row. The tables of the curve then stay in the processor's cache:
// measured, a signature between two requests costs twice as much as one after another (docs/performance-notes.md).

import type { NextTurn } from "../kernel/ports.ts";
import type { Signer } from "./ring.ts";

interface Waiting {
  readonly signingInput: string;
  readonly resolve: (signature: Uint8Array) => void;
  readonly reject: (cause: unknown) => void;
}

/** What `signSoon` of a signer is made of. */
export function signingDesk(sign: Signer["sign"], nextTurn: NextTurn): Signer["signSoon"] {
  let queue: Waiting[] = [];

  function flush(): void {
    const waiting = queue;
    queue = [];
    for (const { signingInput, resolve, reject } of waiting) {
      try {
        resolve(sign(signingInput));
      } catch (error) {
        reject(error);
      }
    }
  }

  return (signingInput) =>
    new Promise((resolve, reject) => {
      queue.push({ signingInput, resolve, reject });
      if (queue.length === 1) nextTurn(flush);
    });
}
