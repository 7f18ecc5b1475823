// Where the key-encryption key comes from: the configuration, a file it names, or a file in the data directory that the first start makes.
// A start that finds keys and no key-encryption key stops: another one would open nothing, and every session would end.

import { join } from "node:path";
import { type Dice, type KeyEncryptionKey, keyEncryptionKey } from "@hallpass/core";
import { decodeBase64url, encodeBase64url } from "@hallpass/protocol";
import type { Config } from "../config.ts";
import { envName } from "../config-schema.ts";
import { makePrivateFile, readPrivateFile } from "./private-files.ts";

const LENGTH = 32;
export const KEK_FILE = "key-encryption-key";

/** `areKeys`: whether the store holds keys already. Throws an Error that a person can act on. */
export function loadKek(config: Config, dice: Dice, areKeys: boolean): KeyEncryptionKey {
  if (config.kek !== undefined) return keyEncryptionKey(config.kek);
  // What forgets its keys on exit needs no file that outlives them.
  if (config.store === "memory" && config.kek_file === undefined) return keyEncryptionKey(dice.bytes(LENGTH));
  const path = config.kek_file ?? join(config.data, KEK_FILE);
  const text = readPrivateFile(path);
  if (text !== undefined) return keyEncryptionKey(parse(path, text));
  if (config.kek_file !== undefined) throw new Error(`${envName("kek_file")} names ${path}, and there is no such file`);
  if (areKeys) {
    throw new Error(
      `the store holds keys, and ${path} is missing: put it back, or name it with ${envName("kek_file")}; nothing else opens them`,
    );
  }
  const bytes = dice.bytes(LENGTH);
  makePrivateFile(path, `${encodeBase64url(bytes)}\n`);
  return keyEncryptionKey(bytes);
}

function parse(path: string, text: string): Uint8Array {
  const bytes = decodeBase64url(text.trimEnd());
  if (bytes?.length !== LENGTH) throw new Error(`${path} has to hold base64url of ${LENGTH} bytes`);
  return bytes;
}
