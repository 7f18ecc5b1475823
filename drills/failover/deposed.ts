// `node --conditions=hallpass-source drills/failover/deposed.ts`
// A primary that was deposed and does not know it: its synchronous standby is promoted beside it, and both go on. One node reaches the old one
// alone, another both. What is revoked at the second must not be answered for by the first: not introspected as active, not refreshed, not
// accepted by a verifier that listens to it for longer than that verifier's M. Beside them a node whose lease never ends, which has to be
// caught at it. Exits with 1 if any of them is otherwise.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "@hallpass/store-postgres/testing";
import { createVerifier } from "@hallpass/verifier";
import { sayProof } from "../../proof/line.ts";
import { type ServingProcess, servingProcess, until } from "../nodes/serving-process.ts";
import { Client, tokensIn } from "./client.ts";
import { startPair } from "./pair.ts";

const AUDIENCE = "http://localhost:8027";
const M_MS = 2000;
/** How long everybody is asked after the revocation was acknowledged. */
const AFTER_MS = 4000;
const EVERY_MS = 50;

/** What was answered to questions that were asked after the acknowledgement. */
interface Heard {
  active: number;
  refreshed: number;
  later: number;
}

const pair = await startPair(true);
const directory = mkdtempSync(join(tmpdir(), "hallpass-deposed-"));
const issuer = `http://127.0.0.1:${await freePort()}`;
const nodes: ServingProcess[] = [];

async function start(name: string, listen: string, store: string, ...args: readonly string[]): Promise<ServingProcess> {
  const node = await servingProcess(join(import.meta.dirname, "node.ts"), args, {
    HALLPASS_DEVELOPMENT: "true",
    HALLPASS_DATA: join(directory, name),
    HALLPASS_LISTEN: listen,
    HALLPASS_ISSUER: issuer,
    HALLPASS_KEK: Buffer.alloc(32, 7).toString("base64url"),
    HALLPASS_STORE: store,
  });
  nodes.push(node);
  return node;
}

async function play(): Promise<void> {
  const first = await start("first", issuer.slice("http://".length), pair.primary.url);
  const [endless, second] = await Promise.all([
    start("endless", "127.0.0.1:0", pair.primary.url, "--without-lease"),
    start("second", "127.0.0.1:0", pair.both),
  ]);
  const [atFirst, atEndless, atSecond] = [first, endless, second].map(
    ({ url }) => new Client(url, join(directory, "first")),
  ) as [Client, Client, Client];
  const [clientId = "", clientSecret = ""] = readFileSync(join(directory, "first", "demo-api-credentials"), "utf8")
    .trim()
    .split(":");
  const verifier = createVerifier({
    issuer,
    audience: AUDIENCE,
    credentials: { clientId, clientSecret },
    maxStalenessMs: M_MS,
  });
  try {
    await verifier.ready();
    const session = tokensIn(await atFirst.operate("/v1/sessions", { subject: "ada", client_id: "demo" }));
    // From now on the first refresh token is the predecessor: showing it again is answered without a write.
    if ((await atFirst.refresh(session.refresh)).status !== 200)
      throw new Error("a refresh failed before anything did");
    if ((await verifier.verify(session.access)).kind !== "accepted") throw new Error("the verifier does not accept");
    // Each of them has a token of its own, so that only the question itself is judged.
    await atSecond.operate("/v1/keys");
    await pair.promote();
    console.error("the standby takes writes, and the old primary goes on");
    const promoted = performance.now();
    // Asked for at the old primary it would wait there, and be shown when that wait is given up.
    await until("the second node has found it", 20, () => second.output().split('"store_found"').length === 3);
    const targets = [{ type: "session", sid: session.sid }];
    const revoked = await atSecond.untilAnswered(() => atSecond.operate("/v1/revocations", { targets }));
    if (revoked.status !== 201) throw new Error(`the revocation was answered with ${revoked.status}`);
    const acknowledged = performance.now();
    console.error(`a revocation was acknowledged ${((acknowledged - promoted) / 1000).toFixed(1)} s later`);
    const heard = { first: nothing(), endless: nothing() };
    let late = 0;
    while (performance.now() < acknowledged + AFTER_MS) {
      const isLate = performance.now() > acknowledged + M_MS;
      if ((await verifier.verify(session.access)).kind === "accepted" && isLate) late += 1;
      await Promise.all([question(atFirst, session, heard.first), question(atEndless, session, heard.endless)]);
      await wait(EVERY_MS);
    }
    report("the node that reaches the old primary alone", heard.first);
    report("the same without a lease", heard.endless);
    console.log(`its verifier accepted ${late} times later than M after the acknowledgement`);
    const { first: judged, endless: control } = heard;
    const holds = judged.active + judged.refreshed + late === 0 && judged.later > 0;
    const isCaught = control.active > 0 && control.refreshed > 0;
    if (!isCaught) console.log("the variant without a lease was not caught: the drill proves nothing");
    sayProof({
      id: "deposed",
      promise: "P2 P10",
      figure: `for ${AFTER_MS / 1000} s after a revocation at the new primary, the node at the deposed one: ${judged.active} times active, ${judged.refreshed} times refreshed, ${judged.later} times 503; its verifier ${late} times later than M`,
      control: `a node whose lease never ends called it active ${control.active} times and refreshed ${control.refreshed} times`,
      seeds: "none",
      notShown: ["a primary that is cut off from its standby by a network between machines"],
      passed: holds && isCaught,
    });
  } finally {
    verifier.close();
  }
}

function nothing(): Heard {
  return { active: 0, refreshed: 0, later: 0 };
}

async function question(
  node: Client,
  { access, refresh }: { access: string; refresh: string },
  heard: Heard,
): Promise<void> {
  const [introspected, refreshed] = await Promise.all([node.introspect(access), node.refresh(refresh)]);
  if (introspected.json["active"] === true) heard.active += 1;
  if (refreshed.status === 200) heard.refreshed += 1;
  heard.later += [introspected, refreshed].filter(({ status }) => status === 503).length;
}

function report(who: string, { active, refreshed, later }: Heard): void {
  console.log(
    `${who}: ${active} times active, ${refreshed} times refreshed, ${later} times 503, all after the acknowledgement`,
  );
}

try {
  await play();
} catch (error) {
  for (const node of nodes) console.error(node.output().slice(-3000));
  throw error;
} finally {
  await Promise.all(nodes.map((node) => node.end()));
  await pair.end();
  rmSync(directory, { recursive: true, force: true });
}
