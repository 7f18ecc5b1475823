import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  encodeBase64url,
  MAX_ISSUED_ACCESS_TOKEN_LENGTH,
  parseAccessTokenClaims,
  parseCompactJws,
} from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import fc from "fast-check";
import { Secret } from "../kernel/secret.ts";
import { afterMs, secondsOf } from "../kernel/time.ts";
import { generateSigningKey, openSigningKey } from "../keys/signing.ts";
import { signingDesk } from "../keys/signing-desk.ts";
import { absoluteEnd, foreseenEnd, stateAt } from "../sessions/session.ts";
import { aSession, fixedDice, SID, START, sessionId, WEB } from "../testing/builders.ts";
import {
  accessTextOf,
  aWorld,
  ISSUER_URL,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
} from "../testing/world.ts";
import {
  type AccessTokenContent,
  canAlwaysBeMinted,
  type DraftedAccessToken,
  draftAccessToken,
  draftAlwaysFits,
  type MintedAccessToken,
  signAccessToken,
} from "./access-token.ts";

const { kid, signer: plain, verifier } = openSigningKey(generateSigningKey());
const signer = { ...plain, signSoon: signingDesk(plain.sign, queueMicrotask) };
const dice = fixedDice("tokens");
type OfSession = NonNullable<AccessTokenContent["session"]>;

function content(changes: Partial<AccessTokenContent> = {}, session: Partial<OfSession> = {}): AccessTokenContent {
  return {
    issuer: ISSUER_URL,
    subject: "u-81",
    audience: ["https://api.example"],
    client: WEB,
    scope: ["read", "write"],
    pos: { epoch: 1, seq: 42 },
    now: START,
    lifetime: secondsOf(600),
    notAfter: null,
    session: { id: SID, family: "AAECAw", ancestors: [], authTime: null, acr: null, amr: [], claims: {}, ...session },
    ...changes,
  };
}

function minted(one: AccessTokenContent): MintedAccessToken & { readonly text: string } {
  const draft = draftAccessToken(one, signer, dice);
  if (draft === undefined) throw new Error("the token is too large");
  const { expiresIn, expires, jti, size } = draft;
  const text = textOf(draft);
  return { token: new Secret(text), expiresIn, expires, jti, size, text };
}

/** What `signAccessToken` makes of a draft, without a turn to wait for. */
function textOf({ signingInput }: DraftedAccessToken): string {
  return `${signingInput}.${encodeBase64url(signer.sign(signingInput))}`;
}

function parsed(text: string) {
  const jws = parseCompactJws(text);
  const claims = jws.ok ? parseAccessTokenClaims(jws.payload) : undefined;
  if (!jws.ok || claims === undefined) throw new Error("what was minted does not parse");
  return { ...jws, claims };
}

describe("an access token", () => {
  it("has exactly the header that the spec names, and a signature that verifies [AT-1] [JAT-1]", () => {
    const { text } = minted(content());
    const { signingInput, signature } = parsed(text);
    const header = Buffer.from(text.split(".")[0] ?? "", "base64url").toString();
    assert.equal(header, JSON.stringify({ alg: "ES256", typ: "at+jwt", kid }));
    assert.equal(verifier.verify(signingInput, signature), true);
  });

  it("of a session has the required claims, session and family, and nothing else [AT-2] [AT-3] [AT-7] [JAT-3] [JAT-14]", () => {
    const { payload } = parsed(minted(content()).text);
    const names = ["iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti", "pos", "sid", "fam"];
    assert.deepEqual(Object.keys(payload), names);
    const { iss, sub, aud, client_id: client, scope, iat, pos, sid, fam, jti } = payload;
    assert.deepEqual(
      [iss, sub, aud, client, scope, iat, pos, sid, fam],
      [ISSUER_URL, "u-81", "https://api.example", "web", "read write", 1_764_000_000, "1.42", SID, "AAECAw"],
    );
    assert.equal(Buffer.from(typeof jti === "string" ? jti : "", "base64url").length, 16);
  });

  it("of a client itself has neither session nor family [AT-3]", () => {
    const { payload } = parsed(minted(content({ session: null, subject: "backend" })).text);
    assert.deepEqual(Object.keys(payload), ["iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti", "pos"]);
  });

  it("without scope has no such claim [AT-2]", () => {
    assert.equal(Object.hasOwn(parsed(minted(content({ scope: [] })).text).payload, "scope"), false);
  });

  it("has one audience as a text, and more as an array [AT-11]", () => {
    const audience = ["https://a.example", "https://b.example"];
    assert.equal(parsed(minted(content({ audience: ["https://a.example"] })).text).payload["aud"], "https://a.example");
    assert.deepEqual(parsed(minted(content({ audience })).text).payload["aud"], audience);
  });

  it("has what applies of the sign-in, the ancestors, and the app's own claims [AT-5] [AT-8] [AT-9] [JAT-7]", () => {
    const parent = sessionId("019a9c3e-0000-7000-8000-000000000001");
    const session = {
      authTime: 7,
      acr: "aal2",
      amr: ["pwd", "otp"],
      ancestors: [parent],
      claims: { plan: "gold", tags: [1, { a: null }] },
    };
    const { payload } = parsed(minted(content({}, session)).text);
    const { auth_time: authTime, acr, amr, anc, plan, tags } = payload;
    assert.deepEqual(
      [authTime, acr, amr, anc, plan, tags],
      [7, "aal2", ["pwd", "otp"], [parent], "gold", [1, { a: null }]],
    );
  });

  it("has another jti each time [AT-7]", () => {
    const seen = new Set(Array.from({ length: 100 }, () => minted(content()).jti));
    assert.equal(seen.size, 100);
  });

  it("with default claims and a session id, policy's scope and a usual issuer is at most 700 bytes [AT-10]", () => {
    const { size, text } = minted(content({ scope: ["openid", "profile", "orders:read", "orders:write"] }));
    assert.equal(size, text.length);
    assert.ok(size <= 700, String(size));
  });

  it("is issued up to 2,048 bytes and not beyond [AT-10]", () => {
    const sizes = Array.from({ length: 40 }, (_, index) =>
      draftAccessToken(content({}, { claims: { x: "x".repeat(1100 + index) } }), signer, dice),
    );
    const largest = Math.max(...sizes.map((one) => one?.size ?? 0));
    assert.ok(
      largest <= MAX_ISSUED_ACCESS_TOKEN_LENGTH && largest > MAX_ISSUED_ACCESS_TOKEN_LENGTH - 4,
      String(largest),
    );
    assert.equal(sizes.at(-1), undefined);
    assert.notEqual(sizes[0], undefined);
  });
});

it("a token that can always be minted is one that fits at the last of all positions, to the byte [AT-10]", () => {
  const last = { epoch: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };
  let fits = 0;
  for (let length = 1; length < 2048; length += 1) {
    const one = content({ subject: "u".repeat(length) });
    const can = canAlwaysBeMinted(one);
    assert.equal(can, draftAccessToken({ ...one, pos: last }, signer, dice) !== undefined, `${length} characters`);
    const now = draftAccessToken(one, signer, dice);
    assert.equal(can, now !== undefined && draftAlwaysFits(now, one.pos), `${length} characters, by what was drafted`);
    if (can) fits += 1;
  }
  assert.ok(fits > 100 && fits < 2000);
});

describe("the signature of an access token", () => {
  it("is made of what was drafted and nothing else, in the turn that the host chooses [AT-1]", async () => {
    const draft = draftAccessToken(content(), signer, dice);
    assert.ok(draft !== undefined);
    const { token, size } = await signAccessToken(draft);
    const text = token.reveal();
    assert.equal(text.length, size);
    assert.ok(text.startsWith(`${draft.signingInput}.`));
    const { claims } = parsed(text);
    assert.equal(claims.jti, draft.jti);
  });
});

describe("the times of an access token", () => {
  it("are whole seconds, rounded down, at most a tenth less than the lifetime apart [AT-6]", () => {
    fc.assert(
      fc.property(
        fc.nat(999),
        fc.integer({ min: 1, max: 86_400 }),
        fc.uint8Array({ minLength: 2, maxLength: 2 }),
        (ms, lifetime, jitter) => {
          const random = { bytes: () => Uint8Array.from([...new Uint8Array(16), ...jitter]) };
          const token = draftAccessToken(
            content({ now: afterMs(START, ms), lifetime: secondsOf(lifetime) }),
            signer,
            random,
          );
          assert.ok(token !== undefined);
          const { iat, exp } = parsed(textOf(token)).claims;
          assert.equal(iat, START / 1000);
          assert.ok(exp - iat <= lifetime && exp - iat >= lifetime * 0.9 && exp > iat);
          assert.deepEqual([token.expiresIn, token.expires], [exp - iat, exp * 1000]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("spread out, so that a fleet does not refresh at once [AT-6]", () => {
    const lifetimes = new Set(Array.from({ length: 200 }, () => minted(content()).expiresIn));
    assert.ok(lifetimes.size > 20);
    assert.ok(Math.min(...lifetimes) >= 540 && Math.max(...lifetimes) <= 600);
  });

  it("never reach beyond the session's absolute end, nor are they ever empty, at any millisecond [AT-6] [R-20]", () => {
    fc.assert(
      fc.property(fc.nat(1999), fc.integer({ min: 1, max: 3000 }), (late, before) => {
        const session = aSession({ opened: afterMs(START, late), lastActive: afterMs(START, 998_000) });
        const now = afterMs(absoluteEnd(session), -before);
        assert.equal(stateAt(session, now).kind, "active");
        const { claims } = parsed(minted(content({ now, notAfter: absoluteEnd(session) })).text);
        assert.ok(claims.exp * 1000 <= absoluteEnd(session), `${claims.exp} after ${absoluteEnd(session)}`);
        assert.ok(claims.exp > claims.iat);
      }),
      { numRuns: 300 },
    );
  });

  it("leave a session its whole life, but for less than a second", () => {
    const session = aSession({ opened: afterMs(START, 999) });
    const end = START + 1_000_999;
    assert.ok(absoluteEnd(session) > end - 1000 && absoluteEnd(session) <= end);
    assert.ok(foreseenEnd(session) <= absoluteEnd(session));
  });
});

it("the position in a token is the head of the snapshot that the decision rested on [AT-4]", async () => {
  const world = await aWorld(createMemoryStore);
  for (const seq of [0, 1, 2]) {
    const one = await opened(world);
    const again = await refreshed(world, refreshTextOf(one));
    assert.ok(again.kind === "granted");
    for (const text of [accessTextOf(one), accessTextOf(again)])
      assert.deepEqual(parsed(text).claims.pos, { epoch: 1, seq });
    await revoked(world, theSession(one.session.id));
  }
});
