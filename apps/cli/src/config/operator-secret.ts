// `config operator-secret`: the operator's first secret, made before any server: for nodes that keep no files. Its hash is a setting.

import { createHash, randomBytes } from "node:crypto";
import { formatClientSecret } from "@hallpass/protocol";
import type { Context, Outcome } from "../context.ts";
import { secretFile } from "../secret-file.ts";

/** Prints the hash alone, so that a shell can put it where it belongs. Throws a complaint when the file is there, or its folder is not. */
export async function operatorSecret(
  { terminal }: Context,
  { secretFile: path }: { readonly secretFile: string },
): Promise<Outcome> {
  const secret = formatClientSecret(randomBytes(32));
  secretFile(path).keep("operator", secret);
  terminal.say(
    `the secret is in ${path}, as client_id:secret; this is HALLPASS_OPERATOR_SECRET_SHA256 of a first start:\n`,
  );
  terminal.out(`${createHash("sha256").update(secret).digest("hex")}\n`);
  return undefined;
}
