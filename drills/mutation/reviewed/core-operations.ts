import type { Reviewed } from "../reviewed.ts";

/** Of core's operations, revocations and store: why nobody can tell. */
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
        'return session === undefined || (session.state.kind === "active" && means(session));',
        "const page = rows.filter((one) => !scope.isBeyond(one.key.id));",
        "return place === null || place.scanned < run.scanned ? run : place;",
      ],
      "store/change.ts": ['if (written.length === 0) throw new Fault("outcome_unknown", { cause });'],
      "store/check-changes.ts": [
        "if (text.length * 3 <= bytes) return false;",
        "return text.length > bytes || new TextEncoder().encode(text).length > bytes;",
        "if (isChecked(changes)) return;",
        "if (changes.length === 1) return;",
      ],
      "operations/sweep.ts": [
        'if (next.expires === row.expires) return answer("later");',
        "const { clock } = await store.read([issuerKey(deps.issuer.tenant)]);",
        'const tenants = new Set(keys.flatMap(({ kind, tenant }) => (kind === "session" ? [tenant] : [])));',
        'if (ruling.kind !== "changed") return answer("later");',
      ],
      "operations/sweep-passed.ts": [
        "if (reachedIn((await store.read([noted])).get(noted)) >= reached) return 0;",
        "for (let from = 0; from < keys.length; from += TOGETHER) {",
        'if (row === undefined || row.expires === null || !isPast(row.expires, reached)) return answer("left");',
        'if (session.state.kind === "ended") return answer("left");',
      ],
      "store/checked-batches.ts": [
        "checked.add(changes);",
        "export function isChecked(changes: readonly Change[]): boolean {",
      ],
      "store/row-map.ts": ["} else if (gone.next === undefined) this.#first.delete(key.id);"],
      "store/gather.ts": [
        "if (changes.length === 1 && only !== undefined) {",
        'for (const outcome of outcomes) if (outcome.kind === "committed") seen(outcome.at);',
        "if (upTo < batch.length) nextTurn(() => settleFrom(upTo, batch, outcomes, nextTurn));",
        "if (change.notices.length === 0) return change;",
      ],
      "operations/sign-checkpoint.ts": ["if (known !== undefined) return granted(checkpointFromRow(known));"],
      "operations/tend-keys.ts": [
        "if (!isAnythingDue(seen, snapshot.clock, policy)) return { version: row.version };",
        "if (!isRotationDue(set, now, policy) && !isRemovalDue(set, now, policy)) continue;",
        "keySetsOf(ring).some(({ set }) => isRotationDue(set, now, policy) || isRemovalDue(set, now, policy)) ||",
      ],
      "revocation/most-urgent.ts": [
        "if (urgency === undefined || urgency <= above) continue;",
        "if (kept.length < 2 * most) continue;",
        "above = kept.at(-1)?.urgency ?? above;",
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "Both sides of the boundary, or both values, come to the same: nothing and an empty list, what is absent and what is undefined, an instant and itself.",
    lines: {
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
      "operations/revoke-token.ts": ["return { rows: [], find: () => found };", "session === null"],
      "operations/revoke.ts": ["const drafted: Drafted = { rows: [], sessions: [] };"],
      "operations/rewrap-keys.ts": ["let from: readonly string[] = [];"],
      "operations/sweep-passed.ts": ["if (reachedIn(row) >= reached) return answer(undefined);"],
      "operations/scan-sessions.ts": [
        "...(place === undefined ? {} : { after: place }),",
        "unreadable += spoilt.filter(({ key }) => cut === undefined || key.id <= cut).length;",
      ],
      "operations/search-sessions.ts": ["return seen.toSorted((a, b) => (a.session.id < b.session.id ? 1 : -1));"],
      "operations/settle-revocation.ts": [
        ": write({ rows: [movedTo(row, revocation, place)], answer: () => null });",
        "...(after === undefined ? {} : { after }),",
      ],
      "revocation/cursor.ts": [
        'const shown = Buffer.from(tag, "ascii");',
        'return expected !== undefined && timingSafeEqual(Buffer.from(encodeBase64url(expected), "ascii"), shown);',
      ],
      "revocation/revocation-row.ts": [
        "...(ended === undefined ? {} : { ended }),",
        "...(run === undefined ? {} : { run }),",
      ],
      "store/change-each.ts": ["const settled = await settle(store, change, outcome === undefined ? [] : [outcome]);"],
      "store/gather.ts": [
        "if (outcomes.size === changes.length) resolve(changes.flatMap((_, index) => outcomes.get(index) ?? []));",
        "return { ...draft, liveUntil: draft.liveUntil === undefined ? until : latest(until, draft.liveUntil) };",
      ],
      "store/notice-place.ts": ["return draft.liveUntil === undefined ? until : latest(until, draft.liveUntil);"],
      "store/check-changes.ts": [
        "const other = rows[before]?.key;",
        "if (other?.id === key.id && other.kind === key.kind && other.tenant === key.tenant) {",
      ],
      "store/change.ts": [
        "const raised = one.rows.find(({ raise, key }) => raise === true && snapshot.get(key)?.attempt === one.attempt);",
      ],
      "operations/use-once.ts": [
        "if (row !== undefined && (row.expires === null || !isPast(row.expires, snapshot.clock))) return answer(false);",
        'const next = { value: "1", expires: one.until };',
      ],
      "operations/subjects.ts": [
        "if (row === undefined || block === null) return answer(null);",
        "const session = row === undefined ? undefined : sessionFromRow(row);",
        'return session !== undefined && standingOf(session, snapshot).kind === "active" ? [session.id] : [];',
      ],
      "operations/sign-checkpoint.ts": [
        'const text = (value: object): string => Buffer.from(JSON.stringify(value), "utf8").toString("base64url");',
      ],
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
        'return { kind: "token", of: "session", client: judged.family.client, session, target: { kind: "session", session } };',
        'return { kind: "token", of: "refresh", client: family.client, session: session.id, target };',
      ],
      "operations/rewrap-keys.ts": [
        'return { kind: "changed", next, facts: [fact(tenant, now, "keys_rewrapped", { from, to: deps.kek.id })] };',
      ],
      "revocation/revoked-token.ts": [
        'return { key: revokedTokenKey(tenant, jti), expect: "absent", next: { value: "1", expires } };',
      ],
      "operations/sweep.ts": [
        'return answer("later");',
        'if (row === undefined || row.expires === null || !isPast(row.expires, until)) return answer("later");',
        'return write({ rows: [{ key: row.key, expect: row.version, next }], answer: () => "later" });',
      ],
      "operations/sweep-passed.ts": [
        'const settled: (Settled | "left" | undefined)[] = [];',
        'if (row.expires <= reachedIn(snapshot.get(notedKey(row.key.tenant)))) return answer("left");',
        'return answer("left");',
      ],
      "operations/tend-keys.ts": ['return { kind: "changed", next: others.ring, facts: all };'],
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
];
