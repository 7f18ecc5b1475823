// Hashes a client's secret again, under the current key, when it was used: only then does the server see it. What was hashed under
// an older key, or preset by its SHA-256, leaves it this way, and the older key can go (drop-unused-keys.ts).

import { encodeBase64url, parseClientSecret } from "@hallpass/protocol";
import { type ClientCredentials, fittingSecret } from "../clients/authenticate.ts";
import { clientFromRow, clientKey, clientToRow } from "../clients/client-row.ts";
import { secretHash } from "../clients/secret-hash.ts";
import { fact } from "../facts.ts";
import { Fault } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { type KeyRing, ringKey } from "../keys/ring.ts";
import { answer, change, write } from "../store/change.ts";
import type { Store } from "../store/store.ts";

export interface RehashSecretDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly keys: KeyRing;
}

/** A store that can't write is no reason to turn the client away: the next use tries again. */
export async function rehashSecret(
  deps: RehashSecretDeps,
  tenant: TenantId,
  credentials: ClientCredentials,
): Promise<void> {
  if (!("secret" in credentials)) return;
  const { clientId, secret } = credentials;
  const presented = parseClientSecret(secret.reveal());
  if (presented === undefined) return;
  const key = clientKey(tenant, clientId);
  try {
    await change<undefined>(deps.store, deps.dice, [ringKey(tenant), key], (snapshot) => {
      const row = snapshot.get(key);
      const { mac } = deps.keys.open(snapshot);
      const client = row === undefined ? undefined : clientFromRow(row);
      const found = fittingSecret(client, clientId, presented, mac);
      const hash = secretHash(mac, mac.secretKid, "hallpass/client-secret/1", clientId, presented);
      if (row === undefined || client === undefined || found === undefined) return answer(undefined);
      if (hash === undefined || found.kid === mac.secretKid) return answer(undefined);
      const again = { ...found, kid: mac.secretKid, hash: encodeBase64url(hash) };
      const secrets = client.secrets.map((one) => (one === found ? again : one));
      const body = { client: clientId, from: found.kid, to: again.kid };
      return write({
        rows: [{ key, expect: row.version, next: clientToRow({ ...client, secrets }) }],
        facts: [fact(tenant, snapshot.clock, "client_secret_rehashed", body)],
        answer: () => undefined,
      });
    });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
}
