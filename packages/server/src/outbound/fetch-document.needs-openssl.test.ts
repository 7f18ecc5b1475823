// Fetching from an address that a stranger chose, with real sockets: where it goes, and everything that it does not follow.

import assert from "node:assert/strict";
import type { lookup } from "node:dns";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { systemScheduler } from "../host/system-ports.ts";
import { type Authority, authority } from "../testing/certificates.ts";
import { type FetchOptions, fetchDocument } from "./fetch-document.ts";
import { networksOf } from "./networks.ts";

let ca: Authority;
let server: Server;
let port: number;
let asked: IncomingMessage[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {};

before(async () => {
  ca = authority();
  const { certificate, key } = ca.issue("client.example");
  server = createServer({ cert: certificate, key }, (request, response) => {
    asked.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
after(() => {
  server.closeAllConnections();
  server.close();
  ca.remove();
});

/** A name server that says what the test wants; the next answer each time. */
function naming(...answers: readonly (readonly string[])[]): typeof lookup {
  let at = 0;
  const resolve = (_: string, __: object, done: (error: Error | null, found: object[]) => void): void => {
    const addresses = answers[Math.min(at, answers.length - 1)] ?? [];
    at += 1;
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
  return resolve as unknown as typeof lookup;
}

function fetching(path = "/", more: Partial<FetchOptions> = {}, host = "client.example"): Promise<string> {
  asked = [];
  return fetchDocument(`https://${host}:${port}${path}`, ["application/json", "application/jwk-set+json"], {
    also: networksOf(["127.0.0.0/8"]),
    ca: ca.certificate,
    limitMs: 2000,
    maxBytes: 1000,
    scheduler: systemScheduler,
    resolve: naming(["127.0.0.1"]),
    ...more,
  });
}

function replying(body: string, headers: Readonly<Record<string, string>> = {}, status = 200): typeof answer {
  return (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(body);
  };
}

test("a document is fetched with nothing of ours beside the request [E-18] [L-08]", async () => {
  answer = replying('{"keys":[]}', { "content-type": "application/jwk-set+json; charset=utf-8" });
  assert.equal(await fetching("/jwks"), '{"keys":[]}');
  const headers = asked[0]?.headers ?? {};
  assert.deepEqual(Object.keys(headers).toSorted(), ["accept", "connection", "host", "user-agent"]);
  assert.equal(headers.host, `client.example:${port}`);
});

describe("nothing is connected to", () => {
  const none = networksOf([]);
  for (const host of [
    "127.0.0.1",
    "[::1]",
    "169.254.169.254",
    "0.0.0.0",
    "2130706433",
    "0x7f.1",
    "[::ffff:127.0.0.1]",
  ]) {
    test(`at ${host} [E-18]`, async () => {
      answer = replying("{}");
      await assert.rejects(fetching("/", { also: none }, host), /not public/);
      assert.equal(asked.length, 0);
    });
  }

  for (const addresses of [
    ["127.0.0.1"],
    ["8.8.8.8", "127.0.0.1"],
    ["127.0.0.1", "8.8.8.8"],
    ["::1"],
    ["169.254.169.254"],
    [],
  ]) {
    test(`whose name is at ${addresses.join(" and ") || "no address"} [E-18]`, async () => {
      answer = replying("{}");
      await assert.rejects(fetching("/", { also: none, resolve: naming(addresses) }), /not public/);
      assert.equal(asked.length, 0);
    });
  }

  test("when a name changes its mind: what was judged is what is connected to [E-18]", async () => {
    answer = replying("{}");
    // The first answer may be reached; a second look-up would lead inside.
    const options = { also: networksOf(["127.0.0.1/32"]), resolve: naming(["127.0.0.1"], ["127.0.0.2"]) };
    assert.equal(await fetching("/", options), "{}");
    await assert.rejects(fetching("/", { ...options, resolve: naming(["127.0.0.2"]) }), /not public/);
  });

  for (const uri of [
    "http://client.example/",
    "file:///etc/passwd",
    "https://a:b@client.example/",
    "ftp://client.example/",
  ]) {
    test(`under ${uri} [E-18]`, async () => {
      const options = { also: none, limitMs: 100, maxBytes: 10, scheduler: systemScheduler };
      await assert.rejects(fetchDocument(uri, [], options), /no https address/);
    });
  }
});

describe("an answer is refused", () => {
  const rows: readonly [title: string, reply: typeof answer][] = [
    ["that leads elsewhere", replying("", { location: "https://169.254.169.254/" }, 302)],
    ["that is an error", replying("{}", {}, 500)],
    ["of another type", replying("{}", { "content-type": "text/html" })],
    ["that is compressed", replying("{}", { "content-encoding": "gzip" })],
    ["that is too large", replying("x".repeat(1001))],
    [
      "that never ends",
      (_, response) => void response.writeHead(200, { "content-type": "application/json" }).write("x".repeat(2000)),
    ],
    [
      "that is cut off",
      (_, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "100" }).write("{");
        setImmediate(() => response.destroy());
      },
    ],
    ["with endless headers", replying("{}", { "x-much": "x".repeat(20_000) })],
  ];
  for (const [title, reply] of rows) {
    test(`${title} [E-18]`, async () => {
      answer = reply;
      await assert.rejects(fetching());
      assert.equal(asked.length, 1, "nothing was followed");
    });
  }

  test("that does not come in time, and one that stops in the middle [E-18]", async () => {
    answer = () => {};
    await assert.rejects(fetching("/", { limitMs: 50 }), /too long/);
    answer = (_, response) => void response.writeHead(200, { "content-type": "application/json" }).write("{");
    await assert.rejects(fetching("/", { limitMs: 200 }));
  });

  test("under a certificate that nobody vouches for, or of another name [E-18]", async () => {
    answer = replying("{}");
    const { ca: _, ...unknown }: Partial<FetchOptions> = { also: networksOf(["127.0.0.0/8"]), ca: ca.certificate };
    const options = {
      ...unknown,
      limitMs: 1000,
      maxBytes: 10,
      scheduler: systemScheduler,
      resolve: naming(["127.0.0.1"]),
    };
    await assert.rejects(
      fetchDocument(`https://client.example:${port}/`, ["application/json"], {
        also: networksOf(["127.0.0.0/8"]),
        ...options,
      }),
      { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
    );
    await assert.rejects(fetching("/", {}, "other.example"), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    assert.equal(asked.length, 0);
  });
});

test("a document of exactly the limit is whole [E-18]", async () => {
  answer = replying("x".repeat(1000));
  assert.equal((await fetching()).length, 1000);
});
