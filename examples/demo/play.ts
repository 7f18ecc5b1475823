// The acts of the demo, in order.

import { receiptLines } from "@hallpass/cli";
import type { Receipt } from "@hallpass/protocol";
import { ask, stopAsking } from "./asking.ts";
import { type CutOffResult, cutOff } from "./cutting-off.ts";
import { type IssuerApi, issuerApi, type SignedIn } from "./issuer-api.ts";
import { type TargetKind, type Watched, watchRevocation } from "./measuring.ts";
import { ms, type Spread, spread } from "./numbers.ts";
import type { DemoOptions } from "./options.ts";
import { type ServerProcess, startServer, startVerifier, stop, type VerifierProcess } from "./processes.ts";
import { isSigned } from "./receipt-signature.ts";
import { SilentProxy } from "./silent-proxy.ts";
import type { Stage } from "./stage.ts";
import { Traffic } from "./traffic.ts";
import { until } from "./waiting.ts";

export interface DemoResult {
  readonly options: DemoOptions;
  readonly signedIn: { readonly subjects: number; readonly seconds: number };
  readonly traffic: { readonly perSecond: number; readonly answers: Readonly<Record<string, number>> };
  readonly refusedAfterMs: Readonly<Record<string, Spread>>;
  readonly receipts: readonly Receipt[];
  readonly cutOff: CutOffResult;
}

export async function play(options: DemoOptions, stage: Stage, data: string): Promise<DemoResult> {
  const running: { server?: ServerProcess; proxy?: SilentProxy; readonly verifiers: VerifierProcess[] } = {
    verifiers: [],
  };
  try {
    stage.act("1. A server, three verifiers, each a process of its own");
    const server = (running.server = await startServer(data));
    const api = await issuerApi(server.issuer, data);
    const proxy = (running.proxy = await SilentProxy.open(server.port));
    const verifiers = await startVerifiers(server, api, proxy, options, running.verifiers);
    stage.say(`server ${server.issuer}; verifiers ${verifiers.map((one) => one.instance).join(", ")}`);
    stage.say(
      `M, the longest that a verifier may lag behind: ${options.maxStalenessMs / 1000} s (60 s unless you say otherwise; short here)`,
    );
    return await perform(options, stage, api, verifiers, proxy);
  } finally {
    for (const { child } of running.verifiers) await stop(child, "SIGKILL");
    running.proxy?.close();
    stopAsking();
    if (running.server !== undefined) {
      const exit = await stop(running.server.child, "SIGTERM");
      stage.claim(`the server drained and ended by itself: exit code ${exit}`, exit === 0);
    }
  }
}

async function perform(
  options: DemoOptions,
  stage: Stage,
  api: IssuerApi,
  verifiers: readonly VerifierProcess[],
  proxy: SilentProxy,
): Promise<DemoResult> {
  stage.act(`2. ${options.subjects} people sign in`);
  const started = performance.now();
  const users = await signInAll(api, options.subjects, stage);
  const seconds = (performance.now() - started) / 1000;
  stage.say(`${users.length} sessions in ${seconds.toFixed(1)} s, each with an access token of 10 minutes at most`);
  await everyVerifierAccepts(verifiers, users);
  const traffic = new Traffic(users, options.rate);
  try {
    stage.act(`3. Revocations while ${options.rate} requests per second go on`);
    traffic.start(verifiers);
    const watched = await revokeAll(options, stage, api, verifiers, traffic);
    const receipts = await showReceipts(stage, api, watched);
    const refusedAfterMs = showSpreads(stage, verifiers, watched, traffic);
    stage.claim(
      `all ${watched.length} revoked tokens: accepted before, 401 at all verifiers after, never accepted again`,
      watched.every((one) => one.sound),
    );
    const slowest = Math.max(...Object.values(refusedAfterMs).map((one) => one.max));
    stage.claim(`no refusal came later than M: the slowest took ${ms(slowest)}`, slowest <= options.maxStalenessMs);
    const [api1, api2, billing] = verifiers;
    if (api1 === undefined || api2 === undefined || billing === undefined) throw new Error("there are three verifiers");
    traffic.only([api1]);
    await until("the traffic to the others is answered", 5000, () => (traffic.idle ? true : undefined), 1);
    stage.act("4. Two verifiers can't hear");
    const scene = { stage, api, connected: api1, stopped: billing, silenced: api2, proxy };
    const people = { victim: traffic.takeUser(), bystander: traffic.takeUser() };
    const cut = await cutOff({ ...scene, ...people, maxStalenessMs: options.maxStalenessMs });
    const perSecond = traffic.rate;
    traffic.stop();
    const answers = Object.fromEntries(traffic.statuses);
    stage.act("5. All that time");
    stage.claim(
      `${traffic.answered} requests of people whom nobody revoked, ${Math.round(perSecond)} per second: all accepted`,
      traffic.statuses.size === 1 && traffic.statuses.has(200),
    );
    return {
      options,
      signedIn: { subjects: users.length, seconds },
      traffic: { perSecond, answers },
      refusedAfterMs,
      receipts,
      cutOff: cut,
    };
  } finally {
    traffic.stop();
  }
}

async function startVerifiers(
  { issuer }: ServerProcess,
  api: IssuerApi,
  proxy: SilentProxy,
  { maxStalenessMs, onStale }: DemoOptions,
  running: VerifierProcess[],
): Promise<readonly VerifierProcess[]> {
  const settings = { issuer, maxStalenessMs, onStale, credentialsFile: await api.addVerifierClient() };
  for (const spec of [
    { service: "api", instance: "api-1" },
    { service: "api", instance: "api-2", through: proxy.url },
    { service: "billing", instance: "billing-1" },
  ]) {
    running.push(await startVerifier(spec, settings));
  }
  return running;
}

const AT_ONCE = 16;

async function signInAll(api: IssuerApi, count: number, stage: Stage): Promise<readonly SignedIn[]> {
  const users: SignedIn[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      users.push(await api.signIn(`person-${next}`));
      if (users.length % 50 === 0) stage.progress(`${users.length} of ${count}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return users;
}

async function everyVerifierAccepts(verifiers: readonly VerifierProcess[], users: readonly SignedIn[]): Promise<void> {
  const user = users[0];
  if (user === undefined) throw new Error("nobody signed in");
  await until("every verifier has a view", 20_000, async () => {
    const replies = await Promise.all(verifiers.map((verifier) => ask(verifier, user.access)));
    return replies.every(({ status }) => status === 200) ? true : undefined;
  });
}

const KINDS: readonly TargetKind[] = ["session", "subject", "family"];

async function revokeAll(
  options: DemoOptions,
  stage: Stage,
  api: IssuerApi,
  verifiers: readonly VerifierProcess[],
  traffic: Traffic,
): Promise<readonly Watched[]> {
  const watched: Watched[] = [];
  for (let done = 0; done < options.revocations; done += 1) {
    const kind = KINDS[done % KINDS.length] ?? "session";
    watched.push(await watchRevocation(api, verifiers, traffic.takeUser(), kind, options.maxStalenessMs));
    stage.progress(`${done + 1} of ${options.revocations} revocations`);
  }
  return watched;
}

/** The first receipt of each kind, read again now that every verifier was seen to refuse. */
async function showReceipts(stage: Stage, api: IssuerApi, watched: readonly Watched[]): Promise<readonly Receipt[]> {
  const first = KINDS.flatMap((kind) => watched.find((one) => one.kind === kind) ?? []);
  const receipts: Receipt[] = [];
  for (const { kind, receipt } of first) {
    const now = await api.readReceipt(receipt.id);
    const { enforced, verifiers } = now.fleet;
    stage.lines(["", ...receiptLines(now), ""]);
    stage.claim(
      `a ${kind} was revoked; its receipt, signed by a key of the JWKS, says: enforced at ${enforced} of ${verifiers}`,
      enforced === verifiers && (await isSigned(now, api.issuer)),
    );
    receipts.push(now);
  }
  stage.say("");
  return receipts;
}

function showSpreads(
  stage: Stage,
  verifiers: readonly VerifierProcess[],
  watched: readonly Watched[],
  traffic: Traffic,
): Readonly<Record<string, Spread>> {
  const spreads = Object.fromEntries(
    verifiers.map(({ instance }) => [
      instance,
      spread(watched.map((one) => one.refusedAfter.get(instance) ?? Number.POSITIVE_INFINITY)),
    ]),
  );
  stage.say(`from the acknowledgement to the first refusal, ${watched.length} revocations (0.0: it refused before):`);
  const row = (cells: readonly string[]): string =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(12) : cell.padStart(12))).join("");
  stage.lines([
    row(["VERIFIER", "P50", "P99", "MAX", "OLDEST VIEW"]),
    ...Object.entries(spreads).map(([instance, one]) =>
      row([instance, ms(one.p50), ms(one.p99), ms(one.max), ms(traffic.oldestView.get(instance) ?? 0)]),
    ),
  ]);
  return spreads;
}
