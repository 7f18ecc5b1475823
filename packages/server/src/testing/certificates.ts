// Certificates for tests, made by OpenSSL for the moment: no key stands in the repository.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface Authority extends Certificate {
  /** With `names` as OpenSSL writes subjectAltName, or for a name or an address such as `localhost` or `127.0.0.1`, or for a client. */
  issue(commonName: string, use?: "serverAuth" | "clientAuth", names?: string): Certificate;
  remove(): void;
}

const CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"];

export function authority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-certificates-"));
  let made = 0;
  const openssl = (...args: readonly string[]): void =>
    void execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const read = (name: string): Certificate => ({
    certificate: readFileSync(join(folder, `${name}.crt`), "utf8"),
    key: readFileSync(join(folder, `${name}.key`), "utf8"),
    certificateFile: join(folder, `${name}.crt`),
    keyFile: join(folder, `${name}.key`),
  });
  openssl("req", "-x509", ...CURVE, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=test authority");
  return {
    ...read("ca"),
    issue: (commonName, use = "serverAuth", names = altName(commonName)) => {
      made += 1;
      const name = `leaf-${made}`;
      const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-days", "2"];
      const named = ["-keyout", `${name}.key`, "-out", `${name}.crt`, "-subj", `/CN=${commonName}`];
      const used = ["-addext", `subjectAltName=${names}`, "-addext", `extendedKeyUsage=${use}`];
      openssl("req", "-x509", ...CURVE, ...signed, ...named, ...used, "-addext", "basicConstraints=critical,CA:FALSE");
      return read(name);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

function altName(commonName: string): string {
  return `${/^[\d.]+$/.test(commonName) ? "IP" : "DNS"}:${commonName}`;
}
