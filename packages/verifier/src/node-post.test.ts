import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { describe, it, type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Question, textOf } from "./fetch-post.ts";
import { createVerifier, OptionsError } from "./index.ts";
import { nodePost } from "./node-post.ts";

interface Heard {
  readonly method: string | undefined;
  /** The port that the question came from: of its connection. */
  readonly from: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

async function issuer(t: TestContext, answer: (response: ServerResponse, request: IncomingMessage) => void) {
  const heard: Heard[] = [];
  const listen: RequestListener = (request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      heard.push({ method: request.method, from: request.socket.remotePort, headers: request.headers, body });
      answer(response, request);
    });
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, listen);
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const url = `http://127.0.0.1:${address.port}/`;
  const post = nodePost(url);
  assert.ok(post !== undefined);
  const ask = async (more: Partial<Question> = {}) => {
    const reply = await post({
      url,
      headers: { authorization: "Basic c2VjcmV0", accept: "application/json" },
      body: "a=é",
      longest: 1000,
      signal: new AbortController().signal,
      ...more,
    });
    return { status: reply.status, text: textOf(reply) };
  };
  return { url, heard, ask };
}

describe("a question through node:http", () => {
  it("sends the body as UTF-8 with its length, asks for gzip, and reads the answer", async (t) => {
    const { heard, ask } = await issuer(t, (response) => response.end("né"));
    assert.deepEqual(await ask(), { status: 200, text: "né" });
    const { headers, body, method } = heard[0] ?? assert.fail("nobody was asked");
    assert.deepEqual([method, body], ["POST", "a=é"]);
    assert.deepEqual(
      [headers["content-length"], headers["accept-encoding"], headers.authorization],
      ["4", "gzip", "Basic c2VjcmV0"],
    );
  });

  it("opens what is compressed, up to the length that it takes and not beyond", async (t) => {
    const { ask } = await issuer(t, (response, { headers }) => {
      response.setHeader("content-encoding", "gzip").end(gzipSync("x".repeat(Number(headers["x-length"]))));
    });
    assert.equal((await ask({ headers: { "x-length": "999" } })).text.length, 999);
    assert.equal((await ask({ headers: { "x-length": "1000" } })).text.length, 1000);
    await assert.rejects(ask({ headers: { "x-length": "1001" } }));
  });

  it("takes what is as long as it may be, and what says that it is not encoded, and tells its type", async (t) => {
    const { url, ask } = await issuer(t, (response) => {
      response.writeHead(200, { "content-encoding": "identity", "content-type": "a/b" }).end("x".repeat(1000));
    });
    assert.equal((await ask()).text.length, 1000);
    const question = { url, headers: {}, body: "", longest: 1000, signal: new AbortController().signal };
    assert.equal((await nodePost(url)?.(question))?.type, "a/b");
    const untyped = await issuer(t, (response) => response.end());
    assert.equal((await nodePost(untyped.url)?.({ ...question, url: untyped.url }))?.type, null);
  });

  it("keeps its connection, also after an answer of which it shows nothing", async (t) => {
    const { heard, ask } = await issuer(t, (response) => response.writeHead(503).end("down"));
    for (let n = 0; n < 20; n += 1) await ask();
    assert.ok(new Set(heard.map(({ from }) => from)).size < 20);
  });

  it("gives up on an answer that is too long before it is read whole", async (t) => {
    const left = Promise.withResolvers<void>();
    const { ask } = await issuer(t, (response) => {
      response.on("close", left.resolve).write("x".repeat(1001));
    });
    await assert.rejects(ask(), /too long/);
    // Whoever sends without an end is hung up on.
    await left.promise;
    const whole = await issuer(t, (response) => response.end("x".repeat(1001)));
    await assert.rejects(whole.ask(), /too long/);
  });

  it("shows nothing of an answer that is not 200, and follows no redirect", async (t) => {
    const other = await issuer(t, (response) => response.end("caught"));
    for (const status of [301, 302, 307, 308, 401, 403, 503]) {
      const { ask } = await issuer(t, (response) => response.writeHead(status, { location: other.url }).end("secret"));
      assert.deepEqual(await ask(), { status, text: "" });
    }
    assert.equal(other.heard.length, 0);
  });

  it("refuses what is cut off, no UTF-8, no gzip, or encoded as nobody asked for", async (t) => {
    const answers: readonly ((response: ServerResponse) => void)[] = [
      (response) => {
        response.writeHead(200, { "content-length": "10" }).write("half", () => response.destroy());
      },
      (response) => response.end(Uint8Array.of(0x61, 0xff)),
      (response) => response.setHeader("content-encoding", "gzip").end("plain"),
      (response) => response.setHeader("content-encoding", "br").end("x"),
      (response) => response.setHeader("content-encoding", "br").end(gzipSync("x")),
      (response) => response.destroy(),
    ];
    for (const answer of answers) {
      const { ask } = await issuer(t, answer);
      await assert.rejects(ask());
    }
  });

  it("tells once that the question is on its way, before there is an answer", async (t) => {
    const { ask } = await issuer(t, (response) => response.end("x"));
    const told: string[] = [];
    await ask({ sent: () => void told.push("sent") }).then(() => told.push("answered"));
    assert.deepEqual(told, ["sent", "answered"]);
  });

  it("ends with the patience of who asks", async (t) => {
    const { heard, ask } = await issuer(t, () => undefined);
    const patience = new AbortController();
    const answer = ask({ signal: patience.signal });
    while (heard.length === 0) await new Promise(setImmediate);
    patience.abort();
    await assert.rejects(answer);
  });

  it("asks once more where a connection that was kept has ended, and not where a new one ends", async (t) => {
    let kept = false;
    const { heard, ask } = await issuer(t, (response, request) => {
      if (kept) request.socket.resetAndDestroy();
      else response.end("first");
      kept = !kept;
    });
    assert.equal((await ask()).text, "first");
    assert.equal((await ask()).text, "first");
    assert.equal(heard.length, 3);
    const dead = await issuer(t, (_, request) => request.socket.resetAndDestroy());
    await assert.rejects(dead.ask());
    assert.equal(dead.heard.length, 1);
  });

  it("asks once more on a connection of its own: others that were kept may be as dead", async (t) => {
    const known = new Set<unknown>();
    const both = Promise.withResolvers<void>();
    const { heard, ask } = await issuer(t, (response, request) => {
      const isKept = known.has(request.socket);
      known.add(request.socket);
      if (known.size === 2) both.resolve();
      // The first two are asked beside each other.
      if (isKept) request.socket.resetAndDestroy();
      else void both.promise.then(() => response.end("new"));
    });
    await Promise.all([ask(), ask()]);
    assert.equal((await ask()).text, "new");
    assert.deepEqual([heard.length, known.size], [4, 3]);
  });

  it("asks nobody twice because of an answer that it does not take", async (t) => {
    const { heard, ask } = await issuer(t, (response) => response.end("x".repeat(heard.length === 1 ? 1 : 1001)));
    await ask();
    await assert.rejects(ask(), /too long/);
    assert.equal(heard.length, 2);
  });
});

test("an issuer at https is asked through TLS: the first byte that it hears begins a handshake", async (t) => {
  const heard = Promise.withResolvers<number | undefined>();
  const server = createTcpServer((socket) => {
    socket
      .on("error", () => {})
      .once("data", (bytes) => {
        heard.resolve(Buffer.from(bytes)[0]);
        socket.destroy();
      });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => void server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const url = `https://127.0.0.1:${address.port}/`;
  const { signal } = new AbortController();
  await assert.rejects(async () => nodePost(url)?.({ url, headers: {}, body: "", longest: 1, signal }));
  // A record of type handshake (RFC 8446 section 5.1).
  assert.equal(await heard.promise, 22);
});

test("no other platform is taken for Node, whichever of its modules it has", (t) => {
  for (const userAgent of ["Bun/1.4.5", "Deno/2.9.5", "Cloudflare-Workers", "", undefined]) {
    Object.defineProperty(navigator, "userAgent", { value: userAgent, configurable: true });
    t.after(() => void Reflect.deleteProperty(navigator, "userAgent"));
    assert.equal(nodePost("https://auth.example"), undefined, String(userAgent));
    Reflect.deleteProperty(navigator, "userAgent");
  }
  assert.notEqual(nodePost("https://auth.example"), undefined);
});

describe("the app's own fetch", () => {
  it("is asked instead of the platform, by a verifier that pulls and by one that is pushed to", async () => {
    for (const feed of ["pull", "push"] as const) {
      const asked = Promise.withResolvers<readonly [string, RequestInit]>();
      const verifier = createVerifier({
        issuer: "https://auth.example",
        audience: "https://api.example",
        credentials: { clientId: "api", clientSecret: "s" },
        feed,
        fetch: (url, init) => {
          asked.resolve([url, init]);
          return Promise.resolve(new Response(null, { status: 503 }));
        },
      });
      if (feed === "pull") await assert.rejects(verifier.ready());
      const [url, init] = await asked.promise;
      assert.equal(url, "https://auth.example/oauth2/token");
      assert.deepEqual([init.method, init.redirect], ["POST", "manual"]);
      verifier.close();
    }
  });

  it("is refused where it is none, with all other problems", () => {
    const wrong = {
      issuer: "x",
      audience: "a",
      credentials: { clientId: "api", clientSecret: "s" },
      fetch: "https://proxy",
    };
    assert.throws(
      () => createVerifier(wrong as never),
      (cause: unknown) => cause instanceof OptionsError && cause.problems.length === 2,
    );
  });
});
