// One rehearsal: a node on a primary and its standby, load, `kill -9` of the primary, promotion of the standby, and what is left of
// everything that was acknowledged.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "@hallpass/store-postgres/testing";
import { createVerifier, type Verifier } from "@hallpass/verifier";
import { servingProcess, until } from "../nodes/serving-process.ts";
import { Client } from "./client.ts";
import { Load, type Revoked } from "./load.ts";
import { ask, startPair } from "./pair.ts";

export interface RehearsalOptions {
  readonly synchronous: boolean;
  /** Sessions that refresh. */
  readonly sessions: number;
  /** Milliseconds of load before the kill, and after the recovery. */
  readonly loadMs: number;
}

export interface Rehearsal {
  readonly refreshed: number;
  readonly revoked: number;
  /** Acknowledged revocations of which the new primary knows nothing. */
  readonly lost: number;
  /** Of these, how many receipts said so: by their id, when shown, and as often as they were asked. */
  readonly told: number;
  /** Receipts that said anything else than what is true, and forged ones that were taken for receipts. */
  readonly untrue: readonly string[];
  /** Lost ones whose session was over after the same was revoked again. */
  readonly again: number;
  /** Sessions whose newest token was refused afterwards. */
  readonly loggedOut: number;
  /** Tokens that were revoked, with an acknowledgement, and that a verifier that had heard of it accepted afterwards. */
  readonly accepted: number;
  readonly odd: readonly string[];
  readonly later: number;
  readonly laterWithoutWhen: number;
  /** Seconds between the last success before and the first after. */
  readonly outage: number;
  /** Seconds from the kill until the standby took writes: the failover tool's part of the outage. */
  readonly promotion: number;
  readonly epoch: number;
  readonly doubted: boolean;
}

const AUDIENCE = "http://localhost:8027";
/** What a failover tool takes until it is sure that the primary is gone. */
const TOOL_MS = 1000;
/** How long an asynchronous standby has been behind when the primary dies. */
const BEHIND_MS = 700;

export async function rehearse(options: RehearsalOptions, said: (text: string) => void): Promise<Rehearsal> {
  const pair = await startPair(options.synchronous);
  const data = mkdtempSync(join(tmpdir(), "hallpass-failover-"));
  const issuer = `http://127.0.0.1:${await freePort()}`;
  const env = {
    HALLPASS_DEVELOPMENT: "true",
    HALLPASS_DATA: data,
    HALLPASS_LISTEN: issuer.slice("http://".length),
    HALLPASS_ISSUER: issuer,
    HALLPASS_KEK: Buffer.alloc(32, 7).toString("base64url"),
    HALLPASS_STORE: pair.both,
  };
  // The line that counts is written in the middle of the load.
  const kept = Number.POSITIVE_INFINITY;
  const node = await servingProcess(join(import.meta.dirname, "node.ts"), [], env, { kept });
  const client = new Client(issuer, data);
  const [clientId = "", clientSecret = ""] = readFileSync(join(data, "demo-api-credentials"), "utf8").trim().split(":");
  const verifier = createVerifier({ issuer, audience: AUDIENCE, credentials: { clientId, clientSecret } });
  const load = new Load(client);
  try {
    await verifier.ready();
    const working = [...Array(options.sessions).keys()].map((n) => load.refreshing(`u-${n}`));
    working.push(load.revoking("r-1"), load.revoking("r-2"));
    await wait(options.loadMs);
    if (!options.synchronous) {
      await pair.holdBack();
      await wait(BEHIND_MS);
    }
    said(`${load.refreshed} refreshes and ${load.revoked.length} revocations were acknowledged; the primary dies`);
    const killed = performance.now();
    pair.killPrimary();
    await wait(TOOL_MS);
    await pair.promote();
    const promotion = (performance.now() - killed) / 1000;
    said(`the standby takes writes ${promotion.toFixed(1)} s after the kill`);
    await until("a refresh succeeds again", 20, () => (load.successes.at(-1) ?? 0) > killed + 500);
    const last = load.successes.findLast((at) => at <= killed + 500) ?? killed;
    const first = load.successes.find((at) => at > killed + 500) ?? Number.POSITIVE_INFINITY;
    const outage = (first - last) / 1000;
    said(`nobody was served for ${outage.toFixed(1)} s`);
    await wait(options.loadMs);
    load.stop();
    await Promise.all(working);
    const [head] = await ask(pair.standby.url, "SELECT epoch::int4 FROM hallpass.head");
    return {
      refreshed: load.refreshed,
      revoked: load.revoked.length,
      // Before anything is revoked again.
      accepted: await countAccepted(verifier, load),
      ...(await judgeReceipts(client, load)),
      loggedOut: await countLoggedOut(client, load),
      odd: load.odd,
      later: load.later,
      laterWithoutWhen: load.laterWithoutWhen,
      outage,
      promotion,
      epoch: Number(head?.["epoch"]),
      doubted: node.output().includes('"event":"store_history_in_doubt"'),
    };
  } catch (error) {
    console.error(node.output().slice(-5000));
    throw error;
  } finally {
    load.stop();
    verifier.close();
    await node.end("SIGTERM");
    await pair.end();
    rmSync(data, { recursive: true, force: true });
  }
}

type Judged = Pick<Rehearsal, "lost" | "told" | "untrue" | "again">;

/** What the receipts say that somebody kept, before anything is revoked again. */
async function judgeReceipts(client: Client, { revoked }: Load): Promise<Judged> {
  const lost: Revoked[] = [];
  const untrue: string[] = [];
  let told = 0;
  for (const one of revoked) {
    const kept = await client.untilAnswered(() => client.operate(`/v1/revocations/${one.receipt}`));
    const judged = await client.untilAnswered(() => client.operate("/v1/revocations/judge", { receipt: one.jws }));
    const isThere = kept.status === 200 && (await isOver(client, one));
    const says = `${kept.status} ${String(kept.json["code"])}, ${String(judged.json["standing"])}`;
    if (!isThere) lost.push(one);
    if (!isThere && says === "404 revocation_perhaps_lost, lost") told += 1;
    else if (says !== "200 undefined, kept")
      untrue.push(`${one.receipt}: ${isThere ? "kept" : "lost"}, and it says ${says}`);
  }
  const [first, second] = revoked;
  if (first !== undefined && second !== undefined) {
    // The control: what was signed for another one is nobody's receipt.
    const forged = [...first.jws.split(".").slice(0, 2), second.jws.split(".")[2]].join(".");
    const { status } = await client.untilAnswered(() => client.operate("/v1/revocations/judge", { receipt: forged }));
    if (status !== 400) untrue.push(`a forged receipt was answered with ${status}`);
  }
  let again = 0;
  for (const one of lost) {
    const targets = [{ type: "session", sid: one.sid }];
    const { status } = await client.untilAnswered(() => client.operate("/v1/revocations", { targets }));
    // A session that was opened after the standby had stopped to hear is lost itself.
    if (status === 404 || (await isOver(client, one))) again += 1;
  }
  return { lost: lost.length, told, untrue, again };
}

async function isOver(client: Client, { sid }: Revoked): Promise<boolean> {
  const session = await client.untilAnswered(() => client.operate(`/v1/sessions/${sid}`));
  const { state } = (session.json["session"] ?? session.json) as { readonly state?: string };
  return session.status === 200 && state === "ended";
}

async function countLoggedOut(client: Client, { chains }: Load): Promise<number> {
  let out = 0;
  for (const { token } of chains) {
    const { status } = await client.untilAnswered(() => client.refresh(token));
    if (status !== 200) out += 1;
  }
  return out;
}

async function countAccepted(verifier: Verifier, { revoked }: Load): Promise<number> {
  let accepted = 0;
  await until("the verifier is fresh again", 20, async () => {
    const [one] = revoked;
    return one !== undefined && (await verifier.verify(one.access)).kind !== "unavailable";
  });
  for (const { access } of revoked) if ((await verifier.verify(access)).kind === "accepted") accepted += 1;
  return accepted;
}
