// One run: a pure function of its plan. Builds the world, lets the schedule play, heals everything, and asks whether all
// recovered. Stops at the first promise that is broken.

import {
  bootstrapIssuer,
  bootstrapKeys,
  createKeyRing,
  registerClient,
  type Secret,
  type Store,
  type SubjectId,
} from "@hallpass/core";
import { createMemoryStore } from "@hallpass/store-memory";
import { Cookies } from "./cast/cookies.ts";
import { askForTheEnd } from "./cast/ending.ts";
import { Holder } from "./cast/holder.ts";
import { Operator } from "./cast/operator.ts";
import { type Cast, play } from "./cast/play.ts";
import { PolicyMaker } from "./cast/policy-maker.ts";
import { Probes } from "./cast/probes.ts";
import type { Stage } from "./cast/stage.ts";
import { Streams } from "./cast/streams.ts";
import { Node } from "./parts/node.ts";
import { ACCESS_LIFETIME, CLIENTS, ISSUER_URL, KEK, POLICIES, SKEW, simulatedKey, TENANT } from "./parts/settings.ts";
import { sharedCrypto } from "./parts/shared-crypto.ts";
import { Verifying, type VerifyingSettings } from "./parts/verifying.ts";
import type { Plan, WorldName } from "./plan.ts";
import { WorldTruth } from "./truth/world-truth.ts";
import { FeedNetwork } from "./world/feed-network.ts";
import { History } from "./world/history.ts";
import { Machine } from "./world/machine.ts";
import { SeededDice } from "./world/seeded-dice.ts";
import { shownLater } from "./world/shown-later.ts";
import { TimeLine } from "./world/time-line.ts";
import type { Violation } from "./world/violation.ts";

export interface RunResult {
  readonly seed: number;
  readonly hash: string;
  readonly violation: Violation | undefined;
  readonly turns: number;
  /** True time. */
  readonly endedAt: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly history: readonly string[];
  /** What the judges had to leave aside. */
  readonly aside: ReadonlyMap<string, number>;
}

const VERIFIERS: readonly VerifyingSettings[] = [
  { service: "fast", maxStaleness: 2000, onStale: "unavailable", slowCrypto: 0 },
  { service: "waiting", maxStaleness: 5000, onStale: "introspect", slowCrypto: 2500 },
  { service: "lenient", maxStaleness: 3000, onStale: "accept", slowCrypto: 0 },
];

interface Sizes {
  readonly nodes: readonly string[];
  readonly verifiers: readonly VerifyingSettings[];
  readonly holders: number;
  readonly subjects: number;
}

const SIZES: Readonly<Record<WorldName, Sizes>> = {
  small: { nodes: ["node-a", "node-b"], verifiers: VERIFIERS, holders: 8, subjects: 5 },
  whole: {
    nodes: ["node-a", "node-b", "node-c"],
    // The one that waits for signatures waits longer than its view may age.
    verifiers: [
      ...VERIFIERS.map((one) => (one.slowCrypto === 0 ? one : { ...one, maxStaleness: 2000, slowCrypto: 3000 })),
      { service: "pulling", maxStaleness: 4000, onStale: "unavailable", slowCrypto: 0, pulls: true },
    ],
    holders: 20,
    subjects: 12,
  },
};

export interface RunOptions {
  /** Called with every line of the history. */
  readonly trace?: (text: string) => void;
  /** Judges what is set aside otherwise. */
  readonly strict?: boolean;
}

export async function runPlan(plan: Plan, { trace, strict = false }: RunOptions = {}): Promise<RunResult> {
  const dice = new SeededDice(`run ${plan.seed}`);
  const line = new TimeLine(dice.fork("time"));
  const history = new History(line, trace);
  const storeMachine = new Machine(line, dice.fork("store"), "store", 0);
  const truth = new WorldTruth(line, history, strict, (shown) => storeMachine.steady(shown));
  const cast = await build(plan, { dice, line, history, truth, storeMachine });
  const { stage } = cast;
  const probes = new Probes(stage, dice.fork("probes"));
  truth.onNotice = (notice) => {
    probes.after(notice);
    stage.streams.after(stage, notice);
  };
  for (const step of plan.steps) line.after(step.at, () => play(cast, step, dice));
  line.after(plan.healAt, () => heal(cast));
  line.after(plan.endAt - 2000, () => void askForTheEnd(cast, dice.fork("end")));
  await line.runUntil(plan.endAt);
  if (truth.violation === undefined) truth.check(() => truth.calls.judge());
  return {
    seed: plan.seed,
    hash: history.digest(),
    violation: truth.violation,
    turns: line.turns,
    endedAt: line.now,
    counts: history.counts,
    history: history.last(30),
    aside: new Map<string, number>([...truth.refreshes.aside, ["young_key", truth.verdicts.youngKeys]]),
  };
}

interface Beginnings {
  readonly dice: SeededDice;
  readonly line: TimeLine;
  readonly history: History;
  readonly truth: WorldTruth;
  readonly storeMachine: Machine;
}

async function build(plan: Plan, { dice, line, history, truth, storeMachine }: Beginnings): Promise<Cast> {
  const machine = (name: string, skewMs: number): Machine => new Machine(line, dice.fork(name), name, skewMs);
  const ring = createKeyRing({ tenant: TENANT, kek: KEK });
  const { store, atOnce } = shownLater({
    line,
    machine: storeMachine,
    dice: dice.fork("commits"),
    make: (clock) => createMemoryStore({ clock, dice: storeMachine.dice }),
  });
  const secrets = await found(truth.watched(atOnce, ring), storeMachine.dice, `run ${plan.seed}`, ring);
  const there = truth.watched(store, ring);
  const defect = (cause: unknown): void => truth.broke(cause);
  const sizes = SIZES[plan.world];
  const nodes = sizes.nodes.map(
    (name) => new Node({ line, machine: machine(name, 400), history, run: `run ${plan.seed}`, there, defect }),
  );
  const network = new FeedNetwork({ line, dice: dice.fork("network"), history, servers: nodes });
  const crypto = sharedCrypto();
  const secret = secrets.get("verifiers")?.reveal() ?? "";
  const verifiers = sizes.verifiers.map(
    (settings) =>
      new Verifying(
        { line, machine: machine(settings.service, 400), history, network, nodes, secret, crypto, defect, truth },
        settings,
      ),
  );
  const stage: Stage = {
    line,
    history,
    truth,
    network,
    nodes,
    verifiers,
    outside: machine("outside", 0),
    storeMachine,
    secrets,
    tokens: [],
    sessionTokens: [],
    hasSessionTokens: plan.world === "whole",
    streams: new Streams(),
  };
  const holders = Array.from({ length: sizes.holders }, (_, index) => {
    const client = (["web", "app", "desk"] as const)[index % 3] ?? "web";
    return new Holder(stage, {
      name: `holder-${index}`,
      client: client as never,
      subject: `subject-${index % sizes.subjects}` as SubjectId,
    });
  });
  for (const node of nodes) line.after(0, () => void node.boot());
  const operator = new Operator(stage);
  const [cookies, policyMaker] = [new Cookies(stage, operator), new PolicyMaker(stage, operator)];
  return { stage, holders, operator, cookies, policyMaker };
}

/** The tenant as it was before the run began: issuer, keys, clients. */
async function found(
  store: Store,
  dice: SeededDice,
  run: string,
  ring: ReturnType<typeof createKeyRing>,
): Promise<ReadonlyMap<string, Secret>> {
  await bootstrapIssuer(
    { store, dice },
    { tenant: TENANT, url: ISSUER_URL, skew: SKEW, maxTokenLifetime: ACCESS_LIFETIME },
  );
  let made = 0;
  await bootstrapKeys(
    { store, dice, kek: KEK, newSigningKey: () => simulatedKey(run, (made += 1)) },
    { tenant: TENANT },
  );
  const secrets = new Map<string, Secret>();
  for (const client of CLIENTS) {
    const answer = await registerClient({ store, dice, keys: ring, tenant: TENANT, policies: POLICIES }, client, null);
    if (!answer.ok) throw new Error(`the client ${client.id} could not be registered: ${answer.code}`);
    if (answer.value.secret !== null) secrets.set(client.id, answer.value.secret);
  }
  return secrets;
}

/** Every fault is over: whoever is down starts, clocks are right, lines are quick. */
function heal({ stage }: Cast): void {
  stage.history.add("plan", "heal");
  for (const node of stage.nodes) {
    Object.assign(node.weather, { slowUntil: 0, faultyUntil: 0, cutUntil: 0 });
    node.machine.setRight();
    for (const { machine } of stage.verifiers)
      Object.assign(stage.network.weather(machine.name, node.machine.name), {
        heldUntil: 0,
        slowUntil: 0,
        lose: 0,
        repeat: 0,
      });
  }
  for (const { machine } of stage.verifiers) machine.setRight();
}
