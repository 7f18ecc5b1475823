// HTTPS of the host's own, over real sockets: who is served, with what, and what a renewal changes.

import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer, type Agent as HttpsAgent, request } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { type ConnectionOptions, type PeerCertificate, type TLSSocket, connect as tlsConnect } from "node:tls";
import { loadConfig } from "../config.ts";
import { type RunningServer, startServer } from "../main.ts";
import { type Authority, authority, type Certificate } from "../testing/certificates.ts";
import { answerBroken } from "./broken-requests.ts";
import { systemDice, systemScheduler } from "./system-ports.ts";

let ca: Authority;
let first: Certificate;
let second: Certificate;
before(() => {
  ca = authority();
  first = ca.issue("localhost");
  second = ca.issue("localhost");
});
after(() => ca.remove());

interface Stage {
  readonly server: RunningServer;
  readonly port: number;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Lines of the log. */
  readonly lines: string[];
  /** What the timer does every ten seconds. */
  look(): Promise<void>;
}

async function serving(t: TestContext, more: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-tls-"));
  const [certificateFile, keyFile] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  copyFileSync(first.certificateFile, certificateFile);
  copyFileSync(first.keyFile, keyFile);
  const over = {
    development: "true",
    issuer: "https://localhost:8026",
    listen: "127.0.0.1:0",
    data: join(folder, "data"),
    store: "memory",
    tls_certificate_file: certificateFile,
    tls_key_file: keyFile,
    ...more,
  };
  const loaded = loadConfig({ env: {}, over });
  assert.ok(loaded.ok, loaded.ok ? "" : loaded.problems.join("; "));
  const lines: string[] = [];
  let look: (() => void) | undefined;
  const server = await startServer(loaded.config, {
    logTo: { write: (line) => void lines.push(line) },
    scheduler: {
      after: (ms, task) => {
        if (ms !== 10_000) return systemScheduler.after(ms, task);
        look = task;
        return () => {};
      },
    },
  });
  t.after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  assert.match(server.url, /^https:/);
  assert.equal(readFileSync(join(folder, "data", "address"), "utf8"), "https://localhost:8026\n");
  const port = Number(new URL(server.url).port);
  return {
    server,
    port,
    certificateFile,
    keyFile,
    lines,
    look: async () => {
      look?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

interface Asked {
  readonly status: number;
  readonly served: PeerCertificate;
}

function ask(
  port: number,
  options: { readonly agent?: HttpsAgent; readonly cert?: string; readonly key?: string; readonly body?: string } = {},
): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const { body, ...own } = options;
    const path = body === undefined ? "/healthz" : "/oauth2/token";
    const headers = body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
    const asked = request(
      {
        host: "127.0.0.1",
        servername: "localhost",
        port,
        path,
        method: body === undefined ? "GET" : "POST",
        headers,
        ca: ca.certificate,
        agent: false,
        ...own,
      },
      (response) => {
        const served = (response.socket as TLSSocket).getPeerCertificate();
        response.resume();
        response.on("end", () => resolve({ status: response.statusCode ?? 0, served }));
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}

/** The protocol that was agreed on, or the code of the refusal. */
function agreed(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket = tlsConnect(
      { port, host: "127.0.0.1", servername: "localhost", ca: ca.certificate, ...options },
      () => {
        resolve(`${socket.getProtocol() ?? ""} ${socket.getCipher().name}`);
        socket.destroy();
      },
    );
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
  });
}

const serial = ({ served }: Asked): string => served.serialNumber;

describe("a host with a certificate", () => {
  test("serves HTTPS, and nobody who speaks plain HTTP to it [GEN-1]", async (t) => {
    const { port } = await serving(t);
    assert.equal((await ask(port)).status, 200);
    assert.equal((await ask(port, { body: "grant_type=client_credentials" })).status, 401);
    const plain = await new Promise<string>((resolve) => {
      let answer = "";
      const socket = connect(port, "127.0.0.1", () => socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
      socket.on("data", (chunk: Buffer) => {
        answer += chunk.toString("latin1");
      });
      socket.on("close", () => resolve(answer));
      socket.on("error", () => {});
    });
    assert.ok(!plain.includes("200"), plain);
  });

  test("speaks nothing older than TLS 1.2, or than 1.3 where that is asked for [GEN-1] [TLS-1]", async (t) => {
    const loose = { ciphers: "ALL:@SECLEVEL=0" };
    const usual = await serving(t);
    for (const version of ["TLSv1", "TLSv1.1"] as const)
      assert.doesNotMatch(await agreed(usual.port, { minVersion: version, maxVersion: version, ...loose }), /^TLS/);
    assert.match(await agreed(usual.port, { maxVersion: "TLSv1.2" }), /^TLSv1\.2 ECDHE-.*(?:GCM|POLY1305)/);
    assert.match(await agreed(usual.port, {}), /^TLSv1\.3 /);
    const strict = await serving(t, { tls_minimum_version: "1.3" });
    assert.doesNotMatch(await agreed(strict.port, { maxVersion: "TLSv1.2" }), /^TLS/);
    assert.match(await agreed(strict.port, {}), /^TLSv1\.3 /);
  });

  test("cuts off whoever does not end the handshake in its time, however far it came [E-02]", {
    timeout: 20_000,
  }, async (t) => {
    const own = { cert: first.certificate, key: first.key, handshakeTimeout: 100 };
    const host = createServer(own, () => assert.fail("there is no request"));
    answerBroken(host, { dice: systemDice(), issuer: "https://localhost:8026" });
    t.after(() => host.close());
    await once(host.listen(0, "127.0.0.1"), "listening");
    const { port } = host.address() as AddressInfo;
    // The second has begun a record, and says nothing more.
    for (const said of ["", "\u0016\u0003\u0001"]) {
      const socket = connect(port, "127.0.0.1", () => socket.write(said, "latin1"));
      let answer = "";
      socket.on("error", () => {});
      socket.on("data", (piece: Buffer) => {
        answer += piece.toString("latin1");
      });
      await once(socket, "close");
      assert.equal(answer, "");
    }
  });

  test("has no cipher without forward secrecy and authentication [TLS-1]", async (t) => {
    const { port } = await serving(t);
    for (const ciphers of ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256"])
      assert.doesNotMatch(await agreed(port, { maxVersion: "TLSv1.2", ciphers: `${ciphers}:@SECLEVEL=0` }), /^TLS/);
  });
});

describe("a renewed certificate", () => {
  test("serves the next connection, and the one that is there goes on [TLS-2]", async (t) => {
    const stage = await serving(t);
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: ca.certificate, servername: "localhost" });
    t.after(() => agent.destroy());
    const earlier = await ask(stage.port, { agent });
    copyFileSync(second.certificateFile, stage.certificateFile);
    copyFileSync(second.keyFile, stage.keyFile);
    await stage.look();
    const kept = await ask(stage.port, { agent });
    const next = await ask(stage.port);
    assert.equal(serial(kept), serial(earlier));
    assert.notEqual(serial(next), serial(earlier));
    assert.equal(stage.lines.filter((line) => line.includes("certificate_renewed")).length, 1);
    await stage.look();
    assert.equal(stage.lines.filter((line) => line.includes("certificate_renewed")).length, 1);
  });

  test("that has no key yet, or is no certificate, is not taken; the complaint stands once, and mending it is enough [TLS-2] [G-18]", async (t) => {
    const stage = await serving(t);
    const earlier = await ask(stage.port);
    const complaints = (): number => stage.lines.filter((line) => line.includes("certificate_not_renewed")).length;
    copyFileSync(second.certificateFile, stage.certificateFile);
    await stage.look();
    await stage.look();
    assert.equal(serial(await ask(stage.port)), serial(earlier));
    assert.equal(complaints(), 1);
    writeFileSync(stage.certificateFile, "x");
    await stage.look();
    assert.equal(serial(await ask(stage.port)), serial(earlier));
    assert.equal(complaints(), 2);
    copyFileSync(second.certificateFile, stage.certificateFile);
    copyFileSync(second.keyFile, stage.keyFile);
    await stage.look();
    assert.notEqual(serial(await ask(stage.port)), serial(earlier));
    assert.ok(!stage.lines.join("").includes("PRIVATE KEY"));
  });
});

describe("a certificate that is asked of whoever connects", () => {
  test("lets in who has one that is vouched for, and nobody else, after a renewal as well [TLS-3]", async (t) => {
    const stage = await serving(t, { tls_client_ca_file: ca.certificateFile });
    const other = authority();
    t.after(() => other.remove());
    const client = ca.issue("client", "clientAuth");
    const stranger = other.issue("client", "clientAuth");
    const shown = ({ certificate, key }: Certificate): { cert: string; key: string } => ({ cert: certificate, key });
    for (let renewed = 0; renewed < 2; renewed += 1) {
      assert.equal((await ask(stage.port, shown(client))).status, 200);
      await assert.rejects(ask(stage.port));
      await assert.rejects(ask(stage.port, shown(stranger)));
      // A server's certificate is none for a client.
      await assert.rejects(ask(stage.port, shown(second)));
      copyFileSync(second.certificateFile, stage.certificateFile);
      copyFileSync(second.keyFile, stage.keyFile);
      await stage.look();
    }
  });

  test("authenticates no client that is registered for another method [TLS-3] [CAUTH-2]", async (t) => {
    const stage = await serving(t, { tls_client_ca_file: ca.certificateFile });
    const { certificate: cert, key } = ca.issue("operator", "clientAuth");
    const body = "grant_type=client_credentials&client_id=operator";
    assert.equal((await ask(stage.port, { cert, key, body })).status, 401);
  });
});

describe("a start is refused", () => {
  const problems = (over: Readonly<Record<string, string>>): string => {
    const loaded = loadConfig({ env: {}, over: { development: "true", ...over } });
    return loaded.ok ? "" : loaded.problems.join("\n");
  };

  test("with half of what TLS needs, all problems at once [TLS-4]", () => {
    assert.match(
      problems({ tls_certificate_file: "a" }),
      /TLS_CERTIFICATE_FILE and HALLPASS_TLS_KEY_FILE need each other/,
    );
    assert.match(problems({ tls_key_file: "a" }), /need each other/);
    assert.match(problems({ tls_client_ca_file: "a" }), /TLS_CLIENT_CA_FILE needs/);
    assert.match(problems({ tls_certificate_file: "a", tls_key_file: "b" }), /ISSUER has to begin with https/);
    assert.match(problems({ tls_minimum_version: "1.1" }), /has to be 1\.2 or 1\.3/);
    assert.match(problems({ trusted_proxies: "10.0.0.0/8,x" }), /has to be networks/);
    assert.match(problems({ proxy_header: "x-real-ip" }), /has to be x-forwarded-for or forwarded/);
  });

  test("with files that are missing, no certificates, or not of one pair, and says which [TLS-4]", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "hallpass-tls-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const text = join(folder, "text");
    writeFileSync(text, "x");
    const rows: readonly [certificate: string, key: string, problem: RegExp][] = [
      [join(folder, "none"), first.keyFile, /none can't be read/],
      [text, first.keyFile, /text has to hold a certificate in PEM/],
      [first.certificateFile, text, /text has to hold a private key/],
      [first.certificateFile, second.keyFile, /does not hold the key of/],
    ];
    for (const [certificate, key, problem] of rows)
      await assert.rejects(serving(t, { tls_certificate_file: certificate, tls_key_file: key }), problem);
    await assert.rejects(serving(t, { tls_client_ca_file: text }), /text has to hold certificates/);
  });
});
