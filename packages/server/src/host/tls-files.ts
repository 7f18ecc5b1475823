// TLS of the host's own: certificate and key from files, looked at regularly, so that a renewed certificate serves the next connection and
// no connection ends for it. Files that don't fit together are not taken: what was served is served on, and the log says so.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { SecureContextOptions } from "node:tls";
import type { Config } from "../config.ts";

export interface TlsFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Whoever connects is asked for a certificate that one of these vouches for. */
  readonly clientCaFile: string | undefined;
  readonly clientCertificates: "required" | "asked";
  readonly minimumVersion: "1.2" | "1.3";
}

/** Undefined for a host without TLS. */
export function tlsFilesOf(config: Config): TlsFiles | undefined {
  const { tls_certificate_file: certificateFile, tls_key_file: keyFile } = config;
  if (certificateFile === undefined || keyFile === undefined) return undefined;
  return {
    certificateFile,
    keyFile,
    clientCaFile: config.tls_client_ca_file,
    clientCertificates: config.tls_client_certificates,
    minimumVersion: config.tls_minimum_version,
  };
}

export interface LoadedTls {
  readonly context: SecureContextOptions;
  /** Of the certificate that is served, as it says itself. */
  readonly notAfter: string;
  /** Whether a caller has to have a certificate, where one is asked for. */
  readonly clientCertificates: "required" | "asked";
  /** Changes with any of the files. */
  readonly fingerprint: string;
}

/** For TLS 1.2 (RFC 9325 section 4.2): forward secrecy and authenticated encryption only. Those of TLS 1.3 are all of that kind. */
const CIPHERS_1_2 = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
];
const CIPHERS_1_3 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

/** Throws an Error that a person can act on; it names files and holds nothing of them. */
export function loadTls({
  certificateFile,
  keyFile,
  clientCaFile,
  clientCertificates,
  minimumVersion,
}: TlsFiles): LoadedTls {
  const cert = read(certificateFile);
  const key = read(keyFile);
  const ca = clientCaFile === undefined ? undefined : read(clientCaFile);
  const leaf = parsed(certificateFile, "a certificate", () => new X509Certificate(cert));
  const privateKey = parsed(keyFile, "a private key without a passphrase", () => createPrivateKey(key));
  if (!leaf.checkPrivateKey(privateKey)) throw new Error(`${keyFile} does not hold the key of ${certificateFile}`);
  if (clientCaFile !== undefined) parsed(clientCaFile, "certificates", () => new X509Certificate(ca ?? ""));
  return {
    context: {
      cert,
      key,
      ...(ca === undefined ? {} : { ca }),
      minVersion: `TLSv${minimumVersion}`,
      ciphers: [...CIPHERS_1_3, ...CIPHERS_1_2].join(":"),
      honorCipherOrder: true,
    },
    clientCertificates,
    notAfter: leaf.validToDate.toISOString(),
    fingerprint: [leaf.fingerprint256, cert, ca ?? ""].join("\n"),
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new Error(`${path} can't be read`);
  }
}

function parsed<T>(path: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new Error(`${path} has to hold ${what} in PEM`);
  }
}

export interface Renewal {
  /** Looks at the files once; takes what is new and whole. */
  look(): void;
}

export function renewing(
  files: TlsFiles,
  first: LoadedTls,
  taken: (next: LoadedTls) => void,
  failed: (thrown: unknown) => void,
): Renewal {
  let served = first.fingerprint;
  let complaint = "";
  return {
    look: () => {
      try {
        const next = loadTls(files);
        complaint = "";
        if (next.fingerprint === served) return;
        taken(next);
        served = next.fingerprint;
      } catch (thrown) {
        // Two files are never renewed in one instant: said once, and looked at again.
        const said = thrown instanceof Error ? thrown.message : "";
        if (said !== complaint) failed(thrown);
        complaint = said;
      }
    },
  };
}
