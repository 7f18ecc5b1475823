// Bugs that were planted on purpose: what they are, where, which invariant must find each and within how many seeds.
// `find` stands exactly once in its file, or the drill fails: a list that no longer fits the code proves nothing.

import { WHOLE_BUGS } from "./whole-bugs.ts";
import type { InvariantId } from "./world/violation.ts";

export interface Edit {
  /** Under packages/. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Bug {
  readonly id: string;
  readonly invariant: InvariantId;
  readonly edits: readonly Edit[];
  /** It is found at one of the seeds from 1 to this. */
  readonly seedBudget: number;
  /** Hunted there; in the small one without it. */
  readonly world?: "whole";
}

const connection = "server/src/feed/connection.ts";

export const BUGS: readonly Bug[] = [
  {
    id: "commit without comparing",
    invariant: "P4-serial",
    edits: [
      {
        file: "store-memory/src/apply-change.ts",
        find: 'if (!change.rows.every((row) => isAsExpected(book, row))) return { kind: "conflict" };',
        replace: "void isAsExpected;",
      },
    ],
    seedBudget: 60,
  },
  {
    id: "conflict taken for success",
    invariant: "P1-acknowledged-is-durable",
    edits: [
      {
        file: "core/src/store/change.ts",
        find: 'case "conflict":\n      return "conflict";',
        replace: 'case "conflict":\n      return { pos: { epoch: 1, seq: 0 }, at: 0 as Instant };',
      },
    ],
    seedBudget: 60,
  },
  {
    id: "unknown outcome taken for success",
    invariant: "P1-acknowledged-is-durable",
    edits: [
      {
        file: "core/src/store/change.ts",
        find: "return reread(store, one, outcome.cause);",
        replace: "void reread; return { pos: { epoch: 1, seq: 0 }, at: 0 as Instant };",
      },
    ],
    seedBudget: 60,
  },
  {
    id: "no guards on what a refresh hangs on",
    invariant: "P2-cut-off-holds",
    edits: [{ file: "core/src/operations/refresh.ts", find: "...guards(one),", replace: "" }],
    seedBudget: 400,
  },
  {
    id: "cut-off of a subject noticed, and not written on its row",
    invariant: "P2-cut-off-holds",
    edits: [
      {
        file: "core/src/operations/revoke.ts",
        find: "next: subjectToRow(cutAnew(row, { block: subjectFromRow(row).block, cut: null, by: id })),\n      raise: true,",
        replace: "next: subjectToRow(cutAnew(row, { block: subjectFromRow(row).block, cut: null, by: id })),",
      },
    ],
    seedBudget: 60,
  },
  {
    id: "cut-off of a tenant noticed, and not written on the row of its keys",
    invariant: "P6-nobody-logged-out",
    edits: [
      {
        file: "core/src/operations/revoke-many.ts",
        find: "next: { value: ring.value, expires: ring.expires }, raise: true }],",
        replace: "next: { value: ring.value, expires: ring.expires } }],",
      },
    ],
    seedBudget: 60,
  },
  {
    id: "retry window extended by use",
    invariant: "P5-window-fixed",
    edits: [
      {
        file: "core/src/sessions/refresh-outcome.ts",
        find: 'if (!isPast(after(family.rotatedAt, policy.retryWindow), now)) return { kind: "retried", family, used: null };',
        replace:
          'if (!isPast(after(family.rotatedAt, policy.retryWindow), now)) { const moved = { ...family, rotatedAt: now }; return { kind: "recovered", family: moved, next: withFamily(session, moved) }; }',
      },
    ],
    seedBudget: 60,
  },
  {
    id: "superseded whatever its age",
    invariant: "P5-reuse-found",
    edits: [
      {
        file: "core/src/sessions/refresh-outcome.ts",
        find: 'if (remembered !== undefined && !isPast(after(remembered.at, policy.retryWindow), now)) return { kind: "superseded" };',
        replace: 'if (remembered !== undefined) return { kind: "superseded" };',
      },
    ],
    seedBudget: 60,
  },
  {
    id: "altered scope not met with the old one",
    invariant: "P8-never-wider",
    edits: [
      {
        file: "core/src/sessions/decide.ts",
        find: "scope: family.scope.filter((token) => scope.includes(token))",
        replace: 'scope: [...family.scope, "admin"]',
      },
    ],
    seedBudget: 60,
  },
  {
    id: "notice that dies before the tokens it takes",
    invariant: "P2-bounded",
    edits: [
      {
        file: "core/src/revocation/notice-draft.ts",
        find: "livesMs: life.longestToken * 1000 + skews",
        replace: "livesMs: 3000",
      },
    ],
    seedBudget: 200,
  },
  {
    id: "child sessions without ancestors in their tokens",
    invariant: "P2-bounded",
    edits: [
      {
        file: "core/src/tokens/access-token.ts",
        find: 'if (session.ancestors.length > 0) claims["anc"] = [...session.ancestors];',
        replace: "",
      },
    ],
    seedBudget: 200,
  },
  {
    id: "subtree notice matched without ancestors",
    invariant: "P2-bounded",
    edits: [
      {
        file: "verifier/src/notice-table.ts",
        find: 'for (let at = token.ancAt; at < token.ancEnd && taken !== "revoked"; at += 4) {',
        replace: 'for (let at = token.ancEnd; at < token.ancEnd && taken !== "revoked"; at += 4) {',
      },
    ],
    seedBudget: 200,
  },
  {
    id: "heartbeat without a position",
    invariant: "P2-bounded",
    edits: [
      {
        file: "verifier/src/lease.ts",
        find: 'if (isBefore(applied.at, head.pos) || head.keys > applied.keys) return "behind";',
        replace: "",
      },
    ],
    seedBudget: 200,
  },
  {
    id: "freshness counted from the arrival of the head",
    invariant: "P2-bounded",
    edits: [
      {
        file: "verifier/src/feed-connection.ts",
        find: "const answer = knowledge.answer(frame, ping);",
        replace:
          "const now = { wall: ports.clock.now(), mono: ports.clock.monotonic() }; const answer = knowledge.answer(frame, ping === undefined ? ping : { ...ping, at: now });",
      },
    ],
    seedBudget: 500,
  },
  {
    id: "answer to an old ping counted for the latest",
    invariant: "P2-bounded",
    edits: [
      {
        file: "verifier/src/lease.ts",
        find: "const ping = this.#sent.get(n);",
        replace: "const ping = [...this.#sent.values()].at(-1);",
      },
    ],
    seedBudget: 1500,
  },
  {
    id: "streams not told of notices",
    invariant: "P2-bounded",
    edits: [{ file: "verifier/src/verifier.ts", find: "return this.#ended.onNotices(notices);", replace: "return;" }],
    seedBudget: 60,
  },
  {
    id: "lease judged before the signature was waited for",
    invariant: "P2-bounded",
    edits: [
      {
        file: "verifier/src/verifier.ts",
        find: "const reading = this.#read(token);",
        replace: "const before = this.#decision.age(); const reading = this.#read(token);",
      },
      {
        file: "verifier/src/verifier.ts",
        find: "let verdict = this.#decision.decide(read, required, undefined);",
        replace:
          "(this.#decision as { before?: number }).before = before; let verdict = this.#decision.decide(read, required, undefined); (this.#decision as { before?: number }).before = undefined;",
      },
      {
        file: "verifier/src/decision.ts",
        find: "const viewAge = knowledge.lease.age(wall, mono);",
        replace: "const viewAge = (this as { before?: number }).before ?? knowledge.lease.age(wall, mono);",
      },
    ],
    world: "whole",
    seedBudget: 60,
  },
  {
    id: "notices forgotten by the verifier's own clock",
    invariant: "P2-receipt",
    edits: [
      {
        file: "verifier/src/decision.ts",
        find: "const viewAge = knowledge.lease.age(wall, mono);",
        replace: "knowledge.known?.table.forget(wall); const viewAge = knowledge.lease.age(wall, mono);",
      },
      {
        file: "verifier/src/notice-table.ts",
        find: "if (past * 4 > this.#used && past > 16)",
        replace: "if (past > 0)",
      },
    ],
    seedBudget: 200,
  },
  {
    id: "signatures remembered by jti",
    invariant: "P3-forged",
    edits: [
      {
        file: "verifier/src/token-reader.ts",
        find: "const remembered = deps.memory.find(token);",
        replace:
          'const [, body = ""] = token.split("."); const remembered = deps.memory.find(String(JSON.parse(Buffer.from(body, "base64url").toString()).jti));',
      },
      {
        file: "verifier/src/token-reader.ts",
        find: "deps.memory.keep(token, remembered);",
        replace: "void token; deps.memory.keep(claims.jti, remembered);",
      },
    ],
    seedBudget: 60,
  },
  {
    id: "older epoch accepted",
    invariant: "P2-bounded",
    edits: [
      { file: "verifier/src/judge.ts", find: 'if (token.keys.epoch < known.epoch) return "older_epoch";', replace: "" },
    ],
    seedBudget: 200,
  },
  {
    id: "compromised key kept",
    invariant: "P9-compromised-key",
    edits: [
      {
        file: "verifier/src/key-set.ts",
        find: "this.#keys = next;",
        replace: "for (const [kid, key] of next) this.#keys.set(kid, key);",
      },
    ],
    seedBudget: 200,
  },
  {
    id: "head that was read before the ping arrived",
    invariant: "P2-bounded",
    edits: [
      {
        file: "server/src/feed/head-reader.ts",
        find: "waiting = undefined;\n      try {\n        batch.resolve(await read());\n      } catch (cause) {",
        replace:
          "try {\n        const read_ = await read(); waiting = undefined; batch.resolve(read_);\n      } catch (cause) {\n        waiting = undefined;",
      },
    ],
    seedBudget: 2000,
  },
  {
    id: "session read from what a node remembers",
    invariant: "L2-one-order",
    edits: [
      {
        file: "core/src/operations/read-session.ts",
        find: "const snapshot = await store.read([key, ringKey(tenant)]);",
        replace:
          "const seen = ((store as { seen?: Map<string, Awaited<ReturnType<Store['read']>>> }).seen ??= new Map()); const snapshot = seen.get(id) ?? (await store.read([key, ringKey(tenant)])); seen.set(id, snapshot);",
      },
    ],
    world: "whole",
    seedBudget: 30,
  },
  {
    id: "receipt says enforced on sending",
    invariant: "P2-receipt",
    edits: [
      {
        file: connection,
        find: "state.sent = interval.to;\n    this.#outbox.send(interval.text);",
        replace:
          "state.sent = interval.to;\n    this.#outbox.send(interval.text); this.#deps.heard.acknowledged(state.heardAs, interval.to, 0);",
      },
    ],
    seedBudget: 200,
  },
  {
    id: "fleet row written after the first head",
    invariant: "P2-receipt",
    edits: [
      {
        file: connection,
        find: "this.#joined = fleet.join(hello, clientId, { at, read });\n    await this.#joined;",
        replace:
          "this.#deps.scheduler.after(3000, () => void fleet.join(hello, clientId, { at, read }).catch(() => {})); await Promise.resolve();",
      },
    ],
    seedBudget: 500,
  },
  {
    id: "receipt's bound counted from the time of its commit",
    invariant: "P2-receipt",
    edits: [
      {
        file: "core/src/revocation/receipt.ts",
        find: "const shown = earliest(latest(committed, fleet.shownBy ?? committed), afterMs(committed, SHOWN_WITHIN));",
        replace: "const shown = committed; void [earliest, latest, SHOWN_WITHIN];",
      },
    ],
    seedBudget: 500,
  },
  ...WHOLE_BUGS,
];
