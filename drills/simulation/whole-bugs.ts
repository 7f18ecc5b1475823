// Bugs of what only the whole world has: session tokens, and policies that change.

import type { Bug } from "./bugs.ts";

export const WHOLE_BUGS: readonly Bug[] = [
  {
    id: "session token that was replaced, accepted for ever",
    invariant: "P4-one-session-token",
    edits: [
      {
        file: "core/src/tokens/judge-session-token.ts",
        find: 'if (fit === "superseded") return { kind: "superseded", session, family };',
        replace: "",
      },
    ],
    world: "whole",
    seedBudget: 30,
  },
  {
    id: "rotation of a session token that takes away the next one",
    invariant: "P2-cut-off-holds",
    edits: [
      {
        file: "core/src/operations/rotate-session-token.ts",
        find: "const jti = nameOfSessionToken(mac, session, before);",
        replace: "const jti = nameOfSessionToken(mac, session, token);",
      },
    ],
    world: "whole",
    seedBudget: 30,
  },
  {
    id: "session token lost with any change of its session",
    invariant: "P6-nobody-logged-out",
    edits: [
      {
        file: "core/src/operations/alter-session.ts",
        find: "return before.token === null || !raises(before, next)",
        replace: "void raises; return before.token === null",
      },
    ],
    world: "whole",
    seedBudget: 30,
  },
  {
    id: "session token that outlives a rise of assurance",
    invariant: "P4-one-session-token",
    edits: [
      {
        file: "core/src/operations/alter-session.ts",
        find: "const next = request.keepSessionToken === true ? ruling.next : rotated(mac, session, ruling.next);",
        replace: "const next = ruling.next; void rotated;",
      },
    ],
    world: "whole",
    seedBudget: 30,
  },
  {
    id: "policy that gives an open child more life than its parent",
    invariant: "P8-policy-holds",
    edits: [
      {
        file: "core/src/sessions/rebase.ts",
        find: "absolute: secondsOf(Math.min(chosen.absolute, session.policy.absolute))",
        replace: "absolute: secondsOf(Math.max(chosen.absolute, session.policy.absolute))",
      },
    ],
    world: "whole",
    seedBudget: 30,
  },
  {
    id: "policy applied with another idle time than it says",
    invariant: "P8-policy-holds",
    edits: [
      {
        file: "core/src/operations/apply-policy.ts",
        find: 'if (fate.kind === "untouched") return answer(UNTOUCHED);',
        replace:
          'if (fate.kind === "untouched") return answer(UNTOUCHED); if (fate.kind === "applied") (fate.next.policy as { idle: number }).idle = 1000;',
      },
    ],
    world: "whole",
    seedBudget: 30,
  },
  {
    id: "refresh that brings a session to a policy by its edit alone",
    invariant: "P8-policy-holds",
    edits: [
      {
        file: "core/src/operations/refresh.ts",
        find: 'import { decide } from "../sessions/decide.ts";',
        replace:
          'import { decide } from "../sessions/decide.ts"; import { currentPolicy, policyKey } from "../sessions/policy-row.ts"; import { rebasedPolicy } from "../sessions/rebase.ts";',
      },
      {
        file: "core/src/operations/refresh.ts",
        find: "return judge({ deps, request, parts, snapshot, keys, caller, row, session });",
        replace:
          "const held = policyKey(tenant, session.policy.name); if (!snapshot.has(held)) return { kind: 'read', keys: [held] }; const { policies } = deps as unknown as { policies: Parameters<typeof currentPolicy>[0] }; const newest = currentPolicy(policies, tenant, session.policy.name, snapshot); const widened = newest === undefined ? session : { ...session, policy: rebasedPolicy(session, newest.policy, true) }; return judge({ deps, request, parts, snapshot, keys, caller, row, session: widened });",
      },
    ],
    world: "whole",
    seedBudget: 30,
  },
];
