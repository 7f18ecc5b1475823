// What no product can be below: `floor-server.ts PORT DIRECTORY`. The same requests and answers on bare node:http, with the same signature, and
// each change flushed to disk before its answer, all that wait in one write. It judges nothing but whether it knows a token: no client, no
// policy, no reuse, no facts, no limits. A mark, not a service.

import { createPrivateKey, generateKeyPairSync, randomBytes, randomUUID, sign } from "node:crypto";
import { closeSync, fdatasync, openSync, write } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { join } from "node:path";

const [port = "", directory = ""] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const key = createPrivateKey(privateKey);
const header = Buffer.from(JSON.stringify({ alg: "ES256", typ: "at+jwt", kid: "k1" })).toString("base64url");
const refreshTokens = new Map<string, string>();
const accessTokens = new Map<string, string>();
const cookies = new Map<string, string>();

const log = openSync(join(directory, "log"), "a");
process.once("exit", () => closeSync(log));
let waiting: { readonly line: string; readonly done: () => void }[] = [];
let isWriting = false;

/** `done` is called when the line is on disk. */
function durably(line: string, done: () => void): void {
  waiting.push({ line, done });
  if (!isWriting) writeAll();
}

function writeAll(): void {
  isWriting = true;
  const batch = waiting;
  waiting = [];
  write(log, batch.map(({ line }) => line).join(""), (failed) => {
    if (failed !== null) throw failed;
    fdatasync(log, (unsynced) => {
      if (unsynced !== null) throw unsynced;
      for (const { done } of batch) done();
      if (waiting.length > 0) writeAll();
      else isWriting = false;
    });
  });
}

/** DER to the two numbers of RFC 7518 section 3.4. */
function raw(der: Buffer): Buffer {
  const out = Buffer.alloc(64);
  let at = 3;
  for (const end of [32, 64]) {
    const length = der[at] ?? 0;
    const from = Math.max(0, length - 32);
    der.copy(out, end - (length - from), at + 1 + from, at + 1 + length);
    at += length + 2;
  }
  return out;
}

function accessToken(subject: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: `http://127.0.0.1:${port}`,
    sub: subject,
    aud: "https://api.bench.example",
    client_id: "bench",
    scope: "read write",
    iat: now,
    exp: now + 300,
    jti: randomUUID(),
    sid: subject,
  };
  const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
  return `${signed}.${raw(sign("sha256", Buffer.from(signed), key)).toString("base64url")}`;
}

function made(tokens: Map<string, string>, token: string, subject: string): string {
  tokens.set(token, subject);
  return token;
}

function refreshToken(subject: string): string {
  return made(refreshTokens, randomBytes(48).toString("base64url"), subject);
}

function granted(body: string, response: ServerResponse): void {
  const form = new URLSearchParams(body);
  if (form.get("grant_type") === "client_credentials")
    return answer(response, 200, { access_token: accessToken("bench"), token_type: "Bearer", expires_in: 300 });
  const shown = form.get("refresh_token") ?? "";
  const subject = refreshTokens.get(shown);
  if (subject === undefined) return answer(response, 400, { error: "invalid_grant" });
  refreshTokens.delete(shown);
  const next = refreshToken(subject);
  const tokens = { access_token: accessToken(subject), refresh_token: next, token_type: "Bearer", expires_in: 300 };
  durably(`${shown} ${next} ${subject}\n`, () => answer(response, 200, tokens));
}

function opened(body: string, response: ServerResponse): void {
  const { subject } = JSON.parse(body) as { readonly subject: string };
  const [sid, refresh] = [randomUUID(), refreshToken(subject)];
  const tokens = { access_token: accessToken(subject), refresh_token: refresh, token_type: "Bearer", expires_in: 300 };
  durably(`${sid} ${refresh} ${subject}\n`, () => answer(response, 201, { sid, ...tokens }));
}

const ROUTES: Readonly<Record<string, (body: string, response: ServerResponse) => void>> = {
  "/oauth2/token": granted,
  "/v1/sessions": opened,
  "/oauth2/introspect": (body, response) => {
    const subject = accessTokens.get(new URLSearchParams(body).get("token") ?? "");
    answer(response, 200, { active: subject !== undefined, sub: subject, client_id: "bench", scope: "read write" });
  },
  "/oauth2/revoke": (body, response) => {
    const token = new URLSearchParams(body).get("token") ?? "";
    refreshTokens.delete(token);
    durably(`${token}\n`, () => answer(response, 200, {}));
  },
};

function answer(response: ServerResponse, status: number, json: object): void {
  const body = JSON.stringify(json);
  const headers = { "content-type": "application/json", "cache-control": "no-store", "content-length": body.length };
  response.writeHead(status, headers).end(body, "latin1");
}

function checked(cookie: string, response: ServerResponse): void {
  const subject = cookies.get(cookie.slice("session=".length));
  if (subject === undefined) answer(response, 401, { error: "no session" });
  else answer(response, 200, { subject, client: "bench", scope: "read write" });
}

function seeds(kind: string | null, count: number): readonly string[] {
  const make: Readonly<Record<string, (subject: string) => string>> = {
    refresh: refreshToken,
    cookie: (subject) => made(cookies, randomBytes(48).toString("base64url"), subject),
    access: (subject) => made(accessTokens, accessToken(subject), subject),
  };
  return Array.from({ length: count }, (_, n) => make[kind ?? ""]?.(`u-${n}`) ?? "");
}

const server = createServer((request, response) => {
  const { url = "", headers } = request;
  if (url.startsWith("/__seed?")) {
    const asked = new URLSearchParams(url.slice(8));
    return answer(response, 200, seeds(asked.get("kind"), Number(asked.get("n"))));
  }
  if (url === "/check") return checked(headers.cookie ?? "", response);
  const route = ROUTES[url];
  if (route === undefined || headers.authorization === undefined) return answer(response, 401, { error: "no" });
  let text = "";
  request.setEncoding("latin1").on("data", (part: string) => {
    text += part;
  });
  request.on("end", () => route(text, response));
});
await new Promise<void>((resolve) => server.listen(Number(port), "127.0.0.1", resolve));
process.stdout.write(`ready ${port}\n`);
