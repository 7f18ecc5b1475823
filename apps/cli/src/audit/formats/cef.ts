// Common Event Format, version 0 (ArcSight CEF implementation standard 25): a header of eight parts between pipes, then `key=value`.
// In the header a backslash and a pipe are escaped, in a value a backslash, an equals sign and line ends; nothing else may be.

import { type AuditEvent, meaningOf } from "./event.ts";

export function cefLine({ issuer, tenant, entry, hash, subject, actor }: AuditEvent): string {
  const { severity, words, outcome } = meaningOf(entry.kind);
  const head = ["CEF:0", "Hallpass", "Hallpass", "1", entry.kind, words, String(severity)];
  const pairs: readonly (readonly [string, string | null])[] = [
    ["rt", String(entry.at_ms)],
    ["externalId", String(entry.n)],
    ["outcome", outcome],
    ["dvchost", issuer],
    ["suser", actor],
    ["duser", subject],
    ["reason", typeof entry.body["reason"] === "string" ? entry.body["reason"] : null],
    ...labelled(1, "session", entry.session),
    ...labelled(2, "tenant", tenant),
    ...labelled(3, "hash", hash),
    ...labelled(4, "fact", JSON.stringify(entry.body)),
  ];
  const extension = pairs.flatMap(([key, value]) => (value === null ? [] : [`${key}=${inValue(value)}`]));
  return `${head.map(inHeader).join("|")}|${extension.join(" ")}`;
}

/** CEF has six custom texts, each with a label beside it. */
function labelled(place: number, label: string, value: string | null): readonly (readonly [string, string | null])[] {
  return value === null
    ? []
    : [
        [`cs${place}Label`, label],
        [`cs${place}`, value],
      ];
}

function inHeader(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("|", "\\|")
    .replaceAll(/[\r\n]+/g, " ");
}

function inValue(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("=", "\\=").replaceAll("\r", "\\r").replaceAll("\n", "\\n");
}
