// One request over HTTP: it travels, is answered or not, and travels back or is lost. Whoever asked gives up after a while;
// what it asked for may be done nevertheless, even later.

import { Fault, type FaultCode } from "@hallpass/core";
import type { Machine } from "./machine.ts";
import type { SeededDice } from "./seeded-dice.ts";

export type Reply<T> =
  | { readonly kind: "answered"; readonly value: T }
  | { readonly kind: "fault"; readonly code: FaultCode }
  /** No answer came in time: nobody knows. */
  | { readonly kind: "lost" };

export interface Asking {
  readonly dice: SeededDice;
  readonly from: Machine;
  readonly to: { readonly machine: Machine; readonly up: boolean };
  /** Milliseconds of true time. */
  readonly patience: number;
  readonly loseAnswer?: boolean;
  /** Told about what is neither a fault nor handled. */
  readonly defect: (cause: unknown) => void;
}

const MOST_UNDER_WAY = 300;

export function ask<T>(
  { dice, from, to, patience, loseAnswer, defect }: Asking,
  work: () => Promise<T>,
): Promise<Reply<T>> {
  const { promise, resolve } = Promise.withResolvers<Reply<T>>();
  const { life } = from;
  const way = (): number => dice.span(20, MOST_UNDER_WAY);
  const answer = (reply: Reply<T>): void => {
    if (loseAnswer !== true) from.soon(way(), () => resolve(reply), life);
  };
  from.soon(patience, () => resolve({ kind: "lost" }), life);
  if (to.up)
    to.machine.soon(way(), () => {
      work().then(
        (value) => answer({ kind: "answered", value }),
        (cause: unknown) => {
          if (cause instanceof Fault) answer({ kind: "fault", code: cause.code });
          else defect(cause);
        },
      );
    });
  return promise;
}
