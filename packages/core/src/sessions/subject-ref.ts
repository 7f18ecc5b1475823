// What stands in a URL instead of a subject (spec/subject.md): a keyed reference that this server alone can open. It holds the subject
// sealed, the same for the same subject while its key is kept, so that nothing has to be stored for it, and nothing of it can be guessed.

import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { decodeBase64url, encodeBase64url } from "@hallpass/protocol";
import { parseSubjectId, type SubjectId, type TenantId } from "../kernel/ids.ts";
import type { MacKeys } from "../keys/ring.ts";

const TAG_LENGTH = 16;
/** A kid, a tag, and a subject of at most 255 bytes, in base64url. */
const LONGEST = 363;

interface RefKeys {
  readonly mac: Uint8Array;
  readonly seal: Uint8Array;
}

export function subjectRef(mac: MacKeys, tenant: TenantId, subject: SubjectId): string {
  const keys = keysOf(mac, mac.currentKid);
  if (keys === undefined) throw new Error("the current server key is gone");
  const plain = Buffer.from(subject, "utf8");
  const tag = tagOf(keys, tenant, plain);
  const cipher = createCipheriv("aes-256-ctr", keys.seal, tag);
  return encodeBase64url(Buffer.concat([Uint8Array.of(mac.currentKid), tag, cipher.update(plain), cipher.final()]));
}

/** Undefined for whatever this tenant's keys did not make. */
export function openSubjectRef(mac: MacKeys, tenant: TenantId, ref: string): SubjectId | undefined {
  const bytes = ref.length > LONGEST ? undefined : decodeBase64url(ref);
  if (bytes === undefined || bytes.length <= 1 + TAG_LENGTH) return undefined;
  const keys = keysOf(mac, bytes[0] ?? 0);
  if (keys === undefined) return undefined;
  const tag = bytes.subarray(1, 1 + TAG_LENGTH);
  const decipher = createDecipheriv("aes-256-ctr", keys.seal, tag);
  const plain = Buffer.concat([decipher.update(bytes.subarray(1 + TAG_LENGTH)), decipher.final()]);
  return timingSafeEqual(tag, tagOf(keys, tenant, plain)) ? parseSubjectId(plain.toString("utf8")) : undefined;
}

function keysOf(mac: MacKeys, kid: number): RefKeys | undefined {
  const [authentic, seal] = [
    mac.derive(kid, "hallpass/subject-ref/1/mac"),
    mac.derive(kid, "hallpass/subject-ref/1/seal"),
  ];
  return authentic === undefined || seal === undefined ? undefined : { mac: authentic, seal };
}

/** Of the plain text, so that two subjects never share a stream of the cipher. */
function tagOf({ mac }: RefKeys, tenant: TenantId, plain: Uint8Array): Uint8Array {
  return createHmac("sha256", mac).update(`${tenant}\0`).update(plain).digest().subarray(0, TAG_LENGTH);
}
