import type { Reviewed } from "../reviewed.ts";

/** Of core's operations, revocations and store: what somebody could tell, and why no test does. */
export const CORE_ACCEPTED: readonly Reviewed[] = [
  {
    why: "accepted",
    reason:
      "Throws, or says why, where only a defect of the program comes; whatever it would do instead fails as well, a line later and less clearly.",
    lines: {
      "operations/drop-unused-keys.ts": ['if (row === undefined) throw unreadable("there are no keys yet");'],
      "operations/end-by-run.ts": ['if (row.expires === null) throw new Error("a revocation\'s row never comes due");'],
      "operations/list-keys.ts": ['if (row === undefined) throw unreadable("there are no keys yet");'],
      "operations/open-session.ts": [
        'if (family === undefined) throw new Error("a session was opened without a family");',
      ],
      "operations/read-facts.ts": ['if (last === undefined) throw new Error("a reader moved past no fact");'],
      "operations/refresh.ts": [
        'case "unknown":',
        'case "misbound":',
        'case "over":',
        'case "unchanged":',
        'case "changed":',
        'throw new Error("a refresh was ruled as if it were another event");',
        'if (issuer === undefined) throw new Error("the issuer has no row");',
      ],
      "operations/register-client.ts": ['if (hash === undefined) throw new Error("the current server key is gone");'],
      "operations/replace-session.ts": [
        'if (ruling.kind !== "changed") throw new Error("a live session could not be ended");',
      ],
      "operations/revoke-many.ts": ['if (ring === undefined) throw new Error("the tenant has no keys");'],
      "operations/rotate-client-secret.ts": [
        'if (hash === undefined) throw new Error("the current server key is gone");',
      ],
      "revocation/cursor.ts": ['if (tag === undefined) throw new Error("the current server key is gone");'],
      "operations/start-epoch.ts": ['if (row === undefined) throw new Error("the issuer has no row");'],
      "operations/tend-keys.ts": ['if (row === undefined) throw unreadable("there are no keys yet");'],
    },
  },
  {
    why: "accepted",
    reason:
      "Tells the families of a session apart. No operation of this release gives a session a second one; where it matters, a row that was written by hand has two.",
    lines: {
      "operations/issue-for-session.ts": [
        "return request.session.families.every((family) => canAlwaysBeMinted(contentOf(issuer, { ...request, family })));",
      ],
      "operations/open-session.ts": [
        "const family = session.families.find((one) => one.id === remembered.family);",
        'if (family === undefined) return refuse("session_over");',
      ],
      "operations/policy-fate.ts": ["return families.some(({ client }) => {"],
      "operations/refresh.ts": [
        "const madeAt = session.families.find(({ id }) => id === family.id)?.rotatedAt ?? snapshot.clock;",
      ],
      "operations/replace-session.ts": [
        'if (!session.families.some(({ client }) => client === request.client)) return { code: "replaced_not_found" };',
      ],
      "operations/rotate-session-token.ts": [
        "const family = session.families.find(({ id, ended }) => (before === null ? ended === null : id === before.family));",
      ],
    },
  },
  {
    why: "accepted",
    reason: "How much is looked at in one step, or kept at most: more or fewer steps, the same answer.",
    lines: {
      "operations/apply-policy.ts": ["const size = Math.min(PAGE, limit - examined);"],
      "operations/explain-session.ts": ["for (let pages = 0; pages < MOST_PAGES; pages += 1) {"],
      "operations/open-session.ts": ["if (known.size >= MOST_REMEMBERED) known.clear();"],
      "operations/policies.ts": ['if (version > MOST_VERSIONS) return answer(refused("policy_invalid"));'],
      "operations/read-affected.ts": ["while (ids.length <= limit) {"],
      "operations/read-audit.ts": [
        "for (let read = 0; read < BLOCKS * 2 && found.length < LONGEST_BLOCK * BLOCKS; read += found.length > 0 ? 1 : 0) {",
      ],
      "operations/settle-revocation.ts": [
        "if (scanned - revocation.run.scanned >= NOTED_EVERY) await note(deps, key, now);",
      ],
      "operations/sweep-passed.ts": ["if (done === 0) limit += STEP;"],
    },
  },
  {
    why: "accepted",
    reason:
      "Somebody else writes between two reads: what was found a moment ago is gone or over by then, and nothing is left to be done with it.",
    lines: {
      "operations/apply-policy.ts": [
        "const known = subjectsOf(own, snapshot).filter((key) =>",
        "listedBeside(key, policy, snapshot).every((each) => snapshot.has(each)),",
      ],
      "operations/drop-unused-keys.ts": ["dropped.clear();"],
      "operations/erase-subject.ts": [
        "if (row === undefined) return answer(false);",
        "if (row === undefined || row.expires === null) return answer(false);",
        "const next = row === undefined ? undefined : answerWithoutSubject(row, subject, nobody);",
        "return row === undefined || next === undefined",
        "? answer(false)",
      ],
      "operations/explain-session.ts": [
        "const at = fact?.at ?? (family.ended === null ? (row?.raisedAt ?? null) : null);",
      ],
      "operations/export-subject.ts": ["if (row === undefined) continue;"],
      "operations/issue-for-session.ts": ["return row === undefined ? [] : [absoluteEnd(sessionFromRow(row))];"],
      "operations/make-room.ts": ["if (row === undefined) return [];", 'if (ruling.kind !== "changed") return [];'],
      "operations/scan-sessions.ts": ["if (row === undefined) return [];"],
      "operations/settle-revocation.ts": [
        "const revocation = row === undefined ? undefined : running(row);",
        "return row === undefined || revocation === undefined",
        "const revocation = row === undefined ? undefined : running(row);",
        "if (row === undefined || revocation === undefined || row.expires === null) return answer(OVER);",
      ],
    },
  },
  {
    why: "accepted",
    reason: "Sentences for the printed reference, which is compared with what is printed.",
    lines: {
      "facts.ts": ["export const FACT_SENTENCES: Readonly<Record<FactKind, string>> = {"],
    },
  },
  {
    why: "accepted",
    reason:
      "What would be too large was refused before: a session's tokens are measured when it is opened and whenever it changes.",
    lines: {
      "operations/issue-for-session.ts": ["if (access === undefined) return undefined;"],
      "operations/open-session.ts": [
        'if (tokens === undefined || !tokensAlwaysFit(deps.issuer, { session, snapshot })) return refuse("token_too_large");',
        'if (tokens === undefined) return refuse("token_too_large");',
      ],
      "operations/refresh.ts": [
        'if (tokens === undefined) return answer({ kind: "denied", code: "token_too_large" });',
      ],
    },
  },
];
