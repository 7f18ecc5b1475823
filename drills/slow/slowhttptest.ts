// `node --conditions=hallpass-source drills/slow/slowhttptest.ts [--connections 2000] [--seconds 25]`
// Somebody else's slow clients: slowhttptest (Debian's package) in its three modes, each with as many connections, beside refreshes and
// revocations. Exits with 1 if one of those was not served, if slowhttptest found the server out of reach, or if memory piled up; and if it
// does not find a server out of reach that holds half as many connections and cuts nobody, which is the control.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { sayProof } from "../../proof/line.ts";
import { operated } from "../disk/operated.ts";
import { wholeNumber } from "../whole-number.ts";

const given = parseArgs({
  options: { connections: { type: "string", default: "2000" }, seconds: { type: "string", default: "25" } },
}).values;
const connections = wholeNumber(given.connections);
const seconds = wholeNumber(given.seconds);
const MOST_GROWTH = 300e6;
const EVERY_MS = 20;
const FEWEST_REFRESHES = 10;

const MODES = {
  "slow heads": ["-H", "-i", "5"],
  "slow bodies": ["-B", "-i", "5", "-s", "8192"],
  "slow readers": ["-X", "-w", "10", "-y", "20", "-n", "5", "-z", "32", "-k", "3"],
} as const;
const PATHS: Readonly<Record<keyof typeof MODES, string>> = {
  "slow heads": "/healthz",
  "slow bodies": "/oauth2/token",
  "slow readers": "/reference/refusals",
};

interface Told {
  /** Looks at which its own probe was answered, and those at which it was not. */
  readonly there: number;
  readonly away: number;
  readonly mostConnected: number;
}

const broken: string[] = [];
const figures: string[] = [];
const data = mkdtempSync(join(tmpdir(), "hallpass-slowhttptest-"));
const server = await operated(data, { program: join(import.meta.dirname, "../storm/server.ts") });
await server.start();
const [user, ...victims] = await server.open(400);
if (user === undefined) throw new Error("no session was opened");
for (const mode of ["slow heads", "slow bodies", "slow readers"] as const) {
  const before = residentBytes();
  const state = { over: false };
  const testing = attack(mode, `http://127.0.0.1:${server.port}${PATHS[mode]}`).finally(() => {
    state.over = true;
  });
  let [served, revoked, wrong, most] = [0, 0, 0, before];
  const ms: number[] = [];
  while (!state.over) {
    const started = performance.now();
    if ((await server.refresh(user)) === 200) served += 1;
    else wrong += 1;
    ms.push(performance.now() - started);
    const victim = served % 20 === 0 ? victims.pop() : undefined;
    if (victim !== undefined) {
      if ((await server.revoke(victim.sid)) === 201) revoked += 1;
      else wrong += 1;
    }
    most = Math.max(most, residentBytes());
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  const told = await testing;
  const sorted = ms.toSorted((a, b) => a - b);
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
  const figure = `${mode}: ${told.mostConnected} connected at most, there ${told.there} and away ${told.away} times; ${served} refreshes, p99 ${p99.toFixed(0)} ms, ${revoked} revocations, ${wrong} not served, memory +${Math.round((most - before) / 1e6)} MB`;
  console.log(figure);
  figures.push(figure);
  if (wrong > 0) broken.push(`${mode}: ${wrong} refreshes or revocations were not served`);
  if (served < FEWEST_REFRESHES) broken.push(`${mode}: only ${served} refreshes were served`);
  if (told.there === 0) broken.push(`${mode}: the server was never there`);
  if (most - before > MOST_GROWTH) broken.push(`${mode}: memory grew by ${Math.round((most - before) / 1e6)} MB`);
}
await server.kill();
rmSync(data, { recursive: true });

const control = await patientServer();
console.log(`a server that cuts nobody: there ${control.there} and away ${control.away} times`);
if (control.away === 0) broken.push("a server that cuts nobody was never out of reach: these clients are none");
for (const one of broken) console.log(`broken: ${one}`);
sayProof({
  id: "slowhttptest",
  promise: "P10",
  figure: `${connections} connections each; ${figures.join("; ")}`,
  control: `a server that cuts nobody and holds half of them was out of reach at ${control.away} of ${control.there + control.away} looks`,
  seeds: "none",
  notShown: ["clients at many addresses"],
  passed: broken.length === 0,
});
process.exit();

async function patientServer(): Promise<Told> {
  const patient = createServer({ headersTimeout: 0, requestTimeout: 0 }, (_, response) => response.end());
  patient.maxConnections = Math.floor(connections / 2);
  patient.listen(0, "127.0.0.1");
  await once(patient, "listening");
  const address = patient.address();
  const told = await attack("slow heads", `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`);
  patient.closeAllConnections();
  patient.close();
  return told;
}

async function attack(mode: keyof typeof MODES, url: string): Promise<Told> {
  console.error(mode);
  const rate = String(Math.max(1, Math.floor(connections / 4)));
  const args = [...MODES[mode], "-c", String(connections), "-r", rate, "-l", String(seconds), "-p", "3", "-u", url];
  const child = spawn("slowhttptest", args, { stdio: ["ignore", "pipe", "inherit"] });
  const killed = (): void => void child.kill("SIGKILL");
  process.once("exit", killed);
  let text = "";
  for await (const chunk of child.stdout) text += String(chunk);
  process.off("exit", killed);
  const said = stripVTControlCharacters(text);
  const count = (what: RegExp): number => [...said.matchAll(what)].length;
  const connected = [...said.matchAll(/connected:\s+(\d+)/g)].map(([, number]) => Number(number));
  return {
    there: count(/service available:\s+YES/g),
    away: count(/service available:\s+NO/g),
    mostConnected: Math.max(0, ...connected),
  };
}

function residentBytes(): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid()}/status`, "latin1"));
  return Number(line?.[1] ?? 0) * 1024;
}
