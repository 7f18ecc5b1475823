// The operator's next secret, straight into the store: for whoever configures the server and has lost the one that there was. Nobody else can
// give the operator another, because everything under /v1 needs one of somebody who is no less.

import { createKeyRing, enableClient, parseClientId, rotateClientSecret, type Secret } from "@hallpass/core";
import { BackupProblem } from "../backup/problem.ts";
import { type Config, configOfTenant, DEFAULT_TENANT } from "../config.ts";
import { storedTenants } from "./choose-store.ts";
import { OPERATOR } from "./first-clients.ts";
import { loadKek } from "./load-kek.ts";
import { tenantNamed } from "./make-services.ts";
import { type Ports, portsWith } from "./ports.ts";
import { systemNextTurn } from "./system-ports.ts";

/** Who stands in the facts of it. */
const ACTOR = "operator-secret";

/**
 * No secret of before works from then on, and a disabled operator is active again. The same store as `startServer` opens: one file of SQLite is
 * opened by one process alone. Rejects with a BackupProblem, an Error that a person can act on, or a Fault of the store; then no secret has come
 * out, and another try does all of it.
 */
export async function replaceOperatorSecret(
  config: Config,
  name: string = DEFAULT_TENANT,
  given: Partial<Ports> = {},
): Promise<Secret> {
  const ports = portsWith(given);
  const stored = await storedTenants(config, ports);
  const one = stored?.tenants.find(({ tenant }) => tenant === name);
  if (one === undefined || !(await one.isThere()))
    throw new BackupProblem("no_store", `there is no store of ${name} here`, "a first start makes the operator");
  const own = config.tenants.find(({ id }) => id === name);
  const settings = own === undefined ? config : configOfTenant(config, own);
  const [tenant, client, { dice }] = [tenantNamed(name), parseClientId(OPERATOR), ports];
  if (client === undefined) throw new Error("the operator's id is none");
  const store = await one.open();
  try {
    const kek = await loadKek(settings, { dice, store, tenant, areKeys: true });
    const keys = createKeyRing({ tenant, kek, nextTurn: systemNextTurn });
    const request = { client, overlapMs: 0, preset: null, actor: ACTOR };
    const rotated = await rotateClientSecret({ store, dice, keys, tenant }, request, () => undefined);
    if (!rotated.ok || rotated.value.secret === null)
      throw new BackupProblem("no_operator", `there is no operator in the store of ${name}`, "it was deleted for good");
    const enabled = await enableClient({ store, dice, tenant }, client, ACTOR, () => undefined);
    if (!enabled.ok) throw new Error(`the operator was refused: ${enabled.code}`);
    return rotated.value.secret;
  } finally {
    await store.close();
  }
}
