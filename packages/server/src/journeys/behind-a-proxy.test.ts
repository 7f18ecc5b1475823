// A server behind a proxy, over real sockets: what the log says of a caller, and what came in the clear.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FEED_SUBPROTOCOL } from "@hallpass/protocol";
import { startServer } from "../main.ts";
import { configOf } from "../testing/scene.ts";

interface Behind {
  readonly url: string;
  /** Members of the lines about requests. */
  readonly requests: () => readonly Readonly<Record<string, unknown>>[];
}

async function behind(t: TestContext, over: Readonly<Record<string, string>>): Promise<Behind> {
  const lines: string[] = [];
  const config = configOf({ store: "memory", issuer: "https://auth.example", log_level: "info", ...over });
  const server = await startServer(config, { logTo: { write: (line) => void lines.push(line) } });
  t.after(() => server.close());
  return {
    url: server.url,
    requests: () =>
      lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event === "request"),
  };
}

test("a trusted proxy's word stands in the log, a stranger's does not [GEN-13] [M-12]", async (t) => {
  for (const [over, peer] of [
    [{ trusted_proxies: "127.0.0.0/8" }, "198.51.100.7"],
    [{ trusted_proxies: "10.0.0.0/8" }, "127.0.0.1"],
    [{}, "127.0.0.1"],
  ] as const) {
    const { url, requests } = await behind(t, over);
    await fetch(`${url}/v1/keys`, { headers: { "x-forwarded-for": "203.0.113.9, 198.51.100.7" } });
    assert.deepEqual(
      requests().map((line) => line["peer"]),
      [peer],
    );
  }
});

test("from a trusted proxy's address without the proxies' secret nothing is believed: neither an address nor a scheme [GEN-13] [M-04]", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-proxy-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "secret");
  const secret = "0123456789abcdef0123456789abcdef";
  writeFileSync(file, `${secret}\n`);
  const { url, requests } = await behind(t, { trusted_proxies: "127.0.0.0/8", proxy_secret_file: file });
  const ask = async (shown: readonly string[]): Promise<void> => {
    const headers = new Headers([
      ["x-forwarded-for", "198.51.100.7"],
      ["x-forwarded-proto", "http"],
    ]);
    for (const one of shown) headers.append("hallpass-proxy-secret", one);
    await (await fetch(`${url}/v1/keys`, { headers })).text();
  };
  const others = ["", "x", secret.slice(1), `${secret}0`, secret.toUpperCase(), `"${secret}"`];
  const wrong = [[], ...others.map((one) => [one]), [secret, secret], ["x", secret]];
  for (const shown of wrong) await ask(shown);
  await ask([secret]);
  assert.deepEqual(
    requests().map((line) => [line["peer"], line["status"]]),
    [...wrong.map(() => ["127.0.0.1", 401]), ["198.51.100.7", 400]],
  );
  assert.equal(
    requests().some((line) => JSON.stringify(line).includes(secret)),
    false,
  );
});

test("a server whose proxies' secret can't be read, is short, or serves nobody does not start [M-04]", async () => {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-proxy-"));
  const file = join(directory, "secret");
  const start = (): Promise<unknown> =>
    startServer(configOf({ store: "memory", trusted_proxies: "127.0.0.1", proxy_secret_file: file }));
  await assert.rejects(start(), /which HALLPASS_PROXY_SECRET_FILE names, is not there/);
  for (const text of [
    "",
    "0123456789abcdef0123456789abcde",
    `${"a".repeat(32)}\n${"b".repeat(32)}\n`,
    "ü".repeat(32),
  ]) {
    writeFileSync(file, text);
    await assert.rejects(start(), /32 to 256 visible characters/, text);
  }
  assert.throws(
    () => configOf({ proxy_secret_file: file }),
    /HALLPASS_PROXY_SECRET_FILE needs HALLPASS_TRUSTED_PROXIES/,
  );
  rmSync(directory, { recursive: true });
});

test("a request that reached the proxy in the clear is refused, before its secret is looked at [GEN-1]", async (t) => {
  const { url } = await behind(t, { trusted_proxies: "127.0.0.1" });
  const ask = async (proto: string): Promise<string> => {
    const headers = { "x-forwarded-for": "198.51.100.7", "x-forwarded-proto": proto };
    const body = new URLSearchParams({ grant_type: "client_credentials", client_id: "demo" });
    const response = await fetch(`${url}/oauth2/token`, { method: "POST", headers, body });
    return `${response.status} ${((await response.json()) as { readonly error_uri: string }).error_uri.split("#")[1]}`;
  };
  assert.equal(await ask("http"), "400 https_required");
  assert.equal(await ask("https"), "400 grant_not_allowed");
});

test("who fails too often can't become another by a header: the address counts that a trusted proxy has seen [RATE-9] [GEN-13]", async (t) => {
  const { url } = await behind(t, { trusted_proxies: "127.0.0.1", failed_authentication_limit: "2" });
  const fail = async (forwarded: string): Promise<number> => {
    const headers = { authorization: `Basic ${btoa("operator:hpc_x")}`, "x-forwarded-for": forwarded };
    const body = new URLSearchParams({ grant_type: "client_credentials" });
    const response = await fetch(`${url}/oauth2/token`, { method: "POST", headers, body });
    await response.body?.cancel();
    return response.status;
  };
  const proxied = (left: number): Promise<number> => fail(`203.0.113.${left}, 198.51.100.7`);
  assert.deepEqual([await proxied(1), await proxied(2), await proxied(3)], [401, 401, 429]);
  assert.equal(await fail("203.0.113.4, 198.51.100.8"), 401);
});

test("without a trusted proxy every header is a stranger's, and changes nothing [RATE-9] [GEN-13]", async (t) => {
  const { url } = await behind(t, { failed_authentication_limit: "2" });
  const fail = async (forwarded: string): Promise<number> => {
    const headers = {
      authorization: `Basic ${btoa("operator:hpc_x")}`,
      "x-forwarded-for": forwarded,
      forwarded: `for=${forwarded}`,
      "x-real-ip": forwarded,
    };
    const body = new URLSearchParams({ grant_type: "client_credentials" });
    const response = await fetch(`${url}/oauth2/token`, { method: "POST", headers, body });
    await response.body?.cancel();
    return response.status;
  };
  assert.deepEqual([await fail("192.0.2.1"), await fail("192.0.2.2"), await fail("192.0.2.3")], [401, 401, 429]);
});

test("the feed is not opened for a bearer that was sent in the clear [GEN-1]", async (t) => {
  const { url } = await behind(t, { trusted_proxies: "127.0.0.1" });
  const ask = (proto: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const asked = request(`${url}/v1/feed`, {
        headers: {
          connection: "upgrade",
          upgrade: "websocket",
          "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
          "sec-websocket-version": "13",
          "sec-websocket-protocol": FEED_SUBPROTOCOL,
          "x-forwarded-for": "198.51.100.7",
          "x-forwarded-proto": proto,
        },
      });
      asked.on("response", (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      asked.on("error", reject);
      asked.end();
    });
  assert.equal(await ask("http"), 400);
  // Let through to the feed, which misses the bearer.
  assert.equal(await ask("https"), 401);
});

test("whoever breaks off while its upgrade is refused takes nobody along [GEN-1]", async (t) => {
  const { url } = await behind(t, { trusted_proxies: "127.0.0.1" });
  const upgrade =
    "Connection: upgrade\r\nUpgrade: websocket\r\nX-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: http\r\n";
  for (let times = 0; times < 5; times += 1) {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write(`GET /v1/feed HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n`);
    await once(socket, "data");
    socket.resetAndDestroy();
    await once(socket, "close");
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
  }
});

test("a certificate in a header authenticates nobody, whoever passes it on [GEN-13] [M-01] [M-03] [M-05]", async (t) => {
  const { url } = await behind(t, { trusted_proxies: "127.0.0.1" });
  const names = [
    "client-cert",
    "x-client-cert",
    "x-ssl-cert",
    "x-forwarded-client-cert",
    "ssl-client-verify",
    "x_client_cert",
    "X-Client_Cert",
  ];
  const body = new URLSearchParams({ grant_type: "client_credentials", client_id: "operator" });
  for (const name of names) {
    for (const value of [
      "-----BEGIN CERTIFICATE-----",
      ":MIIB:",
      "MIIB%0A, :MIIB:",
      'By=spiffe://a;Subject="CN=operator"',
    ]) {
      const headers = { [name]: value };
      assert.equal((await fetch(`${url}/oauth2/token`, { method: "POST", headers, body })).status, 401);
    }
  }
});
