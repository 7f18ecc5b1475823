// A client's next secret. The one before it works on until the overlap has passed, so that every process can get the new one in its own time.

import { encodeBase64url, formatClientSecret } from "@hallpass/protocol";
import { type Client, hasSecret, type StoredSecret } from "../clients/client.ts";
import { clientFromRow, clientKey, clientToRow } from "../clients/client-row.ts";
import { PRESET_KID, secretHash } from "../clients/secret-hash.ts";
import { fact } from "../facts.ts";
import type { ClientId, TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import { Secret } from "../kernel/secret.ts";
import { afterMs, type Instant, instantOf, isPast } from "../kernel/time.ts";
import { type KeyRing, ringKey } from "../keys/ring.ts";
import { answer, change, write } from "../store/change.ts";
import type { Store } from "../store/store.ts";
import type { MayChange } from "./change-client.ts";
import type { PresetSecret } from "./register-client.ts";

export interface RotateClientSecretDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly keys: KeyRing;
  readonly tenant: TenantId;
}

export interface RotateClientSecret {
  readonly client: ClientId;
  /** Milliseconds for which the newest secret of before works on; 0 ends it at once. */
  readonly overlapMs: number;
  readonly preset: PresetSecret | null;
  readonly actor: string | null;
}

export interface RotatedSecret {
  readonly client: Client;
  /** Shown once; null for a preset secret. */
  readonly secret: Secret | null;
}

/** Refuses `client_not_found`, a public client (`client_has_no_secret`) and whatever `may` refuses. Never are more than two secrets live. */
export async function rotateClientSecret(
  deps: RotateClientSecretDeps,
  request: RotateClientSecret,
  may: MayChange,
): Promise<Answer<RotatedSecret>> {
  const { client: id, preset, actor } = request;
  const key = clientKey(deps.tenant, id);
  const bytes = deps.dice.bytes(32);
  return change<Answer<RotatedSecret>>(deps.store, deps.dice, [ringKey(deps.tenant), key], (snapshot) => {
    const row = snapshot.get(key);
    const before = row === undefined ? undefined : clientFromRow(row);
    if (row === undefined || before === undefined || before.deleted === true)
      return answer(refused("client_not_found"));
    if (!hasSecret(before.authentication)) return answer(refused("client_has_no_secret"));
    const refusal = may(before, before);
    if (refusal !== undefined) return answer(refused(refusal));
    const now = snapshot.clock;
    const added: StoredSecret =
      preset === null ? hashed(deps, snapshot, id, bytes, now) : { kid: PRESET_KID, hash: preset, added: now };
    const after: Client = { ...before, secrets: [...overlapping(before, now, request.overlapMs), added] };
    return write({
      rows: [{ key, expect: row.version, next: clientToRow(after) }],
      facts: [fact(deps.tenant, now, "client_secret_added", { client: id, actor })],
      answer: () => granted({ client: after, secret: preset === null ? new Secret(formatClientSecret(bytes)) : null }),
    });
  });
}

/** The newest of before, for the overlap and no longer than it would have worked anyway; those before it go now. */
function overlapping({ secrets }: Client, now: Instant, overlapMs: number): readonly StoredSecret[] {
  const newest = secrets.at(-1);
  if (newest === undefined || overlapMs === 0 || !isLiveSecret(newest, now)) return [];
  const end = afterMs(now, overlapMs);
  return [{ ...newest, until: newest.until === undefined ? end : Math.min(newest.until, end) }];
}

/** Whether a secret still works; it does not at the instant that its overlap names. */
export function isLiveSecret({ until }: StoredSecret, now: Instant): boolean {
  return until === undefined || !isPast(instantOf(until), now);
}

function hashed(
  deps: RotateClientSecretDeps,
  snapshot: Parameters<KeyRing["open"]>[0],
  owner: ClientId,
  bytes: Uint8Array,
  now: Instant,
): StoredSecret {
  const { mac } = deps.keys.open(snapshot);
  const hash = secretHash(mac, mac.secretKid, "hallpass/client-secret/1", owner, bytes);
  if (hash === undefined) throw new Error("the current server key is gone");
  return { kid: mac.secretKid, hash: encodeBase64url(hash), added: now };
}
