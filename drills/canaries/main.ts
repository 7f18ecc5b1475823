// `node --conditions=hallpass-source drills/canaries/main.ts`
// A server in a process of its own, and a long scenario over nearly every endpoint and the command line: every token and secret that is handed out,
// and every genuine one that is shown in a wrong place, is a canary. Then they are looked for, as text and as the bytes that they spell, in
// what the server printed, in its database and its other files, in metrics, the log, the audit and every refusal, in the arguments and
// the environment of its process, and in a snapshot of its heap. Exits with 1 if one is found; and if one that was planted in a session's
// name is not, in a file and in the heap. No gateway asks at /check here: a node that is asked keeps the tokens that it makes for upstreams.
// Of the attacks of spec/attacks.md: [L-07] [L-11].

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ENDPOINTS } from "../../packages/server/src/endpoints/index.ts";
import { wholeBodies } from "../../packages/server/src/testing/whole-bodies.ts";
import { sayProof } from "../../proof/line.ts";
import { until } from "../nodes/serving-process.ts";
import { heapOf, heapOptions } from "./heap.ts";
import { found, type Place } from "./search.ts";

const CLI = join(import.meta.dirname, "../../apps/cli/src/main.ts");
const HEAP = "the heap";
/** The demo's API is a client that lives in the same process. */
const DEMO_API = "demo-api-credentials";
/** Files that are there to hold a secret; each is of mode 0600. */
const KEEPERS = new Set(["operator-credentials", DEMO_API, "key-encryption-key"]);
/** What an answer hands out. */
const HANDED_OUT = ["access_token", "refresh_token", "session_token", "client_secret"];

const data = mkdtempSync(join(tmpdir(), "hallpass-canaries-"));
const heaps = mkdtempSync(join(tmpdir(), "hallpass-canaries-heap-"));
const port = await freePort();
const listen = ["--listen", `127.0.0.1:${port}`];
const url = `http://127.0.0.1:${port}`;
const canaries = new Map<string, string>();
const places: Place[] = [];
const endpoints = new Set<string>();
let [printed, refused, asked] = ["", "", 0];

interface Told {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

async function ask(path: string, init: RequestInit = {}, named = path): Promise<Told> {
  const answer = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(20_000) });
  const text = await answer.text();
  asked += 1;
  let json: Readonly<Record<string, unknown>> = {};
  if (/[/+]json/.test(answer.headers.get("content-type") ?? "") && text !== "") json = JSON.parse(text) as typeof json;
  for (const name of HANDED_OUT) {
    const value = json[name];
    if (typeof value === "string") canaries.set(value, `${name} of ${named}`);
  }
  // What refuses holds nothing of what was sent; what grants holds what it grants, and nothing besides.
  if (answer.status >= 400) refused += `${text}\n${JSON.stringify([...answer.headers])}\n`;
  return { status: answer.status, json };
}

const form = (members: Readonly<Record<string, string>>): RequestInit => ({
  method: "POST",
  body: new URLSearchParams(members),
});
const bodied = (method: string, json: unknown, headers: Readonly<Record<string, string>>): RequestInit => ({
  method,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(json),
});
const basic = (pair: string): Readonly<Record<string, string>> => ({
  authorization: `Basic ${Buffer.from(pair).toString("base64")}`,
});

const environment = { ...process.env, HALLPASS_LOG_LEVEL: "debug", HALLPASS_FACTS_FILE: "facts.jsonl" };
const server = spawn(
  process.execPath,
  [...heapOptions(heaps), "--conditions=hallpass-source", CLI, "serve", "--development", "--data", data, ...listen],
  { env: environment, stdio: ["ignore", "pipe", "pipe"] },
);
process.once("exit", () => server.kill("SIGKILL"));
for (const stream of [server.stdout, server.stderr]) {
  stream.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
}

try {
  console.error("a life over the endpoints");
  await until(
    "the server is ready",
    30,
    async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.status === 200,
  );
  const operator = readFileSync(join(data, "operator-credentials"), "utf8").trim();
  for (const name of ["operator-credentials", DEMO_API])
    canaries.set(readFileSync(join(data, name), "utf8").trim().split(":")[1] ?? "", name);
  const granted = await ask("/oauth2/token", {
    ...form({ grant_type: "client_credentials" }),
    headers: basic(operator),
  });
  const bearer = { authorization: `Bearer ${String(granted.json["access_token"])}` };
  const opened = await ask(
    "/v1/sessions",
    bodied("POST", { subject: "ada", client_id: "demo", issue: ["access", "refresh", "session_token"] }, bearer),
  );
  const { id: sid } = opened.json["session"] as { readonly id: string };
  const [access, refresh, cookie] = ["access_token", "refresh_token", "session_token"].map((name) =>
    String(opened.json[name]),
  );
  const keys = (await ask("/v1/keys", { headers: bearer })).json["keys"] as readonly { readonly kid: string }[];
  const { ref } = (await ask("/v1/subjects/search", bodied("POST", { subject: "ada" }, bearer))).json;
  await ask(
    "/v1/clients",
    bodied(
      "POST",
      {
        client_id: "machine",
        token_endpoint_auth_method: "client_secret_post",
        grant_types: ["client_credentials"],
        scope: "a",
        audiences: "https://api.example",
      },
      bearer,
    ),
  );
  await ask("/v1/clients/machine/secrets", bodied("POST", { overlap_s: 60 }, bearer));

  // Genuine ones where they do not belong: in addresses, names, other members, other schemes, with another secret, too late.
  const genuine = [...canaries.keys()];
  for (const secret of genuine) {
    const shown = encodeURIComponent(secret);
    await ask(`/v1/keys?access_token=${shown}`, { headers: bearer });
    await ask(`/v1/sessions/${shown}`, { headers: bearer });
    await ask("/v1/keys", { headers: { authorization: `Bearer ${secret}`, "x-request-id": secret.slice(0, 120) } });
    await ask("/v1/keys", {
      headers: { authorization: `DPoP ${secret}`, cookie: `__Host-session=${secret}; x=${secret}` },
    });
    await ask("/v1/keys", {
      headers: {
        ...bearer,
        "hallpass-actor-token": secret,
        "user-agent": secret,
        referer: `https://a.example/?t=${shown}`,
      },
    });
    await ask("/oauth2/token", form({ grant_type: "refresh_token", client_id: "demo", refresh_token: `${secret}A` }));
    await ask("/oauth2/token", form({ grant_type: secret, client_id: secret, client_secret: secret, scope: secret }));
    await ask("/oauth2/token", {
      ...form({ grant_type: "client_credentials" }),
      headers: basic(`operator:${secret}x`),
    });
    await ask(
      "/oauth2/token",
      form({
        grant_type: "client_credentials",
        client_assertion: secret,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      }),
    );
    await ask("/oauth2/introspect", { ...form({ token: secret, token_type_hint: secret }), headers: basic(operator) });
    await ask(
      "/v1/sessions",
      bodied("POST", { subject: "ada", client_id: "demo", [secret]: secret, acr: { a: secret } }, bearer),
    );
    await ask("/v1/introspections", bodied("POST", { tokens: [secret] }, bearer));
  }
  const next = await ask(
    "/oauth2/token",
    form({ grant_type: "refresh_token", client_id: "demo", refresh_token: refresh ?? "" }),
  );
  await ask("/oauth2/token", form({ grant_type: "refresh_token", client_id: "demo", refresh_token: refresh ?? "" }));
  await ask("/oauth2/revoke", form({ token: access ?? "", client_id: "demo" }));
  await ask(`/v1/sessions/${sid}/session-token`, bodied("POST", {}, bearer));
  await ask(
    "/v1/revocations",
    bodied("POST", { targets: [{ type: "leaked", token: cookie }], reason: "leaked", dry_run: true }, bearer),
  );

  const bodies = wholeBodies({ sid, kid: keys[0]?.kid ?? "", ref: String(ref) });
  for (const { method, path } of ENDPOINTS) {
    const whole = bodies[`${method} ${path}`];
    const at = whole?.path ?? path.replace(":id", sid).replace(":ref", String(ref)).replace(/:\w+/, "none");
    // What would end the scenario, and the feed, which is no JSON.
    if (at === "/v1/feed" || path.includes("/keys/:kid") || path.includes("erase") || path.includes("block")) continue;
    endpoints.add(`${method} ${path}`);
    for (const headers of [bearer, { authorization: `Bearer ${access ?? ""}` }, {}])
      await ask(
        at,
        method === "GET" || method === "DELETE" ? { method, headers } : bodied(method, whole?.json ?? {}, headers),
        `${method} ${path}`,
      );
  }

  console.error("the command line");
  for (const words of [
    ["sessions", "open", "--subject", "bob", "--client", "demo", "--json"],
    ["clients", "list", "--json"],
    ["keys", "list"],
    ["verifiers"],
    ["policies", "list"],
    ["doctor"],
  ]) {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ["--conditions=hallpass-source", CLI, ...words, "--data", data],
      { encoding: "utf8", env: { ...process.env, HALLPASS_URL: url } },
    );
    // The one that opens a session shows its tokens, on purpose and on stdout alone.
    const opening = words[1] === "open";
    for (const [, value = ""] of opening ? stdout.matchAll(/"(?:access|refresh|session)_token": ?"([^"]+)"/g) : [])
      canaries.set(value, "the command line");
    places.push([`what ${words.join(" ")} prints`, opening ? stderr : stdout + stderr]);
  }
  await ask(
    "/oauth2/token",
    form({ grant_type: "refresh_token", client_id: "demo", refresh_token: String(next.json["refresh_token"]) }),
  );

  // The plant: a token that an app has put where a person's device is named. It rests there, because nobody could know.
  const planted = await ask("/v1/sessions", bodied("POST", { subject: "eve", client_id: "demo" }, bearer));
  const leak = String(planted.json["refresh_token"]);
  canaries.delete(leak);
  await ask("/v1/sessions", bodied("POST", { subject: "eve", client_id: "demo", device: { name: leak } }, bearer));

  for (const path of [
    "/metrics",
    "/v1/log?limit=200",
    "/v1/audit",
    "/v1/log/readers",
    "/v1/nodes",
    "/v1/clients",
    "/v1/policies",
    `/v1/sessions/${sid}`,
    `/v1/sessions/${sid}/timeline`,
  ]) {
    const answer = await fetch(`${url}${path}`, { headers: bearer });
    places.push([path, await answer.text()]);
  }
  await ask("/v1/audit/checkpoints", { method: "POST", headers: bearer });
  for (const name of ["cmdline", "environ"])
    places.push([`the server's ${name}`, readFileSync(`/proc/${String(server.pid)}/${name}`, "latin1")]);
  places.push([HEAP, await heapOf(server, heaps)]);
  server.kill("SIGTERM");
  await new Promise((resolve) => server.once("exit", resolve));
  places.push(["what the server printed", printed], ["refusals", refused]);
  for (const file of readdirSync(data, { recursive: true, encoding: "utf8", withFileTypes: true })) {
    if (file.isFile() && !KEEPERS.has(file.name))
      places.push([`the file ${file.name}`, readFileSync(join(file.parentPath, file.name), "latin1")]);
  }

  const leaks = [...canaries].flatMap(([secret, of]) =>
    found(secret, places)
      .filter((place) => place !== HEAP || of !== DEMO_API)
      .map((place) => `${of} (${secret.slice(0, 6)}…) stands in ${place}`),
  );
  const plant = found(leak, places);
  let kept: string | undefined;
  if (leaks.length > 0) {
    kept = mkdtempSync(join(tmpdir(), "hallpass-canaries-found-"));
    writeFileSync(join(kept, "leaks.txt"), leaks.join("\n"));
    for (const one of leaks.slice(0, 20)) console.log(one);
  }
  const bytes = places.reduce((sum, [, text]) => sum + text.length, 0);
  sayProof({
    id: "canaries",
    promise: "P12",
    figure: `${canaries.size} secrets in ${asked} requests at ${endpoints.size} of ${ENDPOINTS.length} endpoints, looked for in ${places.length} places of ${Math.round(bytes / 1e6)} MB: ${leaks.length} found`,
    control: `a token that an app wrote into a device's name was ${plant.length === 0 ? "NOT found" : `found in ${plant.length} places`}`,
    seeds: "none",
    notShown: [
      "PostgreSQL's own files and logs",
      "core dumps, and what was freed and not overwritten",
      "a node that gateways ask at /check, which keeps at most 10,000 one-minute tokens that it made for upstreams",
      "the collector of traces",
    ],
    passed:
      leaks.length === 0 &&
      plant.includes(HEAP) &&
      plant.some((place) => place.startsWith("the file")) &&
      canaries.size >= 15,
    ...(kept === undefined ? {} : { kept }),
  });
} finally {
  server.kill("SIGKILL");
  for (const directory of [data, heaps]) rmSync(directory, { recursive: true, force: true });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
