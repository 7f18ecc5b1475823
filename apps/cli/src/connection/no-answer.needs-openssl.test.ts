// What a person reads when TLS does not come about: each is mended in another place, and "try again" is none of them.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createPlain } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { Complaint } from "../complaint.ts";
import { serverApi } from "./server-api.ts";

async function portOf(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function complaintAt(url: string): Promise<string> {
  const api = serverApi(url, () => assert.fail("nothing is sent"));
  const thrown: unknown = await api.issuer().catch((error: unknown) => error);
  assert.ok(thrown instanceof Complaint);
  return `${thrown.exit} ${thrown.message}`;
}

test("a server without TLS, an authority that is unknown and a certificate for another name are told apart", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-cli-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  execFileSync("openssl", ["req", "-x509", ...kind, ...names, "-keyout", keyFile, "-out", certFile], {
    stdio: "ignore",
  });
  const cert = readFileSync(certFile, "utf8");
  const plain = await portOf(t, createPlain());
  const secure = await portOf(t, createServer({ key: readFileSync(keyFile), cert }));
  assert.equal(
    await complaintAt(`https://localhost:${plain}`),
    `4 https://localhost:${plain} does not speak TLS as this program does`,
  );
  assert.equal(
    await complaintAt(`https://localhost:${secure}`),
    `4 the certificate at https://localhost:${secure} is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)`,
  );
  const known = getCACertificates("default");
  setDefaultCACertificates([...known, cert]);
  t.after(() => setDefaultCACertificates(known));
  assert.equal(
    await complaintAt(`https://127.0.0.1:${secure}`),
    `4 the certificate at https://127.0.0.1:${secure} is for another name`,
  );
});
