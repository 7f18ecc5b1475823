// Disables a client: it gets nothing any more, and everything that it was given before is revoked. One change. Deleting it is that for good:
// it is shown no more, and its id is never given to another.

import { uuidv7 } from "@hallpass/protocol";
import type { Client } from "../clients/client.ts";
import { clientFromRow, clientKey, clientToRow } from "../clients/client-row.ts";
import { fact } from "../facts.ts";
import type { ClientId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import { afterMs } from "../kernel/time.ts";
import { notBegun } from "../revocation/large-run.ts";
import { noticeDraft, takenHash } from "../revocation/notice-draft.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { RECEIPT_KEPT, revocationKey, revocationToRow } from "../revocation/revocation-row.ts";
import { answer, change, write } from "../store/change.ts";
import type { Store } from "../store/store.ts";
import type { MayChange } from "./change-client.ts";

/** Refuses `client_not_found` and whatever `may` refuses. A client that is disabled already is cut off again. */
export async function disableClient(
  deps: { readonly store: Store; readonly dice: Dice; readonly issuer: Issuer },
  id: ClientId,
  actor: string | null,
  how: { readonly forGood?: true; readonly may?: MayChange } = {},
): Promise<Answer<Revocation>> {
  const { tenant, salt, longestToken, skew } = deps.issuer;
  const key = clientKey(tenant, id);
  const random = deps.dice.bytes(10);
  return change(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    const before = row === undefined ? undefined : clientFromRow(row);
    if (row === undefined || before === undefined || before.deleted === true)
      return answer(refused("client_not_found"));
    const after: Client = {
      ...before,
      status: "disabled",
      ...(how.forGood === true ? { deleted: true, secrets: [] } : {}),
    };
    const refusal = how.may?.(before, after);
    if (refusal !== undefined) return answer(refused(refusal));
    const now = snapshot.clock;
    const revocation = uuidv7(now, random);
    const asked = {
      targets: [{ kind: "client", client: id } as const],
      reason: how.forGood === true ? "client_deleted" : "client_disabled",
      ticket: null,
      actor,
      endedSessions: 0,
      run: { ...notBegun(now), clients: [{ id, cut: row.notBefore }] },
      tokensExpireBy: afterMs(now, (longestToken + skew) * 1000),
    };
    return write({
      rows: [
        { key, expect: row.version, next: clientToRow(after), raise: true },
        {
          key: revocationKey(tenant, revocation),
          expect: "absent",
          next: revocationToRow(asked, afterMs(now, RECEIPT_KEPT)),
          raise: true,
        },
      ],
      notices: [noticeDraft(tenant, { kind: "client", client: takenHash(salt, "client", id) }, deps.issuer, deps.dice)],
      facts: [fact(tenant, now, how.forGood === true ? "client_deleted" : "client_disabled", { client: id, actor })],
      answer: ({ pos, at }) => granted({ id: revocation, pos, committed: at, ...asked }),
    });
  });
}
