import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { type AddressInfo, connect as connectSocket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { type ClientId, Fault, type Scheduler, Secret } from "@hallpass/core";
import { FEED_CLOSE, FEED_SUBPROTOCOL } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import { WebSocket } from "ws";
import type { FeedHub } from "./hub.ts";
import type { JudgedBearer } from "./own-bearer.ts";
import { aWorld, type World } from "./testing/world.ts";
import { attachFeed, type FeedSocketOptions, type FeedSockets } from "./web-socket-feed.ts";

const timers: Scheduler = {
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};

interface Site {
  readonly world: World;
  readonly hub: FeedHub;
  readonly sockets: FeedSockets;
  readonly server: Server;
  readonly port: number;
  readonly token: string;
}

async function aSite(
  t: TestContext,
  changes: Partial<FeedSocketOptions> & { readonly judge?: (token: string) => Promise<JudgedBearer> } = {},
): Promise<Site> {
  const world = await aWorld(createMemoryStore);
  const hub = world.hub({ scheduler: timers });
  const server = createServer((_, response) => response.end("not the feed"));
  const { judge = (token: string) => world.judge(new Secret(token)), ...options } = changes;
  const sockets = attachFeed(server, hub, judge, { scheduler: timers, ...options });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(async () => {
    await sockets.shutDown();
    server.close();
  });
  const token = (await world.token()).reveal();
  return { world, hub, sockets, server, port: (server.address() as AddressInfo).port, token };
}

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** What a refused upgrade is answered with; 101 when it was granted. */
async function asked(site: Site, headers: Headers, path = "/v1/feed"): Promise<IncomingMessage> {
  const asking = request({
    port: site.port,
    path,
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-protocol": FEED_SUBPROTOCOL,
      ...(headers as Record<string, string>),
    },
  });
  asking.end();
  const [answer] = (await Promise.race([once(asking, "response"), once(asking, "upgrade")])) as [IncomingMessage];
  if (answer.statusCode === 101) answer.socket.destroy();
  return answer;
}

async function opened(site: Site, protocol = FEED_SUBPROTOCOL): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${site.port}/v1/feed`, protocol, {
    headers: { authorization: `Bearer ${site.token}` },
  });
  await once(socket, "open");
  return socket;
}

function hello(instance: string): string {
  const rest = { service: "api", version: "1", after: null, max_staleness_ms: 60_000, on_stale: "unavailable" };
  return JSON.stringify({ type: "hello", feed: 1, instance, ...rest });
}

async function nextFrame(socket: WebSocket): Promise<{ readonly type: string; readonly [name: string]: unknown }> {
  const [message] = (await once(socket, "message")) as [Buffer];
  return JSON.parse(message.toString());
}

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = (await once(socket, "close")) as [number];
  return code;
}

describe("the feed over WebSocket", () => {
  it("goes from hello to a pushed notice and an answered ping", async (t) => {
    const site = await aSite(t);
    const socket = await opened(site);
    assert.equal(socket.protocol, FEED_SUBPROTOCOL);
    assert.equal(socket.extensions, "");
    const frames: { readonly type: string; readonly n?: string; readonly pos?: string }[] = [];
    const arrived = Promise.withResolvers<void>();
    socket.on("message", (message: Buffer) => {
      const frame = JSON.parse(message.toString());
      frames.push(frame);
      if (frame.type === "snapshot") void site.world.revokeAny();
      if (frame.type === "notices")
        socket.send(JSON.stringify({ type: "ping", n: "AAAAAAAAAAAAAAAAAAAAAA", applied: "1.1", keys: 1 }));
      if (frame.type === "head") arrived.resolve();
    });
    socket.send(hello("api-1"));
    await arrived.promise;
    assert.deepEqual(
      frames.map(({ type }) => type),
      ["welcome", "keys", "snapshot", "notices", "head"],
    );
    assert.deepEqual([frames[4]?.n, frames[4]?.pos], ["AAAAAAAAAAAAAAAAAAAAAA", "1.1"]);
    assert.equal(site.hub.connections()[0]?.applied, "1.1");
    socket.close();
  });

  it("is refused before the upgrade without a bearer that is whole, valid and for the feed [CONN-1]", async (t) => {
    const site = await aSite(t);
    const { world, token } = site;
    const reader = (await world.token("reader" as ClientId, { scope: ["sessions:read"] })).reveal();
    const elsewhere = (await world.token("other" as ClientId, { audience: "https://elsewhere.example" })).reveal();
    const cases: readonly [Headers, number, string, RegExp | undefined][] = [
      [{}, 401, "bearer_missing", /^Bearer realm="hallpass"$/],
      [{ authorization: "Basic YTpi" }, 401, "bearer_missing", /^Bearer realm="hallpass"$/],
      [{ authorization: "Bearer" }, 400, "bearer_malformed", /error="invalid_request"/],
      [{ authorization: "Bearer x.y.z" }, 401, "bearer_refused", /error="invalid_token"/],
      [{ authorization: `Bearer ${elsewhere}` }, 401, "bearer_refused", /error="invalid_token"/],
      [{ authorization: `Bearer ${reader}` }, 403, "scope_missing", /error="insufficient_scope", scope="feed"/],
      [{ authorization: [`Bearer ${token}`, `Bearer ${reader}`] }, 400, "bearer_malformed", /invalid_request/],
      [{ authorization: `Bearer ${token}`, origin: "https://app.example" }, 403, "origin_not_allowed", undefined],
      [{ authorization: `Bearer ${token}`, "sec-websocket-protocol": "chat" }, 400, "subprotocol_missing", undefined],
    ];
    for (const [headers, status, code, challenge] of cases) {
      const answer = await asked(site, headers);
      assert.equal(answer.statusCode, status, code);
      const body = await answer.toArray();
      assert.equal(JSON.parse(Buffer.concat(body).toString()).code, code);
      if (challenge !== undefined) assert.match(answer.headers["www-authenticate"] ?? "", challenge);
    }
    assert.equal((await asked(site, { authorization: `Bearer ${token}` })).statusCode, 101);
    assert.equal((await asked(site, { authorization: `Bearer ${token}` }, "/v1/feeds")).statusCode, 404);
  });

  it("lets a configured origin in", async (t) => {
    const site = await aSite(t, { origins: ["https://app.example"] });
    const headers = { authorization: `Bearer ${site.token}`, origin: "https://app.example" };
    assert.equal((await asked(site, headers)).statusCode, 101);
  });

  it("answers 503 and when to come back while nobody can judge a bearer, and 500 for a defect [CONN-1]", async (t) => {
    const failures: unknown[] = [new Fault("store_unavailable", { retryAfter: 7 }), new Error("defect")];
    const site = await aSite(t, { judge: () => Promise.reject(failures.shift()) });
    const first = await asked(site, { authorization: `Bearer ${site.token}` });
    assert.deepEqual([first.statusCode, first.headers["retry-after"]], [503, "7"]);
    assert.equal((await asked(site, { authorization: `Bearer ${site.token}` })).statusCode, 500);
    assert.equal(site.sockets.count(), 0);
  });

  it("judges no more bearers at once than it may", async (t) => {
    const judged = Promise.withResolvers<JudgedBearer>();
    const site = await aSite(t, { judge: () => judged.promise, mostJudging: 1 });
    const headers = { authorization: `Bearer ${site.token}` };
    const first = asked(site, headers);
    while (site.sockets.count() === 0) await new Promise(setImmediate);
    assert.equal((await asked(site, headers)).statusCode, 503);
    judged.resolve({ kind: "refused" });
    assert.equal((await first).statusCode, 401);
  });

  it("survives a socket that breaks while its bearer is judged", async (t) => {
    const judged = Promise.withResolvers<JudgedBearer>();
    const site = await aSite(t, { judge: () => judged.promise });
    const socket = connectSocket(site.port, "127.0.0.1");
    const lines = ["GET /v1/feed HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: websocket"];
    lines.push(`Authorization: Bearer ${site.token}`, `Sec-WebSocket-Protocol: ${FEED_SUBPROTOCOL}`, "", "");
    socket.write(lines.join("\r\n"));
    while (site.sockets.count() === 0) await new Promise(setImmediate);
    socket.resetAndDestroy();
    await once(socket, "close");
    judged.resolve({ kind: "granted", bearer: await site.world.bearer() });
    await new Promise(setImmediate);
    assert.equal(site.sockets.count(), 0);
  });

  it("closes for a binary message, and for one beyond 128 KiB", async (t) => {
    const site = await aSite(t);
    const binary = await opened(site);
    binary.send(Buffer.from(hello("api-1")));
    assert.equal(await closeCode(binary), FEED_CLOSE.malformed);
    const large = await opened(site);
    large.send("x".repeat(128 * 1024 + 1));
    assert.equal(await closeCode(large), 1009);
  });

  it("sends everyone elsewhere when it shuts down, and cuts off whoever does not answer", async (t) => {
    const hurried: Scheduler = { after: (ms, task) => timers.after(ms / 20, task) };
    const site = await aSite(t, { scheduler: hurried });
    const polite = await opened(site);
    polite.send(hello("api-1"));
    assert.equal((await nextFrame(polite)).type, "welcome");
    const deaf = await opened(site);
    deaf.pause();
    const closed = closeCode(polite);
    const before = performance.now();
    await site.sockets.shutDown();
    assert.equal(await closed, FEED_CLOSE.drain);
    assert.equal(site.sockets.count(), 0);
    assert.ok(performance.now() - before < 10_000);
    assert.equal((await asked(site, { authorization: `Bearer ${site.token}` })).statusCode, 503);
    deaf.terminate();
  });
});
