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
export async function loadKek(config: Config, dice: Dice, areKeys: boolean): Promise<KeyEncryptionKey> {
  return keyEncryptionKey(currentKek(config, dice, areKeys), previousKek(config));
}

/** Opens what the one before the current one has sealed, until the start has sealed it again. */
function previousKek({ kek_previous_file: path }: Config): readonly Uint8Array[] {
  if (path === undefined) return [];
  const text = readPrivateFile(path);
  if (text === undefined) throw new Error(`${envName("kek_previous_file")} names ${path}, and there is no such file`);
  return [parse(path, text)];
}

function currentKek(config: Config, dice: Dice, areKeys: boolean): Uint8Array {
  if (config.kek !== undefined) return config.kek;
  // What forgets its keys on exit needs no file that outlives them.
  if (config.store === "memory" && config.kek_file === undefined) return dice.bytes(LENGTH);
  const path = config.kek_file ?? join(config.data, KEK_FILE);
  const text = readPrivateFile(path);
  if (text !== undefined) return parse(path, text);
  if (config.kek_file !== undefined) throw new Error(`${envName("kek_file")} names ${path}, and there is no such file`);
  if (areKeys) {
    throw new Error(
      `the store holds keys, and ${path} is missing: put it back, or name it with ${envName("kek_file")}; nothing else opens them`,
    );
  }
  const bytes = dice.bytes(LENGTH);
  makePrivateFile(path, `${encodeBase64url(bytes)}\n`);
  return bytes;
}

function parse(path: string, text: string): Uint8Array {
  const bytes = decodeBase64url(text.trimEnd());
  if (bytes?.length !== LENGTH) throw new Error(`${path} has to hold base64url of ${LENGTH} bytes`);
  return bytes;
}
