// The transit engine of HashiCorp Vault (and of OpenBao, which has the same API): encrypt, decrypt and rewrap of its HTTP API, version 1.
// The token is read from its file for each call, so an agent may renew it there; after the start none is needed.

import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { KeyWrapper } from "./key-wrapper.ts";

export interface VaultOptions {
  /** `https://…/v1/<mount>/keys/<name>`: the key, as Vault's API names it. */
  readonly key: string;
  readonly tokenFile: string;
  /** Milliseconds for one call. */
  readonly timeoutMs?: number;
  /** Milliseconds before each further try of a Vault that is sealed, starting or out of reach. */
  readonly triesAfterMs?: readonly number[];
}

const encrypted = z.object({ data: z.object({ ciphertext: z.string().regex(/^vault:v[1-9]\d*:[A-Za-z0-9+/=]+$/) }) });
const decrypted = z.object({ data: z.object({ plaintext: z.base64() }) });
const failed = z.object({ errors: z.array(z.string()) });

type Operation = "encrypt" | "decrypt" | "rewrap";

/** What Vault answered, when it was no: what it says is for people, and holds no secret. */
class VaultError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function vaultTransit(options: VaultOptions): KeyWrapper {
  const { key, timeoutMs = 10_000, triesAfterMs = [500, 2000] } = options;
  const place = `the transit key ${key}`;

  async function callOnce(operation: Operation, body: object): Promise<unknown> {
    const token = tokenIn(options.tokenFile);
    const address = key.replace(/\/keys\/([^/]+)$/, `/${operation}/$1`);
    const response = await fetch(address, {
      method: "POST",
      headers: { "x-vault-token": token, "x-vault-request": "true", "content-type": "application/json" },
      body: JSON.stringify(body),
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((cause: unknown) => {
      throw new VaultError(0, `${place} can't be reached: ${reasonOf(cause)}`);
    });
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return answer;
    const said = failed.safeParse(answer).data?.errors.join("; ") ?? "";
    throw new VaultError(
      response.status,
      `${place}: ${operation} was answered with ${response.status}${hint(response.status, said)}`,
    );
  }

  async function call(operation: Operation, body: object): Promise<unknown> {
    for (const pause of triesAfterMs) {
      try {
        return await callOnce(operation, body);
      } catch (error) {
        if (!(error instanceof VaultError) || !isPassing(error.status)) throw error;
        await wait(pause);
      }
    }
    return callOnce(operation, body);
  }

  return {
    name: "vault",
    place,
    wrap: async (bytes) => {
      const answer = await call("encrypt", { plaintext: Buffer.from(bytes).toString("base64") });
      return parsed(encrypted, answer, place).data.ciphertext;
    },
    unwrap: async (ciphertext) => {
      const answer = await call("decrypt", { ciphertext });
      return new Uint8Array(Buffer.from(parsed(decrypted, answer, place).data.plaintext, "base64"));
    },
    renew: async (ciphertext) => {
      try {
        const again = parsed(encrypted, await call("rewrap", { ciphertext }), place).data.ciphertext;
        return versionOf(again) > versionOf(ciphertext) ? again : undefined;
      } catch (error) {
        // A token that may only encrypt and decrypt is enough to run; the old version is then good until an operator retires it.
        if (error instanceof VaultError && error.status === 403) return undefined;
        throw error;
      }
    },
  };
}

/** A Vault that is sealed (503), a standby that can't forward (472, 473) or nobody there. */
function isPassing(status: number): boolean {
  return status === 0 || status === 429 || status === 472 || status === 473 || status >= 500;
}

function hint(status: number, said: string): string {
  const words = said === "" ? "" : ` (${said})`;
  if (status === 403) return `${words}: the token has expired, or its policy does not allow it`;
  if (status === 404) return `${words}: is the engine mounted there?`;
  if (status === 503) return `${words}: Vault is sealed`;
  return words;
}

function versionOf(ciphertext: string): number {
  return Number(/^vault:v(\d+):/.exec(ciphertext)?.[1] ?? 0);
}

function parsed<T>(schema: z.ZodType<T>, answer: unknown, place: string): T {
  const read = schema.safeParse(answer);
  if (!read.success) throw new Error(`${place} answered something else than Vault's transit engine does`);
  return read.data;
}

function tokenIn(path: string): string {
  const token = readFileSync(path, "utf8").trim();
  if (!/^[\x21-\x7e]{1,4096}$/.test(token)) throw new Error(`${path} has to hold a token of Vault`);
  return token;
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "no answer";
  if (cause.name === "TimeoutError") return "no answer in time";
  return cause.cause instanceof Error ? cause.cause.message : cause.message;
}
