// What the certificate of a connection says of who is there (RFC 8705 section 2.1): its names, if it was vouched for in the handshake and has
// not ended since. A connection can live, and a TLS session be taken up again, for longer than its certificate.

import type { X509Certificate } from "node:crypto";
import { TLSSocket } from "node:tls";
import type { CertificateName, CertificateNameKind } from "@hallpass/core";
import { canonicalAddress } from "../outbound/networks.ts";

const KINDS: Readonly<Record<string, CertificateNameKind>> = {
  DNS: "san_dns",
  URI: "san_uri",
  "IP Address": "san_ip",
  email: "san_email",
};

/** Undefined where none was shown, or none that counts. */
export function certificateOf(socket: unknown, now: number): readonly CertificateName[] | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? undefined : namesIn(certificate, now);
}

export function namesIn(
  {
    validFromDate,
    validToDate,
    subjectAltName,
  }: Pick<X509Certificate, "subjectAltName" | "validFromDate" | "validToDate">,
  now: number,
): readonly CertificateName[] | undefined {
  if (now < validFromDate.getTime() || now >= validToDate.getTime()) return undefined;
  return parseNames(subjectAltName ?? "");
}

/** One name as Node prints it: quoted as JSON where it holds what could be read as another (CVE-2021-44532). */
const NAME = /([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;

/** None at all for a text that is not read to its end: half of a name is another one. */
export function parseNames(text: string): readonly CertificateName[] {
  const names: CertificateName[] = [];
  NAME.lastIndex = 0;
  while (NAME.lastIndex < text.length) {
    const [, label = "", written] = NAME.exec(text) ?? [];
    if (written === undefined) return [];
    const kind = KINDS[label];
    const name = kind === undefined ? undefined : certificateName(kind, unquoted(written));
    if (name !== undefined) names.push(name);
  }
  return names;
}

/** In the spelling by which names are compared; undefined for what is no name of that kind, a pattern for many hosts among them. */
export function certificateName(kind: CertificateNameKind, text: string): CertificateName | undefined {
  switch (kind) {
    case "san_dns":
      return /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i.test(text) && text.length <= 253
        ? { kind, value: text.toLowerCase() }
        : undefined;
    case "san_uri":
      return /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/.test(text) && text.length <= 512
        ? { kind, value: text }
        : undefined;
    case "san_ip": {
      const value = canonicalAddress(text);
      return value === undefined ? undefined : { kind, value };
    }
    case "san_email":
      return /^[\x21-\x7e]+@[A-Za-z0-9.-]+$/.test(text) && text.length <= 320 ? { kind, value: text } : undefined;
  }
}

function unquoted(written: string): string {
  if (!written.startsWith('"')) return written;
  const value: unknown = JSON.parse(written);
  return typeof value === "string" ? value : "";
}
