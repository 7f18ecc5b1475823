// Very many notices, for tests of pages and parts.

import type { NoticeDraft } from "@hallpass/core";
import { encodeBase64url, type Taking } from "@hallpass/protocol";
import { fixedDice, type World } from "./world.ts";

/** That many notices in one change, each about a token unless something else is said. */
export async function fill(
  world: World,
  count: number,
  taking: (index: number) => Taking = (index) => ({ kind: "token", jti: `many-${index}` }),
): Promise<void> {
  const dice = fixedDice(`fill ${count}`);
  const draft = (index: number): NoticeDraft => ({
    tenant: world.issuer.tenant,
    mark: encodeBase64url(dice.bytes(8)),
    body: JSON.stringify(taking(index)),
    livesMs: 600_000,
  });
  const notices = Array.from({ length: count }, (_, index) => draft(index));
  await world.store.commit([{ attempt: encodeBase64url(dice.bytes(8)), rows: [], notices, facts: [] }]);
}
