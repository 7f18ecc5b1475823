// What never becomes a request is answered like every other no: with a code, a request id, and the end of the connection.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Journey, journey } from "../testing/journey.ts";
import { rawTalk } from "../testing/raw-talk.ts";

let stage: Journey;
before(async () => {
  stage = await journey();
});
after(() => stage.end());

const talk = (text: string): Promise<string> => rawTalk(Number(new URL(stage.server.url).port), text);

const HEAD = "Host: localhost\r\n";

const rows: readonly [title: string, text: string, status: number, code: string][] = [
  ["bytes that are no request", "\u0016\u0003\u0001 hello\r\n\r\n", 400, "request_malformed"],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "request_malformed"],
  ["a method that nobody knows", `FOO /healthz HTTP/1.1\r\n${HEAD}\r\n`, 400, "request_malformed"],
  ["a method in lower case", `get /healthz HTTP/1.1\r\n${HEAD}\r\n`, 400, "request_malformed"],
  ["a space before a colon", `GET /healthz HTTP/1.1\r\n${HEAD}X : a\r\n\r\n`, 400, "request_malformed"],
  [
    "chunks in chunks",
    `POST /oauth2/token HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
    400,
    "request_malformed",
  ],
  [
    "a length with a sign",
    `POST /oauth2/token HTTP/1.1\r\n${HEAD}Content-Length: +1\r\n\r\na`,
    400,
    "request_malformed",
  ],
  ["a header over its limit", `GET / HTTP/1.1\r\n${HEAD}X: ${"a".repeat(20_000)}\r\n\r\n`, 431, "headers_too_large"],
  [
    "an extension of a chunk over its limit",
    `POST /oauth2/token HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n1;a=${"b".repeat(20_000)}\r\na\r\n0\r\n\r\n`,
    413,
    "body_too_large",
  ],
  ["CONNECT", `CONNECT localhost:80 HTTP/1.1\r\n${HEAD}\r\n`, 405, "method_not_allowed"],
  [
    "an expectation that nobody knows",
    `GET /healthz HTTP/1.1\r\n${HEAD}Expect: a-miracle\r\n\r\n`,
    417,
    "expectation_unknown",
  ],
];

for (const [title, text, status, code] of rows) {
  test(`${title} is answered ${status} with ${code}, and the connection ends [O-44] [E-04]`, async () => {
    const answer = await talk(text);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} [A-Z]`));
    assert.match(answer, /\r\nx-request-id: [A-Za-z0-9_-]{8,}\r\n/i);
    assert.match(answer, /\r\nconnection: close\r\n/i);
    const body = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4)) as { readonly code: string };
    assert.equal(body.code, code);
  });
}

test("an upgrade to anything but the feed's WebSocket is only an offer: the request is answered as it stands [O-44]", async () => {
  const close = `${HEAD}Connection: close, Upgrade\r\n`;
  const h2c = await talk(`GET /healthz HTTP/1.1\r\n${close}Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`);
  assert.match(h2c, /^HTTP\/1\.1 200 /);
  const elsewhere = await talk(`GET /v1/keys HTTP/1.1\r\n${close}Upgrade: websocket\r\n\r\n`);
  assert.match(elsewhere, /^HTTP\/1\.1 401 [^]*"bearer_missing"/);
});

test("an upgrade that has two readings is refused by the front like any other request [O-44] [O-39]", async () => {
  const upgrade = `Connection: close, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${"A".repeat(22)}==\r\n`;
  const feed = "GET /v1/feed HTTP/1.1\r\n";
  assert.match(
    await talk(`${feed}${HEAD}${upgrade}Host: evil.example\r\n\r\n`),
    /^HTTP\/1\.1 400 [^]*"header_duplicate"/,
  );
  assert.match(await talk(`${feed}Host: 127.1\r\n${upgrade}\r\n`), /^HTTP\/1\.1 400 [^]*"host_malformed"/);
  const bearers = "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n";
  assert.match(await talk(`${feed}${HEAD}${upgrade}${bearers}\r\n`), /^HTTP\/1\.1 400 [^]*"header_duplicate"/);
});
