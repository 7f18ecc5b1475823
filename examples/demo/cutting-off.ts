// Two verifiers are cut off, one by being stopped, one by a network that swallows everything; something is revoked.
// What is then true is the point of Hallpass: the receipt says by when each of them refuses, and they do.

import { receiptLines } from "@hallpass/cli";
import type { SignedReceipt } from "@hallpass/protocol";
import { ask, type Reply } from "./asking.ts";
import type { IssuerApi, SignedIn } from "./issuer-api.ts";
import { targetOf } from "./measuring.ts";
import type { VerifierProcess } from "./processes.ts";
import type { SilentProxy } from "./silent-proxy.ts";
import type { Stage } from "./stage.ts";
import { until } from "./waiting.ts";

export interface CutOff {
  readonly stage: Stage;
  readonly api: IssuerApi;
  readonly connected: VerifierProcess;
  /** Stopped with SIGSTOP. */
  readonly stopped: VerifierProcess;
  /** Behind the proxy. */
  readonly silenced: VerifierProcess;
  readonly proxy: SilentProxy;
  readonly victim: SignedIn;
  readonly bystander: SignedIn;
  readonly maxStalenessMs: number;
}

export interface CutOffResult {
  readonly receipt: SignedReceipt;
  /** Milliseconds between the last acceptance behind the proxy and what the receipt promised; 0 when there was none. */
  readonly refusedBeforeBoundMs: number;
  readonly recoveredAfterMs: number;
  readonly finalReceipt: SignedReceipt;
}

const RECOVERS_WITHIN_MS = 30_000;

export async function cutOff(scene: CutOff): Promise<CutOffResult> {
  const { stage, api, stopped, silenced, proxy, victim, maxStalenessMs } = scene;
  stopped.child.kill("SIGSTOP");
  proxy.silence();
  stage.say(`${stopped.instance} is stopped (SIGSTOP); the network of ${silenced.instance} swallows everything.`);
  const receipt = await api.revoke(targetOf(victim, "session"), 300);
  stage.lines(receiptLines(receipt));
  judgeReceipt(scene, receipt);

  const bound = Math.max(
    ...silentOf(receipt).map((one) => one.refuses_by_ms ?? receipt.committed_at_ms + maxStalenessMs),
  );
  // Held back in its socket until it goes on: the first thing that it will be asked.
  const heldBack = ask(stopped, victim.access, maxStalenessMs + 20_000);
  const lastAccepted = await watchSilenced(scene, bound);
  const refusedBeforeBoundMs = lastAccepted === undefined ? 0 : bound - lastAccepted;

  const healed = performance.now();
  stopped.child.kill("SIGCONT");
  proxy.heal();
  stage.say(`SIGCONT for ${stopped.instance}; the network of ${silenced.instance} is back.`);
  const first = await heldBack;
  stage.claim(
    `what ${stopped.instance} had been asked while it was stopped, it did not accept: ${first.status}`,
    first.status !== 200,
  );
  await recovered(scene);
  const recoveredAfterMs = performance.now() - healed;
  stage.claim(
    `all verifiers refuse the revoked token with 401 and accept others, ${(recoveredAfterMs / 1000).toFixed(1)} s later`,
    true,
  );
  const finalReceipt = await api.readReceipt(receipt.id);
  const { enforced, verifiers } = finalReceipt.fleet;
  stage.claim(`the same receipt, read again: enforced at ${enforced} of ${verifiers}`, enforced === verifiers);
  return { receipt, refusedBeforeBoundMs, recoveredAfterMs, finalReceipt };
}

function silentOf(receipt: SignedReceipt): SignedReceipt["services"][number]["silent"] {
  return receipt.services.flatMap((one) => one.silent);
}

function judgeReceipt({ stage, stopped, silenced, maxStalenessMs }: CutOff, receipt: SignedReceipt): void {
  const silent = silentOf(receipt);
  const named = silent.map((one) => one.instance).toSorted();
  const cut = [stopped.instance, silenced.instance].toSorted();
  stage.claim(
    `the receipt names the two that are cut off, and no other: ${named.join(", ")}`,
    named.join() === cut.join(),
  );
  // The commit was shown before the receipt was here.
  const latest = Date.now() + maxStalenessMs;
  const isBound = silent.every((one) => one.refuses_by_ms !== null && one.refuses_by_ms <= latest);
  stage.claim(`and by when each refuses: at most ${maxStalenessMs / 1000} s after the receipt`, isBound);
}

/** Asks behind the proxy until a second after the bound. Answers with the wall time of the last acceptance. */
async function watchSilenced(scene: CutOff, bound: number): Promise<number | undefined> {
  const { stage, silenced, connected, victim, bystander } = scene;
  const there = await ask(connected, victim.access);
  stage.claim(`${connected.instance}, which is connected, refuses already: ${there.status}`, there.status === 401);
  let lastAccepted: number | undefined;
  const late: Reply[] = [];
  for (;;) {
    const reply = await ask(silenced, victim.access);
    if (reply.status === 200) lastAccepted = reply.decidedWall;
    if (reply.decidedWall >= bound) late.push(reply);
    if (reply.decidedWall >= bound + 500) break;
    stage.progress(
      `${silenced.instance} answers ${reply.status}; its bound is ${((bound - reply.decidedWall) / 1000).toFixed(1)} s away`,
    );
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const margin =
    lastAccepted === undefined
      ? "it accepted nothing"
      : `its last yes was ${Math.round(bound - lastAccepted)} ms before the bound`;
  stage.claim(
    `${silenced.instance} accepted nothing revoked from its refuses_by on: ${margin}`,
    lastAccepted === undefined || lastAccepted < bound,
  );
  stage.claim(
    `from then on it answers 503 (can't know), not 401: ${late.length} of ${late.length} answers`,
    late.length > 0 && late.every((reply) => reply.status === 503),
  );
  const other = await ask(silenced, bystander.access);
  stage.claim(`and 503 for everybody else, too: ${other.status}`, other.status === 503);
  return lastAccepted;
}

async function recovered({ stopped, silenced, connected, victim, bystander }: CutOff): Promise<void> {
  await until("every verifier refuses what was revoked and accepts others", RECOVERS_WITHIN_MS, async () => {
    const all = [stopped, silenced, connected];
    const refusals = await Promise.all(all.map((one) => ask(one, victim.access)));
    const others = await Promise.all(all.map((one) => ask(one, bystander.access)));
    const done = refusals.every(({ status }) => status === 401) && others.every(({ status }) => status === 200);
    if (refusals.some(({ status }) => status === 200)) throw new Error("a revoked token was accepted again");
    return done ? true : undefined;
  });
}
