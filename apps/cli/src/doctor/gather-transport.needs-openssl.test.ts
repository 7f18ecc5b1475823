// What the doctor sees of real servers: certificates, versions of TLS, large headers, clocks.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createPlain, type RequestListener } from "node:http";
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { gatherTransport, readClock, sendLargeHeader } from "./gather-transport.ts";

const DAY = 86_400_000;
const answer: RequestListener = (_, response) => void response.end("{}");

async function listening(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `localhost:${(server.address() as AddressInfo).port}`;
}

describe("the doctor's look at TLS", () => {
  let folder = "";
  let own: ServerOptions = {};
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "hallpass-doctor-"));
    const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const kind = ["-newkey", "rsa:2048", "-nodes", "-days", "20", "-subj", "/CN=localhost"];
    const words = ["req", "-x509", ...kind, "-addext", "subjectAltName=DNS:localhost"];
    execFileSync("openssl", [...words, "-keyout", keyFile, "-out", certFile], { stdio: "ignore" });
    own = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
  });
  after(() => rmSync(folder, { recursive: true }));

  test("a certificate that nobody vouches for is seen with its problem, and nothing is sent there", async (t) => {
    let requests = 0;
    const counting = createServer(own, (request, response) => {
      requests += 1;
      answer(request, response);
    });
    const seen = await gatherTransport(`https://${await listening(t, counting)}`, undefined);
    assert.equal(requests, 0);
    assert.ok(seen.certificate.seen);
    assert.equal(seen.certificate.value.problem, "DEPTH_ZERO_SELF_SIGNED_CERT");
    assert.equal(seen.headers.seen, false);
    assert.equal(seen.clock.seen, false);
  });

  test("a trusted one is seen with its end; TLS 1.1 is refused, a large header is answered", async (t) => {
    const trusted = getCACertificates("default");
    setDefaultCACertificates([...trusted, String(own.cert)]);
    t.after(() => setDefaultCACertificates(trusted));
    const host = await listening(t, createServer(own, answer));
    const seen = await gatherTransport("http://127.0.0.1:9", `https://${host}`);
    assert.ok(seen.certificate.seen);
    assert.equal(seen.certificate.value.problem, null);
    assert.ok(Math.abs(seen.certificate.value.valid_to_ms - Date.now() - 20 * DAY) < DAY);
    assert.deepEqual(seen.oldTls, { seen: true, value: false });
    assert.deepEqual(seen.headers, { seen: true, value: { plain: "200 {}", large: "200 {}" } });
  });

  test("a server that speaks TLS 1.1 is seen to", async (t) => {
    const old = { ...own, minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    const seen = await gatherTransport(`https://${await listening(t, createServer(old, answer))}`, undefined);
    assert.deepEqual(seen.oldTls, { seen: true, value: true });
  });

  test("a port where nobody speaks TLS can't be judged", async (t) => {
    const seen = await gatherTransport(`https://${await listening(t, createPlain(answer))}`, undefined);
    assert.deepEqual([seen.certificate.seen, seen.oldTls.seen, seen.headers.seen], [false, false, false]);
  });
});

test("a proxy's error to a header of 8 KB differs from the answer without it", async (t) => {
  const wide = await sendLargeHeader(`http://${await listening(t, createPlain(answer))}`);
  assert.deepEqual(wide, { plain: "200 {}", large: "200 {}" });
  const narrow = createPlain({ maxHeaderSize: 8192 }, answer);
  const refused = await sendLargeHeader(`http://${await listening(t, narrow)}`);
  assert.equal(refused.plain, "200 {}");
  assert.match(refused.large, /^431/);
});

test("a clock that is a minute ahead is read so, and the reading says how far it may be off", async (t) => {
  const ahead: RequestListener = (_, response) => {
    response.setHeader("date", new Date(Date.now() + 60_000).toUTCString());
    response.end("{}");
  };
  const read = await readClock(`http://${await listening(t, createPlain(ahead))}`);
  assert.ok(Math.abs(read.ahead_ms - 60_000) <= read.within_ms);
});

test("without https anywhere, TLS and the proxy can't be judged; a server that is not there answers nobody", async (t) => {
  const server = createPlain(answer);
  const url = `http://${await listening(t, server)}`;
  const seen = await gatherTransport(url, "http://localhost");
  assert.deepEqual(seen.ready, { seen: true, value: 200 });
  assert.deepEqual([seen.certificate.seen, seen.oldTls.seen, seen.headers.seen], [false, false, false]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  assert.deepEqual((await gatherTransport(url, undefined)).ready, { seen: true, value: null });
});
