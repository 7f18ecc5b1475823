// What becomes of a live session when a policy is applied: decided here alone, for the preview as for the application, on one snapshot.
//
// - Its times or its assurance no longer do: it ends.
// - A session above it ends by the policy: it is over with that, and is left alone.
// - Its subject has more live sessions than the policy allows, once those are gone: the oldest of this policy end, as the next opening would
//   end them (`evict_oldest`), or the newest, which would not have been opened (`refuse`); no more than it takes, what hangs below one goes with it.
// - Otherwise it gets the numbers, or has them.

import { clientFromRow, clientKey } from "../clients/client-row.ts";
import type { SessionId } from "../kernel/ids.ts";
import type { Policy } from "../sessions/policy.ts";
import { endedBy, type PolicyRule, type Rebased, rebase } from "../sessions/rebase.ts";
import type { Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import { standingOf } from "../sessions/standing.ts";
import { subjectFromRow, unexpired } from "../sessions/subject.ts";
import type { RowKey, Snapshot } from "../store/store.ts";

export type Fate = Rebased | { readonly kind: "ended"; readonly by: PolicyRule };

const UNTOUCHED: Fate = { kind: "untouched" };

/** The limit apart. The snapshot was read with the session's row and the tenant's keys. */
export function fateOf(session: Session, policy: Policy, snapshot: Snapshot): Fate {
  if (session.policy.name !== policy.name || standingOf(session, snapshot).kind === "ended") return UNTOUCHED;
  if (isBelowOneThatEnds(session, policy, snapshot)) return UNTOUCHED;
  const by = endedBy(session, policy, snapshot.clock);
  return by === null ? rebase(session, policy, isPublic(session, snapshot)) : { kind: "ended", by };
}

function isBelowOneThatEnds({ tenant, ancestors }: Session, policy: Policy, snapshot: Snapshot): boolean {
  return ancestors.some((id) => {
    const row = snapshot.get(sessionKey({ tenant, id }));
    return row !== undefined && endedBy(sessionFromRow(row), policy, snapshot.clock) !== null;
  });
}

/** Whether a client of it does not authenticate. */
function isPublic({ tenant, families }: Session, snapshot: Snapshot): boolean {
  return families.some(({ client }) => {
    const row = snapshot.get(clientKey(tenant, client));
    return row === undefined || clientFromRow(row).authentication === "none";
  });
}

/** The sessions without which nobody can say who is too many; none where no more are listed than may be. `key` is the subject's. */
export function listedBeside(key: RowKey, policy: Policy, snapshot: Snapshot): readonly RowKey[] {
  const listed = unexpired(subjectFromRow(snapshot.get(key)), snapshot.clock);
  return listed.length <= policy.maxSessions ? [] : listed.map(({ id }) => sessionKey({ tenant: key.tenant, id }));
}

/** Those who are too many, in the order in which they end. The snapshot was read with `listedBeside`. */
export function surplusOf(key: RowKey, policy: Policy, snapshot: Snapshot): readonly Session[] {
  let left = listedBeside(key, policy, snapshot).flatMap((each): Session[] => {
    const row = snapshot.get(each);
    const session = row === undefined ? undefined : sessionFromRow(row);
    return session !== undefined && livesOn(session, policy, snapshot) ? [session] : [];
  });
  const own = left.filter((session) => session.policy.name === policy.name);
  const surplus: Session[] = [];
  for (const one of policy.overLimit === "refuse" ? own.toReversed() : own) {
    if (left.length <= policy.maxSessions) break;
    if (!left.includes(one)) continue;
    surplus.push(one);
    left = left.filter(({ id, ancestors }) => id !== one.id && !ancestors.includes(one.id));
  }
  return surplus;
}

function livesOn(session: Session, policy: Policy, snapshot: Snapshot): boolean {
  return (
    standingOf(session, snapshot).kind === "active" &&
    endedBy(session, policy, snapshot.clock) === null &&
    !isBelowOneThatEnds(session, policy, snapshot)
  );
}

/** With the limit: `surplus` is that of its subject. */
export function fateBeside(fate: Fate, session: Session, surplus: ReadonlySet<SessionId>): Fate {
  if (surplus.has(session.id)) return { kind: "ended", by: "limit" };
  return session.ancestors.some((id) => surplus.has(id)) ? UNTOUCHED : fate;
}
