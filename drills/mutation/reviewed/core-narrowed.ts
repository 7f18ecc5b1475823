import type { Reviewed } from "../reviewed.ts";

/** Of core's operations, revocations and store: checks that the compiler needs. */
export const CORE_NARROWED: readonly Reviewed[] = [
  {
    why: "equivalent",
    reason:
      "A check for the compiler, of what can't be where it stands: what was read before it, or what follows, decides the same.",
    lines: {
      "operations/alter-session.ts": [
        "const isRotated = next.token !== null && next.token !== before.token;",
        "isRotated && next.token !== null ? mintSessionToken(deps.keys.open(snapshot).mac, next, next.token) : null;",
      ],
      "operations/answer-once.ts": [
        "if (row === undefined || known === undefined || known.answer !== null || known.fingerprint !== once.fingerprint)",
      ],
      "operations/apply-policy.ts": [
        "const session = row === undefined ? undefined : sessionFromRow(row);",
        "return session === undefined",
        "? []",
        "return row === undefined ? [] : [subjectKey(key.tenant, sessionFromRow(row).subject)];",
        "if (first === undefined || row === undefined) return answer(UNTOUCHED);",
        'return keys.map((key) => ({ key, expect: snapshot.get(key)?.version ?? "absent", next: "same" }));',
        'if (current?.policy.version !== request.version) return answer({ kind: "stale" });',
        "if (row === undefined || session === undefined) return answer(UNTOUCHED);",
      ],
      "operations/beside-runs.ts": [
        "const run = row === undefined ? undefined : running(row);",
        "return run === undefined || (run.run.reached !== null && session <= run.run.reached) ? [] : [run];",
      ],
      "operations/bootstrap-issuer.ts": [
        "const allowed = known.lifetimes.find(({ until }) => until === null)?.seconds ?? 0;",
        ".filter((one) => one.until === null || !isPast(one.until, now));",
      ],
      "operations/change-client.ts": ["if (row === undefined || before === undefined || before.deleted === true)"],
      "operations/compromise-keys.ts": [
        'const { alg } = keySetWith(ring, kids[0] ?? "") ?? { alg: DEFAULT_SIGNING_ALG };',
      ],
      "operations/disable-client.ts": ["if (row === undefined || before === undefined || before.deleted === true)"],
      "operations/drop-unused-keys.ts": [
        "ring.secrets === null",
        "after = rows.length < PAGE ? undefined : rows.at(-1)?.key.id;",
      ],
      "operations/end-by-run.ts": [
        "if (row === undefined || revocation === undefined || row.expires === null) return answer(null);",
        'if (next?.state.kind !== "ended") return NOTHING;',
        'const ruling = lapse(session, standing.kind === "ended" ? standing : null, clock);',
        'return ruling.kind === "changed" ? ruling.next : undefined;',
        "const isLost = isLostTo(run.clients ?? [], run.began ?? pos);",
      ],
      "operations/erase-persons.ts": [
        "if (last === undefined || rows.length < PAGE) return erased;",
        "if (row === undefined || left.length === persons.length) return answer(0);",
      ],
      "operations/erase-subject.ts": [
        "if (session.subject !== subject || !isBefore(session.born, cut)) return answer(false);",
        'const told = session.state.kind === "ended" || standing.kind === "active" ? [] : [standing];',
        "if (!page.more || after === undefined) return found;",
        "const cutSince = row !== undefined && row.notBefore !== null && isBefore(cut, row.notBefore);",
      ],
      "operations/explain-policy.ts": ['if (name === undefined) return refused("policy_not_found");'],
      "operations/explain-session.ts": [
        "after = facts.at(-1)?.cursor;",
        'const row = kind === "ended" ? snapshot.get(sessionKey({ tenant, id: because.ancestor })) : undefined;',
        "if (row === undefined) return null;",
        'const noted = isOfSubject ? cutOff?.by : lastBody(facts, "session_ended")?.revocation;',
        '(fact) => fact.kind === "refresh_refused" && (bodyOf(fact) as FactBodies["refresh_refused"]).outcome === "reused",',
        "if (shown === undefined) return null;",
        'if (fact.kind !== "token_refreshed") return false;',
        'return { kind: "reuse", generation, client, shown: shown.at, replaced: replaced?.at ?? null };',
        "const end = row === undefined ? undefined : stateAt(sessionFromRow(row), snapshot.clock);",
        'return end?.kind === "ended" ? [{ kind: "ancestor", ancestor: id, end }] : [];',
      ],
      "operations/export-subject.ts": [
        "after = page.facts.at(-1)?.cursor;",
        "if (!page.more || after === undefined) return facts;",
      ],
      "operations/issue-for-session.ts": [
        "issue.sessionToken === true && session.token !== null ? mintSessionToken(keys.mac, session, session.token) : null;",
      ],
      "operations/join-fleet.ts": [
        "const next = memberToRow(member, row.expires ?? afterMs(snapshot.clock, member.maxStaleness + CONNECTED.kept));",
      ],
      "operations/judge-receipt.ts": [
        "since: now.get(issuerKey(tenant))?.raisedAt ?? null,",
        "const began = snapshot.get(key)?.raisedAt ?? null;",
        "if (began === null || made === null) return false;",
      ],
      "operations/lead.ts": [
        "if (fence !== undefined && before?.node === candidate.node) {",
        "if (fence !== undefined && before !== undefined && hold !== undefined && isHeld(holdFromRow(hold), now, leadsFor))",
        "if (fence === undefined || hold === undefined || leaderFromRow(fence).node !== node) return answer(undefined);",
        "return fence === undefined || hold === undefined",
      ],
      "operations/list-keys.ts": ['if (!("sealed" in key)) return { ...key, alg };'],
      "operations/list-revocations.ts": [
        "if (found.length === asked.limit) return { revocations: found, next: found.at(-1)?.id ?? null };",
        "place = rows.at(-1)?.key.id;",
      ],
      "operations/note-node.ts": [
        "if (head !== null && mark !== undefined && mark !== head.mark) return false;",
        'const note = notes.get(member.at?.node ?? "");',
        'const noteOf = ({ at }: FleetMember): NodeNote | undefined => notes.get(at?.node ?? "");',
      ],
      "operations/open-session.ts": [
        'if (row === undefined) return { code: "client_not_found" };',
        'if (name === undefined) return { code: "policy_unknown" };',
        "if (row === undefined || (row.expires !== null && isPast(row.expires, snapshot.clock))) return undefined;",
        'if (found === undefined) return refuse("session_not_found");',
      ],
      "operations/policies.ts": [
        "if (last === undefined || rows.length < PAGE) return false;",
        "return { policies, next: all.length > limit && last !== undefined ? placeOf(last) : null };",
      ],
      "operations/policy-fate.ts": [
        "return row !== undefined && endedBy(sessionFromRow(row), policy, snapshot.clock) !== null;",
        'return row === undefined || clientFromRow(row).authentication === "none";',
        "const session = row === undefined ? undefined : sessionFromRow(row);",
        "return session !== undefined && livesOn(session, policy, snapshot) ? [session] : [];",
      ],
      "operations/preview-revocation.ts": [
        "const next = affected.length < left.length ? (affected.at(-1)?.session.id ?? null) : null;",
        "return (session) => session.id === target.session && familyOf(session, target.family)?.ended === null;",
        "const cutOff = snapshot.get(clientKey(tenant, target.client))?.notBefore ?? null;",
        "if (row !== undefined) subjects.add(sessionFromRow(row).subject);",
      ],
      "operations/read-audit.ts": [
        "return { from: first?.from ?? null, before: first?.before ?? null, records: found, next };",
      ],
      "operations/read-facts.ts": ["if (isOfFacts && failures >= LAID_ASIDE_AT && only !== undefined) {"],
      "operations/refresh.ts": [
        "if (row === undefined || session === undefined || !innerFits(session.seed, parts)) return answer(UNKNOWN);",
        'const unchanged = (key: RowKey): RowChange => ({ key, expect: snapshot.get(key)?.version ?? "absent", next: "same" });',
      ],
      "operations/register-client.ts": [
        'if (policy === undefined) return refused("policy_unknown");',
        "preset === null || !isSecret ? [] : [{ kid: PRESET_KID, hash: preset, added: snapshot.clock }];",
        "const set = row === undefined ? undefined : keySetOf(ringFromRow(row.value), alg);",
        "return set !== undefined && isPast(set.active.activatedAt, snapshot.clock);",
        "const client = row === undefined ? undefined : clientFromRow(row);",
        'return client === undefined || client.deleted === true ? refused("client_not_found") : granted(client);',
        "const next = rows.length > query.limit ? (clients.at(-1)?.id ?? null) : null;",
      ],
      "operations/rehash-secret.ts": [
        "const client = row === undefined ? undefined : clientFromRow(row);",
        "if (row === undefined || client === undefined || found === undefined) return answer(undefined);",
        "if (hash === undefined || found.kid === mac.secretKid) return answer(undefined);",
      ],
      "operations/replace-session.ts": [
        'if (row === undefined || session === undefined) return { code: "replaced_not_found" };',
        "const carried = guest !== null && request.replaces?.carryClaims === true ? guest.session.claims : {};",
        'const guard: RowChange = { key: above, expect: snapshot.get(above)?.version ?? "absent", next: "same" };',
      ],
      "operations/resolve-leaked.ts": ["if (session === undefined || session.token === null) return undefined;"],
      "operations/revoke-many.ts": ['if (target.kind !== "before") return false;'],
      "operations/revoke-token.ts": ["if (genuine === undefined) return NOTHING;"],
      "operations/revoke.ts": [
        'const whole = shares.filter((share) => typeof share !== "string");',
        "const cutOf = (id: ClientId): Position | null => snapshot.get(clientKey(issuer.tenant, id))?.notBefore ?? null;",
        'if (ruling.kind !== "changed" || ruling.next.state.kind !== "ended") throw new Error("what is over has no end");',
      ],
      "operations/rewrap-keys.ts": ["secrets === null"],
      "operations/roles.ts": [
        "if (scope !== null && before !== undefined && sameSet(scope, before)) return answer(granted(known));",
      ],
      "operations/rotate-client-secret.ts": [
        "if (row === undefined || before === undefined || before.deleted === true)",
        "if (newest === undefined || overlapMs === 0 || !isLiveSecret(newest, now)) return [];",
        "return [{ ...newest, until: newest.until === undefined ? end : Math.min(newest.until, end) }];",
      ],
      "operations/rotate-session-token.ts": [
        "if (family === undefined || family.ended !== null || familyStanding(session, family, snapshot) !== undefined)",
      ],
      "operations/scan-sessions.ts": [
        "const cut = wanted.length > room ? sessions.at(-1)?.session.id : undefined;",
        "if (cut === undefined && (isLast || reached === undefined)) return { sessions, scanned, unreadable, next: null };",
      ],
      "operations/search-sessions.ts": [
        "next: sessions.length < found.length ? (sessions.at(-1)?.session.id ?? null) : null,",
      ],
      "operations/subject-pages.ts": [
        "const next = ended || last === undefined ? afterKind(kinds, kind) : { kind, after: last.key.id };",
      ],
      "operations/settle-revocation.ts": [
        "const looked = last === undefined ? 0 : page.indexOf(last) + 1;",
        "if (page.length < PAGE || reached === undefined) return finish(deps, id, scanned);",
        "return large === undefined ? clientScope(run.clients ?? [], began) : largeScope(large, began, run.since, issuer.skew);",
      ],
      "revocation/cursor.ts": ["if (key === undefined) return undefined;"],
      "revocation/forgotten.ts": [
        'target.kind === "subject" && target.subject === subject ? { ...target, subject: name } : target,',
      ],
      "revocation/large-scope.ts": ['if (target.kind === "before" && "time" in target)'],
      "store/change-each.ts": ['else if (decision.kind === "read" || change === undefined) answers.push(undefined);'],
      "store/change.ts": [
        "if (raised === undefined || stamped.notBefore === null) return { pos: snapshot.head.pos, at: snapshot.clock };",
      ],
      "revocation/receipt.ts": [
        ".map((service) => serviceOf(revocation, service, byService.get(service) ?? [], listed.get(service) ?? [], fleet));",
        '(by, { enforcement }) => (enforcement.kind === "waiting" ? latest(by, enforcement.refusesBy) : by),',
        'return enforcement.kind === "waiting" ? enforcement.refusesBy : undefined;',
      ],
    },
  },
];
