// What a verifier asks of its platform, and how: against a real server on this machine.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { createVerifier } from "./index.ts";
import type { Ports } from "./ports.ts";
import { platformPorts } from "./runtime.ts";

interface Asked {
  readonly url: string;
  readonly method: string | undefined;
  readonly headers: Headers;
  readonly body: string;
}

/** Ports whose fetch is the app's own: what it was asked, and what it answers. */
function answering(answer: () => Response, issuer = "https://auth.example/a") {
  const asked: Asked[] = [];
  const ports = platformPorts({ issuer, clientId: "a b:c", clientSecret: "s+é" }, "pull", async (url, init) => {
    const { method, headers, body } = init;
    asked.push({ url, method, headers: new Headers(headers), body: typeof body === "string" ? body : "" });
    return answer();
  });
  return { ports, asked };
}

const json = (value: unknown, status = 200): Response => Response.json(value, { status });

test("a bearer is asked for with form-encoded credentials in the header, by the grant of a service, for the feed [CONN-1]", async () => {
  for (const issuer of ["https://auth.example/a", "https://auth.example/a/"]) {
    const { ports, asked } = answering(() => json({ access_token: "t", token_type: "bearer", expires_in: 60 }), issuer);
    const before = Date.now();
    const { token, expiresAt = 0 } = await ports.fetchToken();
    assert.equal(token, "t");
    assert.ok(expiresAt >= before + 60_000 && expiresAt <= Date.now() + 60_000);
    const [{ url, method, headers, body } = assert.fail("nobody was asked")] = asked;
    assert.deepEqual([url, method], ["https://auth.example/a/oauth2/token", "POST"]);
    assert.equal(headers.get("authorization"), `Basic ${btoa("a+b%3Ac:s%2B%C3%A9")}`);
    assert.equal(headers.get("accept"), "application/json");
    assert.equal(headers.get("content-type"), "application/x-www-form-urlencoded");
    assert.deepEqual(
      [...new URLSearchParams(body)],
      [
        ["grant_type", "client_credentials"],
        ["scope", "feed"],
        ["resource", "https://auth.example/a"],
      ],
    );
  }
});

test("an answer without a bearer is none, and one without a time says none [CONN-1]", async () => {
  const bearer = { access_token: "t", token_type: "Bearer" };
  for (const value of [
    {},
    [],
    "t",
    null,
    { token_type: "Bearer" },
    { access_token: "t" },
    { ...bearer, access_token: 7 },
    { ...bearer, token_type: 7 },
    { ...bearer, token_type: "DPoP" },
  ])
    await assert.rejects(answering(() => json(value)).ports.fetchToken(), JSON.stringify(value));
  await assert.rejects(answering(() => json(bearer, 201)).ports.fetchToken());
  await assert.rejects(answering(() => new Response("{")).ports.fetchToken());
  for (const expires of [undefined, 0, -1, "60", null]) {
    const { ports } = answering(() => json({ ...bearer, expires_in: expires }));
    assert.deepEqual(await ports.fetchToken(), { token: "t" }, String(expires));
  }
});

test("what fits behind no Bearer is no bearer: it would be thrown at a process that only wants to connect [NB-37] [CONN-1]", async () => {
  for (const token of [
    "",
    "a\r\nx-other: 1",
    "a\nb",
    "a\u0000",
    "a b",
    "a,b",
    "\u2603",
    "\u00e9",
    "=",
    "a".repeat(9000),
  ]) {
    const { ports } = answering(() => json({ access_token: token, token_type: "Bearer", expires_in: 60 }));
    await assert.rejects(ports.fetchToken(), JSON.stringify(token.slice(0, 20)));
  }
});

test("a token is asked about in the body, and the answer is handed on as it came", async () => {
  const { ports, asked } = answering(() => new Response('{"active":true}'));
  assert.equal(await ports.introspect?.("a+b"), '{"active":true}');
  assert.deepEqual([asked[0]?.url, asked[0]?.body], ["https://auth.example/a/oauth2/introspect", "token=a%2Bb"]);
  await assert.rejects(async () => answering(() => new Response("{}", { status: 401 })).ports.introspect?.("x"));
});

test("a pull shows the bearer, takes both forms of frames, and knows them by their type [PULL-1] [PULL-3]", async () => {
  const lines = { "content-type": "application/x-ndjson" };
  const text = answering(() => new Response("frames\n", { headers: lines }));
  assert.deepEqual(await text.ports.pull?.("t", "body"), { status: 200, text: "frames\n" });
  const [{ url, method, headers, body } = assert.fail("nobody was asked")] = text.asked;
  assert.deepEqual([url, method, body], ["https://auth.example/a/v1/feed", "POST", "body"]);
  assert.equal(headers.get("authorization"), "Bearer t");
  const [packed = "", plain = ""] = (headers.get("accept") ?? "").split(", ");
  assert.equal(headers.get("content-type"), plain);
  assert.notEqual(packed, plain);
  const bytes = Uint8Array.of(1, 255, 0);
  const one = answering(() => new Response(bytes, { headers: { "content-type": packed } }));
  assert.deepEqual(await one.ports.pull?.("t", ""), { status: 200, text: "", packed: bytes });
  const refused = answering(() => new Response("no", { status: 401 }));
  assert.deepEqual(await refused.ports.pull?.("t", ""), { status: 401, text: "" });
  await assert.rejects(async () => answering(() => new Response(bytes, { headers: lines })).ports.pull?.("t", ""));
});

test("a bearer is read from no answer that is deeper than any issuer's, or has more members", async () => {
  const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)]);
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`m${n}`, n]));
  const one = { access_token: "t", token_type: "Bearer" };
  for (const more of [{ more: deep(7) }, many(62)]) {
    const { ports } = answering(() => json({ ...one, ...more }));
    assert.deepEqual(await ports.fetchToken(), { token: "t" });
  }
  for (const more of [{ more: deep(8) }, many(63)])
    await assert.rejects(answering(() => json({ ...one, ...more })).ports.fetchToken());
});

test("whoever pulls asks through node:http and takes long answers, whoever is pushed to asks through the platform's fetch", async (t) => {
  const heard: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    heard.push(request);
    response.setHeader("content-type", "application/x-ndjson").end("x".repeat(100_000));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const credentials = { issuer: `http://127.0.0.1:${address.port}`, clientId: "a", clientSecret: "b" };
  for (const feed of ["pull", "push"] as const) {
    const reply = await platformPorts(credentials, feed).pull?.("t", "");
    assert.equal(reply?.text.length, 100_000);
  }
  // Only the platform's fetch says how it fetches.
  const modes = heard.map(({ headers }) => headers["sec-fetch-mode"]);
  assert.deepEqual(modes, [undefined, "cors"]);
});

test("clocks, dice and timers are the platform's", async () => {
  const { ports } = answering(() => json({}));
  assert.ok(Math.abs(ports.clock.now() - Date.now()) < 1000);
  assert.ok(Math.abs(ports.clock.monotonic() - performance.now()) < 1000);
  assert.equal(ports.dice.bytes(16).length, 16);
  assert.notDeepEqual(ports.dice.bytes(16), ports.dice.bytes(16));
  const called: string[] = [];
  const cancel = ports.scheduler.after(0, () => called.push("cancelled"));
  cancel();
  // A waiting timer of a verifier keeps no process alive; the test's own does.
  const awake = setInterval(() => undefined, 1000);
  await new Promise<void>((resolve) => {
    ports.scheduler.after(1, resolve);
  });
  clearInterval(awake);
  assert.deepEqual(called, []);
});

/** A WebSocket's other end, by hand: RFC 6455 in as many lines as a test needs. */
class Peer {
  readonly request: IncomingMessage;
  readonly texts: string[] = [];
  readonly codes: number[] = [];
  readonly #socket: Duplex;

  constructor(request: IncomingMessage, socket: Duplex) {
    this.request = request;
    this.#socket = socket;
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    const protocol = request.headers["sec-websocket-protocol"] ?? "";
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
    );
    socket.on("error", () => undefined).on("data", (bytes: Buffer) => this.#read(bytes));
  }

  /** Short and unmasked, as a server sends. */
  send(opcode: number, bytes: Uint8Array): void {
    this.#socket.write(Uint8Array.of(0x80 | opcode, bytes.length, ...bytes));
  }

  close(code: number): void {
    this.send(8, Uint8Array.of(code >> 8, code & 255));
  }

  cut(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const length = (bytes[at + 1] ?? 0) & 0x7f;
      const mask = bytes.subarray(at + 2, at + 6);
      const plain = Buffer.from(bytes.subarray(at + 6, at + 6 + length).map((byte, n) => byte ^ (mask[n & 3] ?? 0)));
      if (((bytes[at] ?? 0) & 15) === 8) {
        this.codes.push(plain.readUInt16BE(0));
        this.close(plain.readUInt16BE(0));
        this.#socket.end();
      } else this.texts.push(plain.toString());
      at += 6 + length;
    }
  }
}

interface Line {
  readonly peer: Promise<Peer>;
  readonly connection: ReturnType<Ports["connect"]>;
  readonly heard: (string | Uint8Array)[];
  readonly opened: Promise<void>;
  readonly closed: Promise<number>;
  readonly codes: number[];
}

async function line(
  t: TestContext,
  upgrade: (server: Server, peer: (one: Peer) => void) => void = takes,
): Promise<Line> {
  const server = createServer((_, response) => response.writeHead(401).end());
  const peer = Promise.withResolvers<Peer>();
  upgrade(server, peer.resolve);
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const [opened, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<number>()];
  const [heard, codes]: [(string | Uint8Array)[], number[]] = [[], []];
  const { ports } = answering(() => json({}));
  const connection = ports.connect({
    url: `ws://127.0.0.1:${address.port}/v1/feed`,
    token: "t",
    onOpen: opened.resolve,
    onText: (text) => void heard.push(text),
    onBytes: (bytes) => void heard.push(bytes),
    onClose: (code) => {
      codes.push(code);
      closed.resolve(code);
    },
  });
  return { peer: peer.promise, connection, heard, opened: opened.promise, closed: closed.promise, codes };
}

const takes = (server: Server, peer: (one: Peer) => void): void =>
  void server.on("upgrade", (request, socket) => peer(new Peer(request, socket)));

test("a connection shows its bearer and the subprotocol, and carries texts both ways, and bytes to the verifier [CONN-1] [CONN-9]", async (t) => {
  const { peer, connection, opened, heard, closed } = await line(t);
  connection.send("too early: it is not open yet");
  const server = await peer;
  await opened;
  assert.equal(server.request.headers.authorization, "Bearer t");
  assert.match(server.request.headers["sec-websocket-protocol"] ?? "", /^hallpass/);
  connection.send("héllo");
  server.send(1, new TextEncoder().encode("wörd"));
  server.send(2, Uint8Array.of(1, 2, 3));
  server.close(1012);
  assert.equal(await closed, 1012);
  assert.deepEqual([heard, server.texts], [["wörd", Uint8Array.of(1, 2, 3)], ["héllo"]]);
  connection.send("too late");
});

test("whoever closes says why, and is told once [CONN-2]", async (t) => {
  for (const code of [1000, 4400]) {
    const { peer, connection, opened, closed, codes } = await line(t);
    await opened;
    connection.close(code);
    assert.equal(await closed, code);
    assert.deepEqual([(await peer).codes, codes], [[code], [code]], String(code));
  }
});

test("a connection that is refused or cut ends once, as one that nobody closed [CONN-5]", async (t) => {
  const refused = await line(t, () => undefined);
  assert.equal(await refused.closed, 1006);
  const cut = await line(t);
  await cut.opened;
  (await cut.peer).cut();
  assert.equal(await cut.closed, 1006);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([refused.codes, cut.codes], [[1006], [1006]]);
});

test("a verifier that is not told otherwise is pushed to, and asks through the app's fetch", async () => {
  const asked = Promise.withResolvers<string>();
  const verifier = createVerifier({
    issuer: "https://auth.example",
    audience: "https://api.example",
    credentials: { clientId: "api", clientSecret: "s" },
    fetch: async (url) => {
      asked.resolve(url);
      return new Response(null, { status: 503 });
    },
  });
  assert.equal(await asked.promise, "https://auth.example/oauth2/token", "at once, and without being asked");
  verifier.close();
});

test("a program that waits for its view alone is told why there is none, and ends by itself where nobody waits", () => {
  const run = (wait: string) =>
    spawnSync(
      process.execPath,
      [
        "--conditions=hallpass-source",
        "--input-type=module",
        "--eval",
        `import { createVerifier } from ${JSON.stringify(`${import.meta.dirname}/index.ts`)};
        const credentials = { clientId: "c", clientSecret: "s" };
        const verifier = createVerifier({ issuer: "http://127.0.0.1:1", audience: "a", credentials });
        ${wait}`,
      ],
      { encoding: "utf8", timeout: 30_000 },
    );
  const told = run("await verifier.ready(1000).catch(({ message }) => console.log(message));");
  assert.match(told.stdout, /^no view within 1000 ms: /);
  assert.equal(told.status, 0, told.stderr);
  assert.equal(run("").status, 0);
  const long = "const waiting = verifier.ready(Infinity); setTimeout(() => verifier.close(), 100);";
  const closed = run(`${long} await waiting.catch(({ message }) => console.log(message));`);
  assert.match(closed.stdout, /closed/);
});
