// Verifiers in one process, each with a service of its own and a way of its own to the nodes. Each shows every token that it was given every
// 10 ms, and remembers when one was accepted last. Reads its job from argv, is told by IPC.

import { openSync, readSync } from "node:fs";
import type { Verifier } from "@hallpass/verifier";
import { createVerifierOn } from "@hallpass/verifier/simulation";
import { platformPorts } from "../../packages/verifier/src/runtime.ts";
import { machineTime } from "./machine-time.ts";

export interface VerifyingJob {
  readonly issuer: string;
  readonly audience: string;
  readonly credentials: string;
  readonly m: number;
  /** A file with the milliseconds for which the machine has slept so far, as text: its monotonic clock does not know of them. */
  readonly asleep: string | null;
  readonly lanes: readonly { readonly lane: number; readonly port: number; readonly pull: boolean }[];
}

export type VerifyingOrder =
  | { readonly show: string; readonly lane: number; readonly token: string }
  | { readonly tell: string };

/** Times by the monotonic clock of the machine, in milliseconds. */
export interface Shown {
  readonly id: string;
  readonly probes: number;
  readonly accepted: number;
  /** When the last question began that was answered with yes: it was decided then or later. */
  readonly lastAccept: number | null;
}

export type VerifyingNews = { readonly accepted: string } | { readonly told: Shown } | { readonly ready: true };

interface Shows {
  readonly verifier: Verifier;
  readonly token: string;
  probes: number;
  accepted: number;
  lastAccept: number | null;
}

const EVERY_MS = 10;

const job = JSON.parse(process.argv[2] ?? "null") as VerifyingJob;
const asleep = job.asleep === null ? undefined : openSync(job.asleep, "r");
const verifiers = new Map<number, Verifier>();
const shown = new Map<string, Shows>();
const text = Buffer.alloc(16);

function slept(): number {
  if (asleep === undefined) return 0;
  return Number(text.toString("latin1", 0, readSync(asleep, text, 0, 16, 0)));
}

function verifierOn(lane: number, port: number, pull: boolean): Verifier {
  const [clientId = "", clientSecret = ""] = job.credentials.split(":");
  const kind = pull ? "pull" : "push";
  const way = `127.0.0.1:${port}`;
  const ports = platformPorts({ issuer: job.issuer, clientId, clientSecret }, kind, (url, init) =>
    fetch(url.replace(job.issuer, `http://${way}`), init),
  );
  const clock = { now: () => Date.now(), monotonic: () => performance.now() - slept() };
  return createVerifierOn(
    { ...ports, clock, connect: (open) => ports.connect({ ...open, url: `ws://${way}/v1/feed` }) },
    {
      issuer: job.issuer,
      audience: job.audience,
      service: `lane-${lane}`,
      instance: `lane-${lane}-${process.pid}`,
      maxStalenessMs: job.m,
      feed: kind,
    },
  );
}

async function probe(id: string, one: Shows): Promise<void> {
  const began = machineTime();
  const verdict = await one.verifier.verify(one.token);
  one.probes += 1;
  if (verdict.kind === "accepted") {
    one.accepted += 1;
    one.lastAccept = Math.max(began, one.lastAccept ?? 0);
    if (one.accepted === 1) tell({ accepted: id });
  }
}

function tell(news: VerifyingNews): void {
  process.send?.(news);
}

for (const { lane, port, pull } of job.lanes) verifiers.set(lane, verifierOn(lane, port, pull));
process.on("message", (order: VerifyingOrder) => {
  if ("show" in order) {
    const verifier = verifiers.get(order.lane);
    if (verifier !== undefined)
      shown.set(order.show, {
        verifier,
        token: order.token,
        probes: 0,
        accepted: 0,
        lastAccept: null,
      });
    return;
  }
  const one = shown.get(order.tell);
  shown.delete(order.tell);
  if (one === undefined) return;
  const { probes, accepted, lastAccept } = one;
  tell({ told: { id: order.tell, probes, accepted, lastAccept } });
});
process.on("disconnect", () => process.exit());
setInterval(() => {
  for (const [id, one] of shown) void probe(id, one);
}, EVERY_MS);
tell({ ready: true });
