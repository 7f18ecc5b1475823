// `node --conditions=hallpass-source drills/timing/main.ts [--samples 10000] [--rounds 5]`
// Who exists, told by time: a client that is not there beside one whose secret is wrong, and a token that was never issued beside one that is
// over and one that is somebody else's, asked of a whole server in random turns; without sockets, whose noise would hide more than it tells.
// In each round the slower half of each kind is left out, since whatever else the machine does only makes slower, and two kinds are compared by
// Welch's t. They are told apart where |t| is 4.5 or more in every round, in one direction, and the difference is at least one part in two
// hundred of their time. Exits with 1 if clients are; and if a server whose clients are looked for before any work is done is not found out by
// the same rule. Tokens are compared and printed: what was genuinely issued costs a look at a signature more than what was made up, and says so.
// Of the attacks of spec/attacks.md: [I-08].

import { parseArgs } from "node:util";
import { Fault, type Store } from "@hallpass/core";
import { basicHeader, requestOf, type Scene, scene } from "../../packages/server/src/testing/scene.ts";
import { sayProof } from "../../proof/line.ts";
import { wholeNumber } from "../whole-number.ts";

const given = parseArgs({
  options: { samples: { type: "string", default: "10000" }, rounds: { type: "string", default: "5" } },
}).values;
const samples = wholeNumber(given.samples);
const rounds = wholeNumber(given.rounds);
const LEAST_T = 4.5;
const LEAST_PART = 0.005;
/** Asked before anything counts, so that everything is compiled. */
const WARMING = 3000;

type Ask = () => Promise<void>;

interface Half {
  readonly mean: number;
  /** The variance of the mean. */
  readonly spread: number;
}

function halfOf(times: readonly number[]): Half {
  const faster = times.toSorted((one, other) => one - other).slice(0, Math.floor(times.length / 2));
  const mean = faster.reduce((sum, one) => sum + one, 0) / faster.length;
  const variance = faster.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (faster.length - 1);
  return { mean, spread: variance / faster.length };
}

interface Compared {
  /** Of one round each. */
  readonly ts: readonly number[];
  /** Microseconds by which the first takes longer, and what the second takes. */
  readonly longer: number;
  readonly of: number;
}

async function compared(first: Ask, second: Ask): Promise<Compared> {
  const kinds = [first, second] as const;
  for (let one = 0; one < WARMING; one += 1) for (const ask of kinds) await ask();
  const found: { readonly t: number; readonly longer: number; readonly of: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const times: readonly [number[], number[]] = [[], []];
    while (Math.min(times[0].length, times[1].length) < samples) {
      const kind = Math.random() < 0.5 ? 0 : 1;
      const started = process.hrtime.bigint();
      await kinds[kind]();
      times[kind].push(Number(process.hrtime.bigint() - started) / 1000);
    }
    const [one, other] = [halfOf(times[0]), halfOf(times[1])];
    const longer = one.mean - other.mean;
    found.push({ t: longer / Math.sqrt(one.spread + other.spread), longer, of: other.mean });
  }
  const middle = (values: readonly number[]): number =>
    values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
  return {
    ts: found.map(({ t }) => t),
    longer: middle(found.map(({ longer }) => longer)),
    of: middle(found.map(({ of }) => of)),
  };
}

function toldApart({ ts, longer, of }: Compared): boolean {
  const oneWay = ts.every((t) => t >= LEAST_T) || ts.every((t) => t <= -LEAST_T);
  return oneWay && Math.abs(longer) >= of * LEAST_PART;
}

function inWords({ ts, longer, of }: Compared): string {
  return `${longer.toFixed(2)} µs of ${of.toFixed(1)}, t ${ts.map((t) => t.toFixed(1)).join(" ")}`;
}

function asking({ hallpass }: Scene, credentials: string, token: string): Ask {
  return async () => {
    const answer = await hallpass.fetch(
      requestOf({ path: "/oauth2/introspect", headers: basicHeader(credentials), form: { token } }),
    );
    await answer.text();
  };
}

async function staged(leavesEarly = false): Promise<Scene> {
  const early = { on: false };
  const stage = await scene({
    // Tries are counted and refused beyond a limit, which is another rule (E-15).
    config: { failed_authentication_limit: "off" },
    wrapStore: (store) => leavingEarly(store, early),
  });
  // Its secret is remembered as one that was found genuine: the wrong one is compared with that, too.
  await asking(stage, stage.basic.service, "x")();
  early.on = leavesEarly;
  return stage;
}

/** Names of one length, of which the second is nobody's; the secret is well-formed and a third one's. */
function clientsOf(stage: Scene): Promise<Compared> {
  const secret = stage.basic.operator.slice("operator:".length);
  return compared(asking(stage, `service:${secret}`, "x"), asking(stage, `servica:${secret}`, "x"));
}

/** What somebody writes who means well: nobody is there, nothing is to be done. */
function leavingEarly(store: Store, early: { readonly on: boolean }): Store {
  return {
    ...store,
    read: async (keys) => {
      const snapshot = await store.read(keys);
      const client = keys.find(({ kind }) => kind === "client");
      if (early.on && client !== undefined && snapshot.get(client) === undefined) throw new Fault("store_unavailable");
      return snapshot;
    },
  };
}

const stage = await staged();
const clients = await clientsOf(stage);
console.error(`a wrong secret beside no such client: ${inWords(clients)}`);
const early = await clientsOf(await staged(true));
console.error(`the same, where an unknown client is answered early: ${inWords(early)}`);

const live = await stage.open();
const over = await stage.open({ subject: "u-2" });
await stage.send({
  path: `/v1/sessions/${over.sid}/end`,
  headers: { authorization: `Bearer ${await stage.bearer()}` },
  json: {},
});
const changed = `${over.refresh.slice(0, -3)}AAA`;
const verifier = (token: string): Ask => asking(stage, stage.basic.service, token);
const foreign = await compared(verifier(over.access), verifier(live.access));
console.error(`a token that is over beside one for another: ${inWords(foreign)}`);
const refresh = await compared(verifier(over.refresh), verifier(changed));
console.error(`another client's refresh token that is over beside one that was never issued: ${inWords(refresh)}`);

const held = !toldApart(clients);
const found = toldApart(early);
sayProof({
  id: "timing",
  promise: "P3",
  figure: `${samples * rounds} questions of each kind: a wrong secret takes longer than a client that does not exist by ${inWords(clients)}; told and not judged: a token that is over than one for another by ${inWords(foreign)}, another client's refresh token that is over than one that was never issued by ${inWords(refresh)}`,
  control: `where an unknown client is answered early: ${inWords(early)}, ${found ? "told apart" : "not told apart"}`,
  seeds: "none",
  notShown: [
    "time as it is after a network, which hides more",
    "caches of the processor, told by another process on the machine",
    "tokens: whoever holds a genuine one of another's may learn that it was issued",
  ],
  passed: held && found,
});
