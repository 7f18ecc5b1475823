// An AES key in a PKCS #11 token (an HSM, SoftHSM) wraps the key-encryption key. Through `pkcs11-tool` of OpenSC, 0.23 or newer: it is run
// at the start only, and no foreign library is ever loaded into this process. The PIN travels in the tool's environment, never on
// its command line. CKM_AES_CBC_PAD, which every token has, seals nothing by itself: what is unwrapped is compared with the id
// of the key (wrapped-kek.ts).

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Dice } from "@hallpass/core";
import { decodeBase64url, encodeBase64url } from "@hallpass/protocol";
import type { KeyWrapper } from "./key-wrapper.ts";

/** A URI of RFC 7512, read: which key, in which token, through which library, with whose PIN. */
export interface Pkcs11Uri {
  readonly token: string;
  /** Hexadecimal. */
  readonly id: string;
  readonly module: string;
  readonly pinFile: string;
}

const IV_LENGTH = 16;
const TIMEOUT_MS = 30_000;
const PIN_VARIABLE = "HALLPASS_PKCS11_PIN";

/** `pkcs11:token=…;id=%01?module-path=…&pin-source=file:…`, exactly these attributes; undefined for anything else. */
export function parsePkcs11Uri(text: string): Pkcs11Uri | undefined {
  const split = /^pkcs11:([^?]*)\?([^?#]*)$/.exec(text);
  const path = attributesIn(split?.[1] ?? "", ";");
  const query = attributesIn(split?.[2] ?? "", "&");
  if (path?.size !== 2 || query?.size !== 2) return undefined;
  const [token, id] = [path.get("token"), path.get("id")];
  const [module, pin] = [query.get("module-path"), query.get("pin-source")];
  if (token === undefined || id === undefined || module === undefined || pin === undefined) return undefined;
  const pinFile = /^file:(?:\/\/)?(\/.+)$/.exec(pin.toString("utf8"))?.[1];
  if (pinFile === undefined || !module.toString("utf8").startsWith("/") || token.length === 0 || id.length === 0)
    return undefined;
  return { token: token.toString("utf8"), id: id.toString("hex"), module: module.toString("utf8"), pinFile };
}

function attributesIn(text: string, separator: string): ReadonlyMap<string, Buffer> | undefined {
  const attributes = new Map<string, Buffer>();
  for (const one of text.split(separator)) {
    const [, name, value] = /^([a-z-]+)=((?:[A-Za-z0-9\-._~:[\]@!$'()*+,=/]|%[0-9A-Fa-f]{2})+)$/.exec(one) ?? [];
    if (name === undefined || value === undefined || attributes.has(name)) return undefined;
    const bytes = value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    attributes.set(name, Buffer.from(bytes, "latin1"));
  }
  return attributes;
}

export function pkcs11(uri: Pkcs11Uri, dice: Dice): KeyWrapper {
  const place = `the key ${uri.id} of the token ${uri.token}`;

  async function run(operation: "encrypt" | "decrypt", iv: Uint8Array, input: Uint8Array): Promise<Uint8Array> {
    const pin = readFileSync(uri.pinFile, "utf8").trim();
    const key = ["--module", uri.module, "--token-label", uri.token, "--login", "--pin", `env:${PIN_VARIABLE}`];
    const what = [
      `--${operation}`,
      "--id",
      uri.id,
      "--mechanism",
      "AES-CBC-PAD",
      "--iv",
      Buffer.from(iv).toString("hex"),
    ];
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const options = { encoding: "buffer", timeout: TIMEOUT_MS, env: { ...process.env, [PIN_VARIABLE]: pin } } as const;
    const child = execFile("pkcs11-tool", [...key, ...what], options, (error, output, said) => {
      if (error === null) resolve(new Uint8Array(output));
      else reject(new Error(`${place}: ${whyNot(error, said.toString("utf8"))}`));
    });
    // A tool that could not be started, or stopped before it had read all, says so by itself.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
    return promise;
  }

  return {
    name: "pkcs11",
    place,
    wrap: async (bytes) => {
      const iv = dice.bytes(IV_LENGTH);
      return encodeBase64url(Buffer.concat([iv, await run("encrypt", iv, bytes)]));
    },
    unwrap: async (wrapped) => {
      const bytes = decodeBase64url(wrapped);
      if (bytes === undefined || bytes.length <= IV_LENGTH)
        throw new Error(`${place}: what the store holds is cut short`);
      return run("decrypt", bytes.subarray(0, IV_LENGTH), bytes.subarray(IV_LENGTH));
    },
  };
}

/** The tool's own word: `CKR_PIN_INCORRECT` says more than any sentence of ours. */
function whyNot(error: Error & { readonly code?: unknown }, said: string): string {
  if (error.code === "ENOENT") return "pkcs11-tool is not on this machine (OpenSC, 0.23 or newer)";
  return /^error: (.{1,200})$/m.exec(said)?.[1] ?? "pkcs11-tool could not be run";
}
