// What a real connection is refused for, over raw sockets: a client library would repair most of it on the way.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SILENT } from "../observe/observer.ts";
import { rawTalk } from "../testing/raw-talk.ts";
import { ISSUER, scene } from "../testing/scene.ts";
import { createAdmission } from "./admission.ts";
import { listen, type NodeHost } from "./node-host.ts";
import { systemClock, systemDice, systemScheduler } from "./system-ports.ts";

let host: NodeHost;
before(async () => {
  const { hallpass } = await scene();
  host = await listen({
    hallpass,
    observer: SILENT,
    admission: createAdmission({
      clock: systemClock,
      scheduler: systemScheduler,
      dice: systemDice(),
      told: () => {},
    }),
    dice: systemDice(),
    clock: systemClock,
    scheduler: systemScheduler,
    issuer: ISSUER,
    host: "127.0.0.1",
    port: 0,
    attach: () => {},
  });
});
after(() => host.close(1000));

const talk = (text: string): Promise<string> => rawTalk(host.port, text);

function statuses(answer: string): readonly number[] {
  return [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}

const HEAD = "Host: localhost\r\nConnection: close\r\n";
const get = (target: string, more = ""): string => `GET ${target} HTTP/1.1\r\n${HEAD}${more}\r\n`;
const FORM = "grant_type=client_credentials&client_id=web";
const post = (more: string, body = FORM): string =>
  `POST /oauth2/token HTTP/1.1\r\n${HEAD}Content-Type: application/x-www-form-urlencoded\r\n${more}\r\n${body}`;

const FORM_29 = "grant_type=client_credentials";
const LENGTH = `Content-Length: ${FORM.length}\r\n`;

const rows: readonly [title: string, text: string, status: number][] = [
  ["a plain request", get("/healthz"), 200],
  ["a plain form", post(LENGTH), 400],
  ...["Authorization: Bearer a", "Content-Type: application/json", "DPoP: a", "Idempotency-Key: a"].map(
    (header): [string, string, number] => [
      `two headers of one name: ${header.slice(0, header.indexOf(":"))}`,
      post(`${LENGTH}${header}\r\n${header}\r\n`),
      400,
    ],
  ),
  ["two Hosts", get("/healthz", "Host: evil.example\r\n"), 400],
  ["no Host", "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
  ...["a b<>", "evil.example/path", "user@evil.example", "evil.example:99999999", "[::1", "", "a,b"].map(
    (name): [string, string, number] => [
      `a Host that is none: ${JSON.stringify(name)}`,
      `GET /healthz HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`,
      400,
    ],
  ),
  ...["127.1", "0x7f.1", "2130706433", "127.0.0.256", "127.0.0.01", "a.0x1", "xn--a\u00e9"].map(
    (name): [string, string, number] => [
      `a Host that is an address in a second spelling, or no name: ${name}`,
      `GET /healthz HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`,
      400,
    ],
  ),
  ...["127.0.0.1", "127.0.0.1:8026", "a1.b-2.example:443", "xn--bcher-kva.example", "1a.example", "[::1]:80"].map(
    (name): [string, string, number] => [
      `a plain Host: ${name}`,
      `GET /healthz HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`,
      200,
    ],
  ),
  ["an absolute target", get("http://evil.example/healthz"), 400],
  ...[
    "/a/../healthz",
    "/./healthz",
    "/a/%2e%2e/healthz",
    "/healthz%00",
    "/%zz",
    "/v1\\keys",
    "/caf\u00e9",
    "/healthz?a=\\",
    "/healthz#x",
    "*",
    "/..",
  ].map((target): [string, string, number] => [`a target with two readings: ${target}`, get(target), 400]),
  ["two Content-Lengths", post(`${LENGTH}Content-Length: 4\r\n`), 400],
  ["Content-Length beside Transfer-Encoding", post(`${LENGTH}Transfer-Encoding: chunked\r\n`, "0\r\n\r\n"), 400],
  ["a chunked form", post("Transfer-Encoding: Chunked\r\n", `1d\r\n${FORM_29}\r\n0\r\n\r\n`), 401],
  [
    "a coding beside chunked, which someone before us may have undone",
    post("Transfer-Encoding: gzip, chunked\r\n", `1d\r\n${FORM_29}\r\n0\r\n\r\n`),
    415,
  ],
  [
    "chunks in HTTP/1.0, which knows none",
    post("Transfer-Encoding: chunked\r\n", `1d\r\n${FORM_29}\r\n0\r\n\r\n`).replace("HTTP/1.1", "HTTP/1.0"),
    415,
  ],
  ["HTTP/2.0 on a line of text", get("/healthz").replace("HTTP/1.1", "HTTP/2.0"), 400],
  ["HTTP/1.0", get("/healthz").replace("HTTP/1.1", "HTTP/1.0"), 200],
  ["a hundred headers", get("/healthz", "X-A: b\r\n".repeat(98)), 200],
  ["a hundred and one headers", get("/healthz", "X-A: b\r\n".repeat(99)), 431],
  [
    "a second Authorization behind a hundred others",
    post(`${LENGTH}Authorization: Bearer a\r\n${"X-A: b\r\n".repeat(120)}Authorization: Bearer b\r\n`),
    431,
  ],
  ["a chunk of no size", post("Transfer-Encoding: chunked\r\n", "zz\r\nabc\r\n0\r\n\r\n"), 400],
  ["a folded header", get("/healthz", "X-A: b\r\n c\r\n"), 400],
  ["lines that end in LF alone", `GET /healthz HTTP/1.1\nHost: localhost\n\n`, 400],
  ["NUL in a header", get("/healthz", "X-A: b\u0000c\r\n"), 400],
  ["a body on GET", get("/healthz", "Content-Length: 3\r\n").concat("abc"), 400],
  ["a promised body over the limit", post("Content-Length: 70000\r\n", ""), 413],
  [
    "a chunked body over the limit",
    post("Transfer-Encoding: chunked\r\n", `11170\r\n${"a".repeat(70_000)}\r\n0\r\n\r\n`),
    413,
  ],
  ["an encoded body", post(`${LENGTH}Content-Encoding: gzip\r\n`), 415],
  ["headers over their limit", get("/healthz", `X-A: ${"a".repeat(20_000)}\r\n`), 431],
  ["HEAD with a target of two readings", `HEAD /../ HTTP/1.1\r\n${HEAD}\r\n`, 400],
  ["TRACE", `TRACE /oauth2/token HTTP/1.1\r\n${HEAD}\r\n`, 405],
  ["PUT", `PUT /oauth2/token HTTP/1.1\r\n${HEAD}Content-Length: 0\r\n\r\n`, 405],
];

for (const [title, text, status] of rows) {
  test(`${title} is answered ${status} [O-39] [O-43] [O-44] [E-04] [E-07]`, async () => {
    const answer = await talk(text);
    assert.deepEqual(statuses(answer), [status], answer);
    assert.doesNotMatch(answer, /\n\s+at /, "no stack leaves");
  });
}

test("after a refusal the connection ends: what follows on it is not read as another request [O-44]", async () => {
  const answer = await talk(
    `GET /../ HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  );
  assert.deepEqual(statuses(answer), [400]);
});

test("a body that is asked for with Expect is not asked for when it is too large [E-04]", async () => {
  const answer = await talk(post("Content-Length: 70000\r\nExpect: 100-continue\r\n", ""));
  assert.deepEqual(statuses(answer), [413]);
});

test("two requests on one connection get two answers in order", async () => {
  const answer = await talk(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n${get("/nothing")}`);
  assert.deepEqual(statuses(answer), [200, 404]);
});
