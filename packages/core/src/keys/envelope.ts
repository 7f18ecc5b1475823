// How keys rest: sealed with AES-256-GCM under a key-encryption key that stands in no store.
// What is sealed is bound to its tenant, its purpose and its kid, so that no envelope opens in another's place.

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type DecipherGCM,
  type KeyObject,
} from "node:crypto";
import { decodeBase64url, encodeBase64url } from "@hallpass/protocol";
import { Fault } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";

interface OneKey {
  /** 16 hexadecimal characters; says which key it is and nothing about it. */
  readonly id: string;
  readonly key: KeyObject;
}

/** Seals, and opens what it has sealed. */
export interface KeyEncryptionKey extends OneKey {
  /** Keys that open what they have sealed and seal nothing any more, or not yet: while one key takes another's place. */
  readonly also: readonly OneKey[];
}

export type SealedPurpose = "signing" | "mac" | "secret";

export const SEAL_IV_LENGTH = 12;
const FORMAT = 1;
const ID_LENGTH = 8;
const TAG_LENGTH = 16;
const HEADER_LENGTH = 1 + ID_LENGTH + SEAL_IV_LENGTH;

/** Each of 32 bytes. Throws a RangeError for another length: a defect of the caller, who has checked its configuration. */
export function keyEncryptionKey(bytes: Uint8Array, also: readonly Uint8Array[] = []): KeyEncryptionKey {
  return { ...oneKey(bytes), also: also.map(oneKey) };
}

function oneKey(bytes: Uint8Array): OneKey {
  if (bytes.length !== 32) throw new RangeError("a key-encryption key has 32 bytes");
  return { id: kekId(bytes), key: createSecretKey(bytes) };
}

export function kekId(bytes: Uint8Array): string {
  return createHash("sha256")
    .update("hallpass/kek-id/1")
    .update(bytes)
    .digest("hex")
    .slice(0, ID_LENGTH * 2);
}

/** What an envelope is bound to. Neither a tenant nor a purpose holds a zero byte, so no two bindings are equal. */
export function sealedFor(tenant: TenantId, purpose: SealedPurpose, kid: string | number): Uint8Array {
  return new TextEncoder().encode(`${tenant}\0${purpose}\0${kid}`);
}

/** `iv` is 12 random bytes that are used once. The text: base64url of format ‖ id of the key ‖ iv ‖ ciphertext ‖ tag. */
export function seal(kek: KeyEncryptionKey, plaintext: Uint8Array, aad: Uint8Array, iv: Uint8Array): string {
  const cipher = createCipheriv("aes-256-gcm", kek.key, iv, { authTagLength: TAG_LENGTH });
  cipher.setAAD(aad);
  const header = [Uint8Array.of(FORMAT), Buffer.from(kek.id, "hex"), iv];
  return encodeBase64url(Buffer.concat([...header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
}

/**
 * What `use` makes of the plaintext, which is cleared when it returns: what it keeps it has to copy, and best into a KeyObject. Throws Fault
 * `keys_unreadable` when no key fits, or the envelope was changed, cut short or made for something else.
 */
export function open<T>(kek: KeyEncryptionKey, sealed: string, aad: Uint8Array, use: (plaintext: Uint8Array) => T): T {
  const { id, bytes } = split(sealed);
  const fitting = [kek, ...kek.also].find((one) => one.id === id);
  if (fitting === undefined) throw unreadable(`sealed under the key-encryption key ${id}; this one is ${kek.id}`);
  const iv = bytes.subarray(1 + ID_LENGTH, HEADER_LENGTH);
  const decipher = createDecipheriv("aes-256-gcm", fitting.key, iv, { authTagLength: TAG_LENGTH });
  decipher.setAAD(aad);
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_LENGTH));
  // All of it: GCM is a stream, and `final` only judges.
  const plaintext = decipher.update(bytes.subarray(HEADER_LENGTH, bytes.length - TAG_LENGTH));
  try {
    judge(decipher);
    return use(plaintext);
  } finally {
    plaintext.fill(0);
  }
}

function judge(decipher: DecipherGCM): void {
  try {
    decipher.final();
  } catch (cause) {
    throw new Fault("keys_unreadable", { cause });
  }
}

/** The id of the key-encryption key that an envelope names. Throws Fault `keys_unreadable` for what is none. */
export function sealedUnder(sealed: string): string {
  return split(sealed).id;
}

function split(sealed: string): { readonly id: string; readonly bytes: Uint8Array } {
  const bytes = decodeBase64url(sealed);
  if (bytes === undefined || bytes.length < HEADER_LENGTH + TAG_LENGTH || bytes[0] !== FORMAT) {
    throw unreadable("an envelope is malformed");
  }
  return { id: Buffer.from(bytes.subarray(1, 1 + ID_LENGTH)).toString("hex"), bytes };
}

/** The one way in which keys fail: whoever can't read them stops, and makes no others in their place. */
export function unreadable(reason: string): Fault {
  return new Fault("keys_unreadable", { cause: new Error(reason) });
}
