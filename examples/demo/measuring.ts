// One revocation, watched at every verifier: from the acknowledgement to the first refusal.

import type { SignedReceipt } from "@hallpass/protocol";
import { ask, type Reply } from "./asking.ts";
import type { IssuerApi, SignedIn } from "./issuer-api.ts";
import { machineTime } from "./numbers.ts";
import type { VerifierProcess } from "./processes.ts";

export type TargetKind = "session" | "subject" | "family";

export interface Watched {
  readonly kind: TargetKind;
  readonly receipt: SignedReceipt;
  /** Milliseconds from the acknowledgement to the first refusal, by verifier; 0 when it refused before. */
  readonly refusedAfter: ReadonlyMap<string, number>;
  /** Whether every verifier accepted it before, refused it with 401 after, and never accepted it again. */
  readonly sound: boolean;
}

export async function watchRevocation(
  api: IssuerApi,
  verifiers: readonly VerifierProcess[],
  user: SignedIn,
  kind: TargetKind,
  withinMs: number,
): Promise<Watched> {
  const before = await Promise.all(verifiers.map((verifier) => ask(verifier, user.access)));
  let acknowledged: number | undefined;
  // Asking goes on all the time, so that a refusal is seen when it happens and not when somebody looks.
  const watching = verifiers.map(async (verifier) => {
    for (;;) {
      const reply = await ask(verifier, user.access);
      if (reply.status !== 200) return reply;
      if (acknowledged !== undefined && reply.decided > acknowledged + withinMs) return reply;
    }
  });
  const receipt = await api.revoke(targetOf(user, kind));
  const at = machineTime();
  acknowledged = at;
  const refusals = await Promise.all(watching);
  const afterwards = await Promise.all(verifiers.map((verifier) => ask(verifier, user.access)));
  return {
    kind,
    receipt,
    refusedAfter: new Map(
      refusals.map((reply, index) => [verifiers[index]?.instance ?? "", Math.max(0, reply.decided - at)]),
    ),
    sound: all(before, 200) && all(refusals, 401) && all(afterwards, 401),
  };
}

export function targetOf(user: SignedIn, kind: TargetKind): object {
  switch (kind) {
    case "session":
      return { type: kind, sid: user.sid };
    case "subject":
      return { type: kind, subject: user.subject };
    case "family":
      return { type: kind, sid: user.sid, fam: user.fam };
  }
}

function all(replies: readonly Reply[], status: number): boolean {
  return replies.every((reply) => reply.status === status);
}
