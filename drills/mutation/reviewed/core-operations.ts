import type { Reviewed } from "../reviewed.ts";

/** Of core's operations, revocations and store: all other reasons. */
export const CORE_OPERATIONS: readonly Reviewed[] = [
  {
    why: "equivalent",
    reason:
      "It spares work and changes no answer: what it leaves out is read, compared, written or decided again all the same.",
    lines: {
      "operations/apply-policy.ts": [
        "const own = rows.filter((row) => sessionFromRow(row).policy.name === policy.name).map(({ key }) => key);",
        "if (own.length === 0) return [];",
        "beside.length === 0 ? first : await deps.store.read([ringKey(tenant), ...unique([...own, ...beside])]);",
        "const others = judged.filter(",
        '({ fate }) => fate.kind !== "untouched" && !(fate.kind === "ended" && fate.by === "limit"),',
        'const live = new Set(read.filter(({ state }) => state.kind === "active").map(({ id }) => id));',
        "const together = others.slice(from, from + AT_ONCE).map((one) => applyToOne(deps, request, one.key));",
        "if (row === undefined || until <= absoluteEnd(session)) return [];",
      ],
      "operations/change-client.ts": [
        "const keys = policy === undefined ? [key] : [key, policyKey(deps.tenant, policy)];",
      ],
      "operations/compromise-keys.ts": ["if (named.length === 0) continue;"],
      "operations/drop-unused-keys.ts": [
        "if (mayGo(ringFromRow(row.value), snapshot.clock, deps.policy).length === 0) return [];",
      ],
      "operations/end-by-run.ts": ['if (session.state.kind === "ended") return NOTHING;'],
      "operations/erase-persons.ts": [
        "if (personsFromRow(row).some((person) => person.value === value)) erased += await eraseIn(deps, row.key, value);",
        "const last = rows.at(-1);",
      ],
      "operations/erase-subject.ts": [
        "const found: string[] = [];",
        'if (kind !== "session_ended") continue;',
        "if (revocation !== null) found.push(revocation);",
        "after = page.facts.at(-1)?.cursor;",
        "return next === before",
      ],
      "operations/export-subject.ts": ["const { clock } = await store.read([]);"],
      "operations/introspect-token.ts": [
        'const look = lookAt(deps, isRefresh ? "" : text);',
        "return roles.length > 0 && scopesOf(rolesFromRow(snapshot.get(rolesKey(tenant))), roles).includes(VERIFIER_SCOPE);",
      ],
      "operations/issue-client-token.ts": [
        "if (caller.outdatedSecret) await rehashSecret(deps, tenant, request.credentials);",
        "if (roles.length === 0 || audience.some((one) => one !== issuer.url)) return client;",
      ],
      "operations/list-revocations.ts": [
        "if (!asked.mayBe(row)) continue;",
        'const isWanted = ({ run }: Revocation): boolean => run?.status === "running";',
        'const RUNNING = \'"status":"running"\';',
      ],
      "operations/note-node.ts": [
        "return order < 0 || (order === 0 && snapshot.head.mark !== head.mark);",
        "const ids = [...new Set(placed.flatMap(({ at }) => at?.node ?? []))];",
      ],
      "operations/open-session.ts": [
        "if (known.get(client) === name) return;",
        "return ancestors.slice(0, 1).map((id) => sessionKey({ tenant, id }));",
      ],
      "operations/policies.ts": [
        "const last = rows.at(-1);",
        'const last = rows.length > query.limit ? (edited.at(-1)?.policy.name ?? "") : undefined;',
        "const merged = [...edited, ...profiles.filter(({ policy }) => last === undefined || policy.name < last)].toSorted(",
      ],
      "operations/policy-fate.ts": [
        'if (session.policy.name !== policy.name || standingOf(session, snapshot).kind === "ended") return UNTOUCHED;',
        "return listed.length <= policy.maxSessions ? [] : listed.map(({ id }) => sessionKey({ tenant: key.tenant, id }));",
      ],
      "operations/preview-revocation.ts": [
        'return target.kind === "session" || target.kind === "family" ? [sessionKey({ tenant, id: target.session })] : [];',
        "const bounds = only !== undefined && isLarge(only) ? largeScope(only, null, null, skew) : undefined;",
      ],
      "operations/read-affected.ts": [
        'run === undefined ? [] : [listed(store, tenant, request, "ended"), listed(store, tenant, request, "besides")];',
        "if (last === undefined || own.length < rows.length || rows.length < 16) break;",
      ],
      "operations/read-facts.ts": [
        "const moved = await move(deps, reader, version, prepared?.keys ?? [], (now) => {",
        "await move(deps, reader, version, [], ({ clock }) => failed(state, facts, cause, reader, clock));",
      ],
      "operations/read-revocation.ts": [
        "const last = rows.at(-1);",
        "if (rows.length < PAGE || last === undefined) return members;",
      ],
      "operations/refresh.ts": [
        "let outdatedSecret = false;",
        "const genuine = keys === known ? fits : outerFits(schemeOf(deps, keys), parts);",
        "if (outdatedSecret) await rehashSecret(deps, tenant, request.credentials);",
      ],
      "operations/register-client.ts": ["if (alg === DEFAULT_SIGNING_ALG) return true;"],
      "operations/rehash-secret.ts": [
        'if (!("secret" in credentials)) return;',
        "if (presented === undefined) return;",
      ],
      "operations/revoke-token.ts": [
        "let outdatedSecret = false;",
        "if (outdatedSecret) await rehashSecret(deps, tenant, request.credentials);",
      ],
      "operations/revoke.ts": [
        "const ended = whole.length === 1 ? (whole[0]?.ended ?? []) : [...new Set(whole.flatMap((share) => share.ended))];",
        'each.kind === "token" && each.jti === target.jti ? [keptUntil(deps, each, snapshot.clock)] : [],',
      ],
      "operations/rewrap-keys.ts": ['if (from.length === 0) return { kind: "unchanged" };'],
      "operations/scan-sessions.ts": [
        "const spoilt = page.length === read.length ? [] : page.filter((row) => readable(row) === undefined);",
        "if (keys.length === 0) return [];",
      ],
      "operations/settle-revocation.ts": [
        "const page = rows.filter((one) => !scope.isBeyond(one.key.id));",
        "return place === null || place.scanned < run.scanned ? run : place;",
      ],
      "store/change.ts": [
        "let asked: readonly RowKey[] = [];",
        'if (written.length === 0) throw new Fault("outcome_unknown", { cause });',
      ],
      "store/check-changes.ts": ["if (isChecked(changes)) return;", "if (changes.length === 1) return;"],
    },
  },
  {
    why: "equivalent",
    reason:
      "Both sides of the boundary, or both values, come to the same: nothing and an empty list, what is absent and what is undefined, an instant and itself.",
    lines: {
      "operations/alter-session.ts": [
        "if (claims !== undefined && new TextEncoder().encode(JSON.stringify(claims)).length > MAX_SESSION_CLAIMS)",
      ],
      "operations/apply-policy.ts": [
        "const touched: Touched[] = [];",
        "for (let from = 0; from < others.length; from += AT_ONCE) {",
        "policy: rebasedPolicy(session, policy, true),",
        "return absoluteEnd(session) < afterMs(now, issuer.longestToken * 1000);",
      ],
      "operations/change-client.ts": [
        "const policy = wanted.policy === undefined ? undefined : parsePolicyName(wanted.policy);",
      ],
      "operations/drop-unused-keys.ts": ["...(after === undefined ? {} : { after }),"],
      "operations/end-by-run.ts": ["answer: () => null,"],
      "operations/erase-persons.ts": ["const place = after === undefined ? {} : { after };"],
      "operations/erase-subject.ts": ["const place = after === undefined ? {} : { after };"],
      "operations/explain-session.ts": [
        "const place = after === undefined ? {} : { after };",
        'case "signed_out":',
        'case "revoked":',
        'case "subject_revoked":',
        'case "client_revoked":',
        'case "tenant_revoked":',
        'case "subject_blocked":',
        'case "subject_erased":',
      ],
      "operations/export-subject.ts": [
        "const page = await store.facts({ tenant, session, limit: FACTS, ...(after === undefined ? {} : { after }) });",
      ],
      "operations/introspect-token.ts": [
        "function rolesGive({ tenant }: Issuer, { roles = [] }: Client, snapshot: Snapshot): boolean {",
      ],
      "operations/issue-client-token.ts": ["take: TakeToken = () => 0,", "const { roles = [] } = client;"],
      "operations/list-revocations.ts": ["...(place === undefined ? {} : { after: place }),"],
      "operations/open-session.ts": [
        'if (policy.requiredAcr.length > 0 && !policy.requiredAcr.includes(request.acr ?? "")) return { code: "acr_too_low" };',
      ],
      "operations/policies.ts": [
        'const rows = await store.list({ tenant, kind: "client", limit: PAGE, ...(after === undefined ? {} : { after }) });',
        "return Object.entries({ ...policy, version: 0 }).toSorted(([a], [b]) => (a < b ? -1 : 1));",
        'const after = query.after ?? "";',
        "(one, other) => (one.policy.name < other.policy.name ? -1 : 1),",
        "after: query.after === null ? first : policyVersionKey(tenant, query.name, Number(query.after)).id,",
      ],
      "operations/preview-revocation.ts": [
        'if (target.kind === "subject") subjects.add(target.subject);',
        'case "token":',
        "return () => false;",
        'case "before":',
      ],
      "operations/read-facts.ts": ["if (state.retryAt !== null && snapshot.clock < state.retryAt) return NOTHING;"],
      "operations/read-revocation.ts": [
        'const rows = await store.list({ tenant, kind: "verifier", limit: PAGE, ...(after === undefined ? {} : { after }) });',
      ],
      "operations/refresh.ts": [
        "...(request.scope === undefined ? {} : { scope: request.scope }),",
        "const isExcused = issuer.raisedAt !== null && snapshot.clock - issuer.raisedAt < ONE_LOSS_SHOWS_FOR;",
        'notices: [{ ...noticeDraft(tenant, { kind: "epoch" }, deps.issuer, deps.dice), newEpoch: { above: null } }],',
      ],
      "operations/revoke-token.ts": ["return { rows: [], find: () => found };"],
      "operations/revoke.ts": ["const drafted: Drafted = { rows: [], sessions: [] };"],
      "operations/rewrap-keys.ts": ["let from: readonly string[] = [];"],
      "operations/scan-sessions.ts": ["...(place === undefined ? {} : { after: place }),"],
      "operations/search-sessions.ts": ["return seen.toSorted((a, b) => (a.session.id < b.session.id ? 1 : -1));"],
      "operations/settle-revocation.ts": ["...(after === undefined ? {} : { after }),"],
      "revocation/cursor.ts": [
        'const shown = Buffer.from(tag, "ascii");',
        'return expected !== undefined && timingSafeEqual(Buffer.from(encodeBase64url(expected), "ascii"), shown);',
      ],
      "revocation/revocation-row.ts": [
        "...(ended === undefined ? {} : { ended }),",
        "...(run === undefined ? {} : { run }),",
      ],
      "store/change-each.ts": ["const settled = await settle(store, change, outcome === undefined ? [] : [outcome]);"],
    },
  },
  {
    why: "equivalent",
    reason: "The name of an outcome for which nobody asks by name: whoever receives it asks for the others.",
    lines: {
      "operations/add-signing-alg.ts": [
        'return { kind: "changed", alg, next, facts: keyFacts(tenant, now, made.facts) };',
      ],
      "operations/apply-policy.ts": [
        'const UNTOUCHED: Touched = { kind: "untouched" };',
        'return fate.kind === "ended" ? { ...fate, session } : { kind: fate.kind };',
        'if (one.kind !== "untouched") touched.push(one);',
        'state: { kind: "ended", reason: "policy_applied", at: snapshot.clock },',
        'const crowded = judged.filter(({ fate }) => fate.kind === "ended" && fate.by === "limit");',
      ],
      "operations/beside-runs.ts": [
        'if (sameToQueries(before, next)) return { kind: "outside", rows: [] };',
        'if (ids.length === 0) return { kind: "outside", rows: [guard] };',
        'return { kind: "outside", rows: [guard, ...marks] };',
      ],
      "operations/change-keys.ts": [
        'return { kind: "changed", alg, next, facts: keyFacts(tenant, now, ruling.facts, actor) };',
      ],
      "operations/compromise-keys.ts": [
        'return { kind: "changed", alg, next, facts: keyFacts(tenant, now, facts, actor) };',
      ],
      "operations/drop-unused-keys.ts": ['return { kind: "changed", next, facts: macFacts(tenant, now, facts) };'],
      "operations/end-by-run.ts": ['const NOTHING: Share = { kind: "nothing" };'],
      "operations/erase-subject.ts": ["? answer(false)"],
      "operations/make-room.ts": [
        'if (listed.length < policy.maxSessions) return { kind: "room", ...evicting(one, [...listed, entry], []) };',
        'if (surplus <= 0) return { kind: "room", ...evicting(one, [...live, entry], []) };',
        ': { kind: "room", ...evicting(one, [...left, entry], victims) };',
      ],
      "operations/open-session.ts": [
        'if (room.kind === "crowded") return write({ ...room, answer: () => ({ kind: "cleared", evicted: room.evicted }) });',
      ],
      "operations/preview-revocation.ts": ["isBeyond: bounds?.isBeyond ?? (() => false),"],
      "operations/revoke-token.ts": [
        'return { kind: "token", of: "access", client, session, target };',
        'return { kind: "token", of: "refresh", client: family.client, session: session.id, target };',
      ],
      "operations/rewrap-keys.ts": [
        'return { kind: "changed", next, facts: [fact(tenant, now, "keys_rewrapped", { from, to: deps.kek.id })] };',
      ],
      "revocation/revoked-token.ts": [
        'return { key: revokedTokenKey(tenant, jti), expect: "absent", next: { value: "1", expires } };',
      ],
    },
  },
  {
    why: "equivalent",
    reason: "A large target stands alone, so that some of the targets and each of them are the same.",
    lines: {
      "operations/end-by-run.ts": [
        "if (!revocation.targets.some(isLarge)) return familiesOf(revocation, row, session, snapshot);",
        'const whole = revocation.targets.some(({ kind }) => kind === "tenant");',
      ],
      "revocation/forgotten.ts": [
        "return targets.some((target) => subjectOf(target) === subject) ? forgotten(rest, dice) : rest;",
      ],
      "revocation/large-run.ts": [
        'return !targets.some((target) => isLarge(target) && target.kind !== "tenant");',
        'return run === undefined || !targets.some(isLarge) ? "complete" : run.status;',
        'return run?.status === "running" && !targets.some(isLarge);',
      ],
    },
  },
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
        'if (current?.policy.version !== request.version) return answer({ kind: "stale" });',
      ],
      "operations/drop-unused-keys.ts": ["dropped.clear();"],
      "operations/erase-persons.ts": ["if (row === undefined || left.length === persons.length) return answer(0);"],
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
      "operations/rehash-secret.ts": [
        "if (hash === undefined || found.kid === mac.secretKid) return answer(undefined);",
      ],
      "operations/scan-sessions.ts": ["if (row === undefined) return [];"],
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
