// `recorded-server.ts ROOT PORT ACKNOWLEDGEMENTS exit|close`: a whole server on SQLite in ROOT/data and its clients in one process, which open,
// rotate and revoke sessions and rotate the signing key until so much was acknowledged, each time with a line in ROOT/acknowledged. Then it
// ends in the middle of its work, or closes the store first. Prints what was acknowledged as JSON.

import { openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseRefreshToken } from "@hallpass/protocol";
import { startServer } from "@hallpass/server";
import { developmentConfig } from "../development-config.ts";

const CLIENTS = 8;
const ROTATIONS = 2;
/** One client in so many turns rotates the signing key. */
const KEY_EVERY = 8;

const [root = "", port = "", most = "0", end = "exit"] = process.argv.slice(2);
const url = `http://127.0.0.1:${port}`;
const data = join(root, "data");
const server = await startServer(developmentConfig(port, data));
const file = openSync(join(root, "acknowledged"), "a", 0o600);
const counts = { opened: 0, rotations: 0, revocations: 0, keys: 0 };
const bearer = await bearerOf(readFileSync(join(data, "operator-credentials"), "utf8").trim());
await Promise.all(Array.from({ length: CLIENTS }, (_, n) => live(n)));
console.log(JSON.stringify(counts));
if (end === "close") await server.close();
process.exit();

async function live(n: number): Promise<void> {
  for (let turn = n; !isEnough(); turn += 1) {
    const opened = await post("/v1/sessions", {
      subject: `u-${process.pid}-${n}-${turn}`,
      client_id: "demo",
      issue: ["refresh"],
    });
    const { id: sid } = opened["session"] as { readonly id: string };
    counts.opened += acknowledged(`O ${sid}`);
    let token = String(opened["refresh_token"]);
    for (let times = 0; times < ROTATIONS && !isEnough(); times += 1) {
      token = String((await refresh(token))["refresh_token"]);
      counts.rotations += acknowledged(`T ${sid} ${parseRefreshToken(token)?.generation}`);
    }
    if (turn % 2 === 0 && !isEnough()) {
      const { pos } = await post("/v1/revocations", { targets: [{ type: "session", sid }] });
      counts.revocations += acknowledged(`R ${sid} ${String(pos)}`);
    }
    if (n === 0 && turn % KEY_EVERY === 0 && !isEnough()) {
      const { active } = await post("/v1/keys/rotate", { force: true });
      counts.keys += acknowledged(`K ${String(active)}`);
    }
  }
}

function isEnough(): boolean {
  return Object.values(counts).reduce((sum, count) => sum + count) >= Number(most);
}

function acknowledged(line: string): 1 {
  writeSync(file, `${line}\n`);
  return 1;
}

async function bearerOf(credentials: string): Promise<string> {
  const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
  const body = new URLSearchParams({ grant_type: "client_credentials" });
  const answer = await answered(fetch(`${url}/oauth2/token`, { method: "POST", headers: { authorization }, body }));
  return String(answer["access_token"]);
}

function refresh(token: string): Promise<Readonly<Record<string, unknown>>> {
  const body = new URLSearchParams({ grant_type: "refresh_token", client_id: "demo", refresh_token: token });
  return answered(fetch(`${url}/oauth2/token`, { method: "POST", body }));
}

function post(path: string, json: object): Promise<Readonly<Record<string, unknown>>> {
  const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
  return answered(fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(json) }));
}

/** Nothing fails here but a defect. */
async function answered(asked: Promise<Response>): Promise<Readonly<Record<string, unknown>>> {
  const answer = await asked;
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}: ${text}`);
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}
