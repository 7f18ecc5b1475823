// What is measured of keys: how old they are, whom a rotation waits for, how much each signs. By algorithm and state, never by kid: a
// kid is no word of ours, and keys come and go.

import type { KeyList, KeyRing } from "@hallpass/core";
import { Counter, Gauge, type Registry } from "prom-client";

export interface MeasuredKeys {
  /** Asked when the page is fetched. */
  readonly list: () => Promise<Pick<KeyList, "keys" | "rotations">>;
  readonly signatures: KeyRing["signatures"];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function addKeyMetrics(registry: Registry, measured: MeasuredKeys): void {
  const registers = [registry];
  const age: Gauge = new Gauge({
    name: "hallpass_key_age_seconds",
    help: "Since the next key was published, or the active one began to sign, by algorithm.",
    labelNames: ["alg", "state"],
    registers,
    collect: async () => {
      for (const key of (await measured.list()).keys) {
        const since = key.state === "active" ? key.activatedAt : key.state === "next" ? key.publishedAt : undefined;
        if (since !== undefined)
          age.set({ alg: key.alg, state: key.state }, Math.max(0, measured.now() - since) / 1000);
      }
    },
  });
  const laggards: Gauge = new Gauge({
    name: "hallpass_key_laggards",
    help: "Verifiers that live and have not acknowledged the next key, by algorithm.",
    labelNames: ["alg"],
    registers,
    collect: async () => {
      for (const { alg, waitingFor } of (await measured.list()).rotations) laggards.set({ alg }, waitingFor.length);
    },
  });
  const signatures: Counter = new Counter({
    name: "hallpass_signatures_total",
    help: "Signatures of this node, by algorithm and by what the key was: active, or next while it is tried.",
    labelNames: ["alg", "key"],
    registers,
    collect: () => {
      signatures.reset();
      for (const { alg, state, count } of measured.signatures()) signatures.inc({ alg, key: state }, count);
    },
  });
}
