// A server that speaks the transit engine's HTTP API as HashiCorp documents it (encrypt, decrypt, rewrap; tokens, errors, versions
// of a key), for tests on machines without a Vault. It is not Vault, and shows nothing about Vault beyond that document.

import { createCipheriv, createDecipheriv } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { systemDice } from "../host/system-ports.ts";

const dice = systemDice();

export interface TransitServer {
  /** As `kek_vault` names it. */
  readonly key: string;
  readonly token: string;
  /** Each request's operation, in order. */
  readonly calls: string[];
  rotate(): void;
  /** Answers every call with this status and these errors from now on; null for as usual. */
  fail(as: { readonly status: number; readonly errors: readonly string[] } | null): void;
  /** The operations that the token may use. */
  allow(operations: readonly string[]): void;
  close(): Promise<void>;
}

export async function transitServer(): Promise<TransitServer> {
  const token = `hvs.${Buffer.from(dice.bytes(12)).toString("hex")}`;
  const versions = [dice.bytes(32)];
  const calls: string[] = [];
  let failing: { readonly status: number; readonly errors: readonly string[] } | null = null;
  let allowed = ["encrypt", "decrypt", "rewrap"];

  function encrypt(plaintext: Buffer): string {
    const iv = dice.bytes(12);
    const cipher = createCipheriv("aes-256-gcm", versions.at(-1) ?? dice.bytes(32), iv);
    const sealed = Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    return `vault:v${versions.length}:${sealed.toString("base64")}`;
  }
  function decrypt(ciphertext: string): Buffer {
    const [, version = "", text = ""] = /^vault:v(\d+):(.+)$/.exec(ciphertext) ?? [];
    const bytes = Buffer.from(text, "base64");
    const decipher = createDecipheriv(
      "aes-256-gcm",
      versions[Number(version) - 1] ?? dice.bytes(32),
      bytes.subarray(0, 12),
    );
    decipher.setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
  }
  function answer(operation: string, body: Readonly<Record<string, string>>): object {
    if (operation === "encrypt") return { ciphertext: encrypt(Buffer.from(body["plaintext"] ?? "", "base64")) };
    const plaintext = decrypt(body["ciphertext"] ?? "");
    return operation === "decrypt" ? { plaintext: plaintext.toString("base64") } : { ciphertext: encrypt(plaintext) };
  }
  function judged(request: IncomingMessage, text: string): readonly [status: number, body: object] {
    const [, operation = ""] = /^\/v1\/transit\/([a-z]+)\/hallpass$/.exec(request.url ?? "") ?? [];
    calls.push(operation);
    if (failing !== null) return [failing.status, { errors: failing.errors }];
    if (request.headers["x-vault-token"] !== token || !allowed.includes(operation))
      return [403, { errors: ["permission denied"] }];
    try {
      const data = answer(operation, JSON.parse(text) as Readonly<Record<string, string>>);
      return [
        200,
        {
          request_id: "r",
          lease_id: "",
          renewable: false,
          lease_duration: 0,
          data,
          wrap_info: null,
          warnings: null,
          auth: null,
        },
      ];
    } catch {
      return [400, { errors: ["invalid ciphertext: unable to decrypt"] }];
    }
  }

  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const [status, body] = judged(request, Buffer.concat(parts).toString("utf8"));
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the transit server has no port");
  return {
    key: `http://127.0.0.1:${address.port}/v1/transit/keys/hallpass`,
    token,
    calls,
    rotate: () => {
      versions.push(dice.bytes(32));
    },
    fail: (as) => {
      failing = as;
    },
    allow: (operations) => {
      allowed = [...operations];
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
