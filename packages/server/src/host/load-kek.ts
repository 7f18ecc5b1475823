// Where the key-encryption key comes from: the configuration, a file it names, a file in the data directory that the first start makes, or the
// store, where something elsewhere has wrapped it. A start that finds keys and no key-encryption key stops: another one would open
// nothing, and every session would end.

import { join } from "node:path";
import { type Dice, type KeyEncryptionKey, keyEncryptionKey, type Store, type TenantId } from "@hallpass/core";
import { decodeBase64url, encodeBase64url } from "@hallpass/protocol";
import type { Config } from "../config.ts";
import { envName } from "../config-schema.ts";
import type { KeyWrapper } from "./kek/key-wrapper.ts";
import { pkcs11 } from "./kek/pkcs11.ts";
import { vaultTransit } from "./kek/vault-transit.ts";
import { wrappedKek } from "./kek/wrapped-kek.ts";
import { makePrivateFile, readPrivateFile } from "./private-files.ts";

const LENGTH = 32;
export const KEK_FILE = "key-encryption-key";

export interface LoadKekDeps {
  readonly dice: Dice;
  readonly store: Store;
  readonly tenant: TenantId;
  /** Whether the store holds keys already. */
  readonly areKeys: boolean;
}

/** Beside `kek` or `kek_file`, a wrapped key and `kek_previous_file` only open. Throws an Error that a person can act on, and Faults of the store. */
export async function loadKek(config: Config, deps: LoadKekDeps): Promise<KeyEncryptionKey> {
  const wrapper = wrapperIn(config, deps.dice);
  const wrapped = wrapper === undefined ? [] : [await wrappedKek({ ...deps, wrapper })];
  const previous = config.kek_previous_file === undefined ? [] : [kekIn("kek_previous_file", config.kek_previous_file)];
  const [first, ...others] = [...ownKek(config, deps, wrapper !== undefined), ...wrapped, ...previous];
  if (first === undefined) throw new Error("there is no key-encryption key");
  return keyEncryptionKey(first, others);
}

function wrapperIn(
  { kek_vault: vault, kek_vault_token_file: tokenFile, kek_pkcs11: uri }: Config,
  dice: Dice,
): KeyWrapper | undefined {
  if (uri !== undefined) return pkcs11(uri, dice);
  return vault === undefined || tokenFile === undefined ? undefined : vaultTransit({ key: vault, tokenFile });
}

/** None where something elsewhere wraps one and neither the configuration nor a file brings another. */
function ownKek(config: Config, { dice, areKeys }: LoadKekDeps, isWrapped: boolean): readonly Uint8Array[] {
  if (config.kek !== undefined) return [config.kek];
  if (config.kek_file !== undefined) return [kekIn("kek_file", config.kek_file)];
  if (isWrapped) return [];
  // What forgets its keys on exit needs no file that outlives them.
  if (config.store === "memory") return [dice.bytes(LENGTH)];
  const path = join(config.data, KEK_FILE);
  const text = readPrivateFile(path);
  if (text !== undefined) return [parse(path, text)];
  if (areKeys) {
    throw new Error(
      `the store holds keys, and ${path} is missing: put it back, or name it with ${envName("kek_file")}; nothing else opens them`,
    );
  }
  const bytes = dice.bytes(LENGTH);
  makePrivateFile(path, `${encodeBase64url(bytes)}\n`);
  return [bytes];
}

function kekIn(name: "kek_file" | "kek_previous_file", path: string): Uint8Array {
  const text = readPrivateFile(path);
  if (text === undefined) throw new Error(`${envName(name)} names ${path}, and there is no such file`);
  return parse(path, text);
}

function parse(path: string, text: string): Uint8Array {
  const bytes = decodeBase64url(text.trimEnd());
  if (bytes?.length !== LENGTH) throw new Error(`${path} has to hold base64url of ${LENGTH} bytes`);
  return bytes;
}
