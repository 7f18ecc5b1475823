// `config operator-secret`: the operator's first secret, made before any server, for nodes that keep no files: its hash is a setting. Or, where
// the secret was lost, the next one, straight into the store.

import { createHash, randomBytes } from "node:crypto";
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { formatClientSecret } from "@hallpass/protocol";
import { type Config, configOfTenant, OPERATOR, OPERATOR_CREDENTIALS, replaceOperatorSecret } from "@hallpass/server";
import { told } from "../backup/told.ts";
import { Complaint, usage } from "../complaint.ts";
import type { Context, Outcome } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { secretFile } from "../secret-file.ts";
import { configured } from "./configured.ts";
import type { SourceOptions } from "./sources.ts";

interface OperatorSecretOptions extends SourceOptions {
  readonly secretFile: string;
  readonly replace?: true;
  readonly tenant?: string;
}

/** Prints the hash of a first secret alone, so that a shell can put it where it belongs. Throws a complaint when the file is there, or its folder is not. */
export async function operatorSecret(context: Context, options: OperatorSecretOptions): Promise<Outcome> {
  if (options.replace === true) return replaced(context, options);
  const other = (["config", "set", "tenant"] as const).find((name) => options[name] !== undefined);
  if (other !== undefined)
    throw usage(
      `--${other} means nothing to a first secret`,
      "with --replace the secret goes into the store that it names",
    );
  const { terminal } = context;
  const secret = formatClientSecret(randomBytes(32));
  secretFile(options.secretFile).keep(OPERATOR, secret);
  terminal.say(
    `the secret is in ${options.secretFile}, as client_id:secret; this is HALLPASS_OPERATOR_SECRET_SHA256 of a first start:\n`,
  );
  terminal.out(`${createHash("sha256").update(secret).digest("hex")}\n`);
  return undefined;
}

/** Not that nothing was changed: a store that was lost in the middle may hold a secret that nobody has. */
const AGAIN = "run this again; where the store is SQLite, stop its server first";

async function replaced(
  context: Context,
  { secretFile: path, tenant, ...sources }: OperatorSecretOptions,
): Promise<Outcome> {
  const config = configured(context, sources);
  const file = secretFile(path);
  try {
    const secret = await told(replaceOperatorSecret(config, tenant).catch(inWords), AGAIN);
    file.keep(OPERATOR, secret.reveal());
  } catch (error) {
    file.drop();
    throw error;
  }
  context.terminal.say(`no secret of before works; the operator's is in ${path}, as client_id:secret\n`);
  const first = join(dataOf(config, tenant), OPERATOR_CREDENTIALS);
  if (isAnother(first, path))
    context.terminal.say(
      `${first} still holds one of before, and hallpass reads it there: put the new file in its place\n`,
    );
  return undefined;
}

/** Where a first start has put the first secret. */
function dataOf(config: Config, tenant: string | undefined): string {
  const own = config.tenants.find(({ id }) => id === tenant);
  return own === undefined ? config.data : configOfTenant(config, own).data;
}

/** Whether there is a file that is not `made`. One that can't be looked at is not this person's to put anything in the place of. */
function isAnother(path: string, made: string): boolean {
  try {
    return realpathSync(path) !== realpathSync(made);
  } catch {
    return false;
  }
}

/** What a person can act on; a defect stays one. */
function inWords(error: unknown): never {
  if (!(error instanceof Error) || error.name !== "Error") throw error;
  throw new Complaint(
    EXIT.unavailable,
    error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message,
    AGAIN,
  );
}
