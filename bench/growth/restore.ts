//   npm run bench -- --only restore [--store sqlite|postgres] [--sessions 1000000] [--revoked 200] [--quick]
// How long a backup of a store with so many sessions takes while its node serves, and how long a restore of it with the journal of what was
// revoked since, until a node serves again. Each by its own command, as an operator calls it. Progress on stderr.

import { spawn } from "node:child_process";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseTenantId } from "@hallpass/core";
import { freePort } from "@hallpass/store-postgres/testing";
import pg from "pg";
import { operatorOf } from "../../drills/nodes/operator.ts";
import { type ServingProcess, servingProcess } from "../../drills/nodes/serving-process.ts";
import { say } from "../measured.ts";
import { sayResult } from "../result.ts";
import { Asker } from "./asker.ts";
import { crowdIn, readUpTo } from "./crowd.ts";
import { postgresPlace, sqlitePlace } from "./place.ts";

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "sqlite" },
    sessions: { type: "string" },
    quick: { type: "boolean", default: false },
    revoked: { type: "string", default: "200" },
  },
});
const [size, revoked] = [Number(values.sessions ?? (values.quick ? 10_000 : 1_000_000)), Number(values.revoked)];
const KEK = Buffer.alloc(32, 7);
const CLI = join(import.meta.dirname, "../../apps/cli/src/main.ts");
const tenant = parseTenantId("default");
if (tenant === undefined) throw new Error("there is no such tenant");

const place = await (values.store === "postgres" ? postgresPlace() : sqlitePlace());
const issuer = `http://127.0.0.1:${await freePort()}`;
const [journal, backup] = [join(place.data, "../journal"), join(place.data, "../backup")];
const env = (): Readonly<Record<string, string>> => ({
  HALLPASS_DEVELOPMENT: "true",
  HALLPASS_ISSUER: issuer,
  HALLPASS_LISTEN: issuer.slice("http://".length),
  HALLPASS_DATA: place.data,
  HALLPASS_KEK: KEK.toString("base64url"),
  HALLPASS_REVOCATION_JOURNAL: journal,
  ...place.env,
});
const serve = (): Promise<ServingProcess> => servingProcess(CLI, ["serve", "--no-demo-api"], env());
let node = await serve();
try {
  await operatorOf(place.data).open(node.url, "the-first");
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await node.end("SIGTERM");
  const empty = await place.open();
  const crowd = await crowdIn(empty, { tenant, issuer, kek: KEK, size });
  await empty.close();
  const cursor = await place.fill(crowd, size, (n) => say(`${n} of ${size}`));
  const full = await place.open();
  await readUpTo(full, tenant, cursor);
  await full.close();
  node = await serve();
  say("the node serves");
  const saved = await timed(() => hallpass("backup", backup));
  const bytes = readdirSync(backup).reduce((sum, name) => sum + statSync(join(backup, name)).size, 0);
  say(`a backup of ${Math.round(bytes / 1e6)} MB took ${saved.toFixed(1)} s`);
  const asker = new Asker(node.url, place.data);
  const member = (n: number): { readonly id: string; readonly refresh: string } => ({
    id: crowd.marks(n).id,
    refresh: crowd.token(n),
  });
  for (let n = 0; n < revoked; n += 1) await asker.revoke(member(n));
  asker.close();
  await node.end();
  await lose();
  const restored = await timed(() => hallpass("restore", backup));
  const back = await timed(async () => {
    node = await serve();
  });
  const after = new Asker(node.url, place.data);
  for (let n = 0; n < revoked; n += 1)
    if (
      await after.refresh(member(n)).then(
        () => true,
        () => false,
      )
    )
      throw new Error("what was revoked is back");
  for (let n = revoked; n < revoked + 100; n += 1) await after.refresh(member(n));
  after.close();
  say(`${revoked} that were revoked are refused, 100 others are refreshed`);
  sayResult({
    id: `restore-${values.store}`,
    title: `backup and restore of ${size.toLocaleString("en")} sessions (${values.store})`,
    of: "",
    rows: [
      { name: "hallpass backup, while the node serves", figures: { seconds: [saved], MB: [bytes / 1e6] } },
      { name: `hallpass restore, with a journal of ${revoked} revocations`, figures: { seconds: [restored] } },
      { name: "start of the node afterwards", figures: { seconds: [back] } },
    ],
  });
} finally {
  await node.end();
  await place.remove();
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** The store alone. */
async function lose(): Promise<void> {
  const { HALLPASS_STORE: url } = place.env;
  if (url === undefined) {
    for (const end of ["", "-wal", "-shm", "-lock"]) rmSync(join(place.data, `hallpass.sqlite${end}`), { force: true });
    return;
  }
  const client = new pg.Client(url);
  await client.connect();
  await client.query("DROP SCHEMA hallpass CASCADE");
  await client.end();
}

async function hallpass(...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, ["--conditions=hallpass-source", CLI, ...args], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { PATH: process.env["PATH"] ?? "", ...env() },
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`hallpass ${args[0]} ended with ${code}`);
}
