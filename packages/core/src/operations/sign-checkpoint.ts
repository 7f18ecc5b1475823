// A checkpoint says, signed with a key of the issuer, which hash the chain has at which record (spec/audit.md). Kept where the server's
// operators can't reach it, it proves that nothing before was changed or removed since.

import { encodeBase64url } from "@hallpass/protocol";
import { AUDIT_READER, chainEnd } from "../audit/audit-reader.ts";
import { type Checkpoint, checkpointFromRow, checkpointKey, checkpointToRow } from "../audit/audit-row.ts";
import { CHECKPOINT_TYPE } from "../audit/verify-chain.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import { afterMs } from "../kernel/time.ts";
import { type KeyRing, ringKey } from "../keys/ring.ts";
import { readerFromRow, readerKey } from "../readers/reader-row.ts";
import { answer, change, write } from "../store/change.ts";
import type { Store } from "../store/store.ts";

export interface CheckpointDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly issuer: Issuer;
  readonly keys: KeyRing;
}

/**
 * Signs where the chain ends now; the same record is signed once. `kept` in milliseconds: as long as records are.
 * Refuses `audit_empty` when nothing was chained yet. Throws a Fault of the store.
 */
export async function signCheckpoint(deps: CheckpointDeps, kept: number): Promise<Answer<Checkpoint>> {
  const { store, dice, issuer, keys } = deps;
  const { tenant, url } = issuer;
  const snapshot = await store.read([readerKey(tenant, AUDIT_READER), ringKey(tenant)]);
  const { n, hash } = chainEnd(issuer, readerFromRow(snapshot.get(readerKey(tenant, AUDIT_READER))).progress);
  if (n === 0) return refused("audit_empty");
  const key = checkpointKey(tenant, n);
  const known = (await store.read([key])).get(key);
  if (known !== undefined) return granted(checkpointFromRow(known));
  const { signer } = keys.open(snapshot);
  const text = (value: object): string => Buffer.from(JSON.stringify(value), "utf8").toString("base64url");
  const payload = { iss: url, tenant, n, hash, at_ms: snapshot.clock };
  const input = `${text({ alg: signer.alg, typ: CHECKPOINT_TYPE, kid: signer.kid })}.${text(payload)}`;
  const made: Checkpoint = { n, jws: `${input}.${encodeBase64url(await signer.signSoon(input))}` };
  return change(store, dice, [key], (now) => {
    const other = now.get(key);
    if (other !== undefined) return answer(granted(checkpointFromRow(other)));
    const next = checkpointToRow(made, afterMs(now.clock, kept));
    return write({ rows: [{ key, expect: "absent", next }], answer: () => granted(made) });
  });
}
