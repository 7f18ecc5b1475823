// `node --conditions=hallpass-source drills/leader/main.ts`
// Two processes on one PostgreSQL. The one that leads is stopped in the moment in which it commits the rotation of a key that is due,
// until its lease is over and the other leads; then it goes on. Its change has to be refused, and the key is rotated once, by the other.
// Beside it the same without the fence, which has to fail: there the deposed one rotates. Exits with 1 if either is otherwise.
// Of the attacks of spec/attacks.md: [F-11].

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { change, type RowKey, readLeader, type Store, write } from "@hallpass/core";
import { openPostgresStore } from "@hallpass/store-postgres";
import { startPostgres } from "@hallpass/store-postgres/testing";
import { sayProof } from "../../proof/line.ts";
import { isStopped, type ServingProcess, servingProcess, until } from "../nodes/serving-process.ts";

const NODE = join(import.meta.dirname, "node.ts");
const FORTY_DAYS = 40 * 86_400_000;
const tenant = "default" as RowKey["tenant"];
const dice = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) };

interface Result {
  /** What the store answered to the change of the leader that had been stopped. */
  readonly answer: string;
  readonly byDeposed: number;
  readonly rotations: number;
  readonly term: number;
  /** Seconds from the stop until the other one led. */
  readonly vacant: number;
}

async function play(withoutFence: boolean): Promise<Result> {
  const said = (text: string): void => console.error(`${withoutFence ? "without" : "with"} the fence: ${text}`);
  const directory = mkdtempSync(join(tmpdir(), "hallpass-leader-"));
  const database = await startPostgres();
  const nodes: ServingProcess[] = [];
  const start = async (name: string, ...args: readonly string[]): Promise<ServingProcess> => {
    const env = {
      HALLPASS_DEVELOPMENT: "true",
      HALLPASS_DATA: join(directory, name),
      HALLPASS_LISTEN: "127.0.0.1:0",
      HALLPASS_ISSUER: "http://127.0.0.1:8026",
      HALLPASS_KEK: Buffer.alloc(32, 7).toString("base64url"),
      HALLPASS_STORE: database.url,
    };
    const node = await servingProcess(NODE, [...args, ...(withoutFence ? ["--without-fence"] : [])], env);
    nodes.push(node);
    return node;
  };
  try {
    const a = await start("a", "--stops-itself", "--minute", "500");
    await start("b", "--minute", "20000");
    // It looks on: no server takes this one's place, so its clock may stand.
    const stands = { clock: { monotonic: () => 0 }, scheduler: { after: () => () => undefined } };
    const store = await openPostgresStore({ url: database.url, dice, ...stands });
    const term = async (): Promise<number> => (await readLeader(store, tenant))?.leader.term ?? 0;
    await makeOld(store);
    said("a leads, and its key is due");
    await until("a stops at the rotation", 20, () => isStopped(a.pid));
    const stopped = performance.now();
    await until("b leads", 20, async () => (await term()) === 2);
    const vacant = (performance.now() - stopped) / 1000;
    said(`b leads ${vacant.toFixed(1)} s after a was stopped at its commit`);
    a.goOn();
    const answered = (): string | undefined => /the stopped change: (\w+)/.exec(a.output())?.[1];
    await until("a has its answer", 10, () => answered() !== undefined);
    const byDeposed = await rotationsIn(store);
    said(`the store answered ${answered() ?? ""}`);
    await until("the key is rotated", 30, async () => (await rotationsIn(store)) > 0);
    const result = {
      answer: answered() ?? "",
      byDeposed,
      rotations: await rotationsIn(store),
      term: await term(),
      vacant,
    };
    await store.close();
    return result;
  } catch (error) {
    for (const node of nodes) console.error(node.output());
    throw error;
  } finally {
    await Promise.all(nodes.map((node) => node.end()));
    await database.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** As if every key had been made so long ago. */
async function makeOld(store: Store): Promise<void> {
  const key: RowKey = { tenant, kind: "keys", id: "ring" };
  await change<void>(store, dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    if (row === undefined) throw new Error("there are no keys");
    const value = row.value.replace(
      /"(published_ms|activated_ms)":(\d+)/g,
      (_, name: string, at: string) => `"${name}":${Number(at) - FORTY_DAYS}`,
    );
    return write({ rows: [{ key, expect: row.version, next: { value, expires: null } }], answer: () => undefined });
  });
}

async function rotationsIn(store: Store): Promise<number> {
  const { facts } = await store.facts({ tenant, limit: 1000 });
  return facts.filter(({ kind }) => kind === "key_retired").length;
}

const [fenced, control] = await Promise.all([play(false), play(true)]);
const { answer, byDeposed, rotations, term, vacant } = fenced;
console.log(`another node led ${vacant.toFixed(1)} s after the leader was stopped, in term ${term}`);
console.log(`the deposed leader's change: ${answer}; rotations by it: ${byDeposed}; in all: ${rotations}`);
console.log(`without the fence its change: ${control.answer}; rotations by it: ${control.byDeposed}`);
const holds = answer === "conflict" && byDeposed === 0 && rotations === 1 && term === 2;
const isCaught = control.answer === "committed" && control.byDeposed === 1;
if (!isCaught) console.log("the variant without the fence was not caught: the drill proves nothing");
sayProof({
  id: "leader",
  promise: "P9",
  figure: `the change of a leader that was stopped at its commit: ${answer}; rotations by it ${byDeposed}, in all ${rotations}; another led ${vacant.toFixed(1)} s after`,
  control: `without the fence its change was ${control.answer}: ${control.byDeposed} rotation by the deposed one`,
  seeds: "none",
  notShown: ["every place at which a leader can be stopped: that is the model's"],
  passed: holds && isCaught,
});
