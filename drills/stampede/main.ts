// `node --conditions=hallpass-source drills/stampede/main.ts [--clients 5000] [--connections 2000]`
// Everybody comes back in one moment after an outage: so many clients behind a gateway with so many connections refresh at once and do what
// they are told, while a session is revoked twenty times a second and a verifier is asked about the revoked tokens every 10 ms. Exits with 1
// if a client was logged out or never served, if a revocation failed, if the verifier accepted what was revoked later than its M after the
// acknowledgement, or if it could not say of a live token that it lives; and if nobody was turned away, or clients that take
// being turned away for a no are all served.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createVerifier } from "@hallpass/verifier";
import { sayProof } from "../../proof/line.ts";
import { type Operated, operated } from "../disk/operated.ts";
import { child } from "../overload/scenes.ts";
import type { StampedeJob, StampedeReport } from "../overload/stampede.ts";
import { quantile } from "../quantile.ts";
import { wholeNumber } from "../whole-number.ts";
import { type Beside, beside, type Victim } from "./beside.ts";

const given = parseArgs({
  options: { clients: { type: "string", default: "5000" }, connections: { type: "string", default: "2000" } },
}).values;
const [clients, connections] = [wholeNumber(given.clients), wholeNumber(given.connections)];
const CONTROL_CLIENTS = Math.min(clients, 5000);
const OPENED_AT_ONCE = 32;
const VICTIMS_PER_SECOND = 20;
const GOAL_MS = 60_000;
/** Ten times what is usual and more: a machine that does other things besides is no server that turns away for good. */
const PATIENCE_MS = 60_000 + clients * 5;
/** Twice as many as there are when all goes well; when they are used up, nothing is revoked any more. */
const VICTIMS = 200 + Math.ceil(clients / 50);

interface Herd {
  readonly report: StampedeReport;
  readonly beside: Beside;
}

async function stampede(count: number, areGivingUp: boolean): Promise<Herd> {
  const scratch = mkdtempSync(join(tmpdir(), "hallpass-stampede-"));
  const data = join(scratch, "data");
  const program = join(import.meta.dirname, "../overload/server.ts");
  const server = await operated(data, { program });
  await server.start();
  const issuer = `http://127.0.0.1:${server.port}`;
  try {
    const authorization = await gateway(issuer, server);
    const tokens = await opened(issuer, server, "gateway", count);
    const victims = await opened(issuer, server, "demo", VICTIMS);
    const [clientId = "", clientSecret = ""] = readFileSync(join(data, "demo-api-credentials"), "utf8")
      .trim()
      .split(":");
    const verifier = createVerifier({
      issuer,
      audience: "http://localhost:8027",
      service: "api",
      instance: "beside",
      credentials: { clientId, clientSecret },
    });
    await verifier.ready();
    const job: StampedeJob = {
      port: server.port,
      authorization,
      refreshTokens: tokens.map(({ refresh }) => refresh),
      connections,
      areGivingUp,
      patienceMs: PATIENCE_MS,
    };
    const scene = { server, verifier, victims, everyMs: 1000 / VICTIMS_PER_SECOND };
    const [report, seen] = await beside(scene, () => child<StampedeReport>("stampede.ts", job));
    verifier.close();
    return { report, beside: seen };
  } finally {
    await server.kill();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function asked(issuer: string, server: Operated, path: string, body: object): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${server.bearer()}`, "content-type": "application/json" };
  const answer = await fetch(`${issuer}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
}

/** How the gateway authenticates itself. */
async function gateway(issuer: string, server: Operated): Promise<string> {
  const registered = await asked(issuer, server, "/v1/clients", {
    client_id: "gateway",
    name: "Gateway",
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["refresh_token"],
    scope: "read",
    audiences: ["https://api.drill.example"],
    policy: "consumer",
  });
  return `Basic ${Buffer.from(`gateway:${String(registered["client_secret"])}`).toString("base64")}`;
}

async function opened(
  issuer: string,
  server: Operated,
  client: "gateway" | "demo",
  count: number,
): Promise<readonly (Victim & { readonly refresh: string })[]> {
  const all: (Victim & { readonly refresh: string })[] = [];
  const issue = client === "demo" ? ["refresh", "access"] : ["refresh"];
  let begun = 0;
  const open = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      const answer = await asked(issuer, server, "/v1/sessions", {
        subject: `${client}-${begun}`,
        client_id: client,
        issue,
      });
      const { id: sid } = answer["session"] as { readonly id: string };
      all.push({ sid, access: String(answer["access_token"]), refresh: String(answer["refresh_token"]) });
      if (all.length % 10_000 === 0) console.error(`${all.length} sessions are open`);
    }
  };
  await Promise.all(Array.from({ length: OPENED_AT_ONCE }, open));
  return all;
}

console.error(`${clients.toLocaleString("en")} clients behind ${connections} connections`);
const real = await stampede(clients, false);
console.error("the same by clients that take being turned away for a no");
const control = await stampede(CONTROL_CLIENTS, true);

const { report, beside: seen } = real;
const broken: string[] = [];
if (report.loggedOut > 0) broken.push(`${report.loggedOut} clients were logged out`);
if (report.leftOver > 0) broken.push(`${report.leftOver} clients were never served`);
if (seen.failed > 0) broken.push(`${seen.failed} revocations failed`);
if (seen.revokedMs.length === 0) broken.push("nothing was revoked");
if (seen.late > 0) broken.push(`${seen.late} revoked tokens were accepted later than M`);
if (seen.unsaid > 0) broken.push(`${seen.unsaid} times the verifier could not say that a live token lives`);
if (report.turnedAway === 0) broken.push("nobody was turned away: this stampede is none");
if (control.report.leftOver === 0) broken.push("clients that never come back were all served");
const ours = quantile(seen.revokedMs, 0.5);
let kept: string | undefined;
for (const one of broken) console.log(`broken: ${one}`);
if (broken.length > 0) {
  kept = join(tmpdir(), `hallpass-stampede-${process.pid}.json`);
  writeFileSync(kept, JSON.stringify({ real, control }));
}
const allMs = quantile(report.servedAtMs, 1);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
sayProof({
  id: "stampede",
  promise: "P2 P6 P10",
  figure: `${clients.toLocaleString("en")} refreshes in one moment through ${connections.toLocaleString("en")} connections: ${report.served.toLocaleString("en")} served, half within ${seconds(quantile(report.servedAtMs, 0.5))}, all within ${seconds(allMs)} (goal ${seconds(GOAL_MS)}: ${allMs <= GOAL_MS ? "met" : "missed"}), ${report.turnedAway} times turned away, at most ${report.mostTries} tries, ${report.loggedOut} logged out; ${seen.failed} of ${seen.revokedMs.length} revocations failed, p50 ${ours.toFixed(0)} ms, p99 ${quantile(seen.revokedMs, 0.99).toFixed(0)} ms; the verifier refused at most ${quantile(seen.refusedMs, 1).toFixed(0)} ms after the acknowledgement (M 5,000 ms), ${seen.unsaid} times without a lease`,
  control: `of ${CONTROL_CLIENTS} clients that take being turned away for a no, ${control.report.leftOver} were never served`,
  seeds: "none",
  notShown: ["50,000 connections: the clients come through a gateway", "more than one machine: all share its cores"],
  passed: broken.length === 0,
  ...(kept === undefined ? {} : { kept }),
});
