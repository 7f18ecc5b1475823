import type { Reviewed } from "../reviewed.ts";

export const CORE: readonly Reviewed[] = [
  {
    why: "equivalent",
    reason:
      "A check for the compiler, of what can't be where it stands: what was read before it, or what follows, refuses the same.",
    lines: {
      "sessions/ip-range.ts": [
        'const v4 = isLast && index === parts.length - 1 && part.includes(".") ? parseIpv4(part) : undefined;',
      ],
      "sessions/policy-row.ts": [
        "const changed = before !== undefined && JSON.stringify(was) !== JSON.stringify(numbers[member]);",
        'const [name = ""] = row.key.id.split("/");',
      ],
      "sessions/rebase.ts": [
        'return policy.requiredAcr.length === 0 || policy.requiredAcr.includes(session.acr ?? "") ? null : "acr";',
      ],
      "sessions/refresh-outcome.ts": ["if (predecessor?.generation === attempt.generation) {"],
      "sessions/session-row.ts": [
        "if (accessLifetime === undefined || retryWindow === undefined || recoveryWindow === undefined)",
        "return index % 2 === 0 && at !== undefined ? [{ generation: value, at: (opened + at) as Instant }] : [];",
      ],
      "sessions/subject-ref.ts": [
        "return authentic === undefined || seal === undefined ? undefined : { mac: authentic, seal };",
        "if (bytes === undefined || bytes.length <= 1 + TAG_LENGTH) return undefined;",
      ],
      "sessions/sign-in-time.ts": [
        'return typeof authTime === "number" && authTime * 1000 > now + MAX_SKEW_SECONDS * 1000;',
      ],
      "sessions/subject.ts": ['return typeof value === "string" && typeof until === "number"'],
      "store/distinct.ts": ["seen.set(key, true);"],
      "tokens/access-token.ts": [
        "const share = ((random[16] ?? 0) * 256 + (random[17] ?? 0)) / 65_536;",
        "aud: audience.length === 1 && only !== undefined ? only : [...audience],",
      ],
      "tokens/judge-access-token.ts": [
        "if (kid === undefined || typ === undefined || !isAccessTokenType(typ)) return undefined;",
        "if (claims === undefined || client === undefined || claims.iss !== issuer.url) return undefined;",
        "return live === undefined ? undefined : { live, snapshot };",
        "return row === undefined ? undefined : ({ claims, client, registered: clientFromRow(row) } as LiveAccessToken);",
        "...(session === undefined ? [] : [sessionKey({ tenant, id: session })]),",
        "const everything = snapshot.get(ringKey(tenant))?.notBefore ?? null;",
        "const id = claims.sid === undefined ? undefined : parseSessionId(claims.sid);",
        "const row = id === undefined ? undefined : snapshot.get(sessionKey({ tenant: issuer.tenant, id }));",
        "return lines.some((line) => line === undefined || (line.notBefore !== null && isBefore(claims.pos, line.notBefore)));",
      ],
      "tokens/judge-refresh-token.ts": [
        "return family === undefined ? undefined : { session, family, generation: parts.generation };",
      ],
      "tokens/judge-session-token.ts": [
        "if (bytes === undefined || session === undefined) return undefined;",
        "if (row === undefined || session === undefined || session.token === null) return INACTIVE;",
        'if (fit === "unknown" || family === undefined || family.ended !== null) return INACTIVE;',
        'return bytes === undefined ? "unknown" : fitOf(mac, session, token, bytes);',
        "return row === undefined ? [] : [foreseenEnd(sessionFromRow(row))];",
      ],
      "tokens/session-token.ts": [
        'return current ? "current" : token.previous !== null && previous ? "superseded" : "unknown";',
        'const NOBODYS: HashedToken = { kid: 1, hash: "A".repeat(43) };',
        "return actual !== undefined && expected?.length === actual.length && timingSafeEqual(expected, actual);",
      ],
    },
  },
  {
    why: "equivalent",
    reason: "It spares work and changes no answer: what is remembered is made anew, or what is long refused early.",
    lines: {
      "sessions/ip-range.ts": ["if (text.length > 45) return undefined;"],
      "sessions/session-row.ts": [
        "if (row.parsed?.value === row.value) return sessionFromRow(row).subject;",
        "return { value, expires, refs: sessionRefs(session), parsed: { value, as: session } };",
      ],
      "sessions/subject-ref.ts": ["const bytes = ref.length > LONGEST ? undefined : decodeBase64url(ref);"],
      "tokens/access-token.ts": ["if (known !== undefined) return known;", "headers.set(signer, text);"],
      "tokens/judge-access-token.ts": [
        "const read = deps.store.read(more.length === 0 ? presented.rows : distinctOfFew(presented.rows, more));",
      ],
      "tokens/judge-session-token.ts": [
        'if (known?.kid === token.kid && known.hash === token.hash) return "current";',
        "if (!text.startsWith(SESSION_TOKEN_PREFIX)) return undefined;",
        'if (fit === "current") {',
        "mac.sessionTokens.set(mark, { kid: token.kid, hash: token.hash, read: { session, jti, rows } });",
      ],
      "tokens/refresh-token.ts": [
        "if (lastLabels?.issuer === issuer && lastLabels.tenant === tenant) return lastLabels;",
      ],
    },
  },
  {
    why: "equivalent",
    reason:
      "Both sides of the boundary, or both values, come to the same: 0 and nothing, an instant and itself, the default and what is named.",
    lines: {
      "sessions/ip-range.ts": [
        "const groups = [...head, ...Array.from({ length: missing }, () => 0), ...(tail ?? [])];",
      ],
      "operations/newest-fact.ts": [
        "return [...times, ...(factAt === null ? [] : [factAt])].reduce<Instant | null>(later, null);",
        "return one === null || one < other ? other : one;",
      ],
      "sessions/refresh-outcome.ts": ["return policy.refreshIsActivity && now > lastActive ? now : lastActive;"],
      "sessions/session-query.ts": [
        ": [];",
        "return (from === null || most >= from) && (before === null || least < before);",
        "return (from === null || at >= from) && (before === null || at < before);",
      ],
      "sessions/rebase.ts": ["const next: Session = { ...session, policy: rebasedPolicy(session, policy, true) };"],
      "sessions/standing.ts": [
        'return first.kind === "ended" && first.at <= other.at ? first : other;',
        'return state.kind === "ended" ? { ...state, reason: "ancestor_ended" } : state;',
      ],
      "sessions/session-row.ts": ["} catch {"],
      "sessions/subject-ref.ts": ['const plain = Buffer.from(subject, "utf8");'],
      "tokens/access-token.ts": [
        'const claims = claimsOf({ ...content, pos: LONGEST_POSITION }, iat, iat + content.lifetime, "A".repeat(22));',
      ],
    },
  },
  {
    why: "accepted",
    reason:
      "Throws where only a defect of the program comes; whatever it would do instead fails as well, a line later and less clearly.",
    lines: {
      "sessions/rebase.ts": [
        'if (chosen === undefined) throw new Error("every policy knows sessions that are not remembered");',
      ],
      "tokens/refresh-token.ts": [
        'if (key === undefined) throw new Error("the server key of a live token family is gone");',
      ],
      "tokens/session-token.ts": [
        'if (hash === undefined) throw new Error("the current server key is gone");',
        'if (sid === undefined) throw new Error("a session\'s id is no UUID");',
      ],
    },
  },
  {
    why: "accepted",
    reason:
      "A second line of defence: a client's token is taken away by the client's own row before its family is asked.",
    lines: {
      "tokens/judge-access-token.ts": ["if (familyStanding(session, family, snapshot) !== undefined) return true;"],
    },
  },
];
