// private_key_jwt as a client meets it, and every assertion that is not quite one.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import type { Store } from "@hallpass/core";
import { type Observer, SILENT } from "../../observe/observer.ts";
import {
  asserted,
  assertRefused,
  keysFor,
  own,
  played,
  present,
  register,
  seconds,
  stranger,
  TYPE,
} from "../../testing/assertions.ts";
import { ISSUER, type Received, type Scene, scene } from "../../testing/scene.ts";

describe("an assertion that is right", () => {
  test("gets a token, and no client_id is needed beside it [CAUTH-3] [CAUTH-7]", async () => {
    const stage = await played();
    for (const more of [{}, { client_id: "signer" }]) {
      const answer = await present(stage, await asserted(stage), more);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers.get("cache-control"), "no-store");
    }
  });

  for (const [alg, of] of [
    ["ES256", "ES256"],
    ["PS256", "PS256"],
    ["RS256", "RS256"],
    ["EdDSA", "EdDSA"],
    ["Ed25519", "EdDSA"],
  ] as const) {
    test(`is signed with ${alg}, one key for one kind [CAUTH-3]`, async () => {
      const stage = await scene();
      const { privateKey, jwk } = await keysFor(of);
      assert.equal((await register(stage, "other", { jwks: { keys: [jwk] } })).status, 201);
      const claims = { iss: "other", sub: "other" };
      const answer = await present(stage, await asserted(stage, { alg, key: privateKey, claims }));
      assert.equal(answer.status, 200, answer.text);
    });
  }

  test("has one audience, as a text or alone in a list [CAUTH-4]", async () => {
    const stage = await played();
    for (const aud of [ISSUER, [ISSUER]])
      assert.equal((await present(stage, await asserted(stage, { claims: { aud } }))).status, 200);
  });

  for (const typ of ["client-authentication+jwt", "application/client-authentication+jwt", "JWT", undefined]) {
    test(`says "${typ}" about its type [CAUTH-5]`, async () => {
      const stage = await played();
      const header = typ === undefined ? {} : { typ };
      assert.equal((await present(stage, await asserted(stage, { header }))).status, 200);
    });
  }

  test("works for introspection, revocation and a refresh as well [CAUTH-3]", async () => {
    const stage = await played();
    const { access, refresh } = await stage.open({ client_id: "signer" });
    const send = async (path: string, form: Readonly<Record<string, string>>): Promise<Received> =>
      stage.send({ path, form: { ...form, client_assertion_type: TYPE, client_assertion: await asserted(stage) } });
    assert.equal((await send("/oauth2/introspect", { token: access })).json["active"], true);
    const refreshed = await send("/oauth2/token", { grant_type: "refresh_token", refresh_token: refresh });
    assert.equal(refreshed.status, 200, refreshed.text);
    assert.equal((await send("/oauth2/revoke", { token: access })).status, 200);
    assert.equal((await send("/oauth2/introspect", { token: access })).text, '{"active":false}');
  });

  test("is found among several keys, with and without a name [CAUTH-7]", async () => {
    const stage = await scene();
    const keys = await Promise.all(["a", "b", "c"].map((kid) => keysFor("ES256", kid)));
    await register(stage, "many", { jwks: { keys: keys.map(({ jwk }) => jwk) } });
    const claims = { iss: "many", sub: "many" };
    for (const { privateKey, jwk } of keys)
      for (const header of [{}, { kid: String(jwk.kid) }])
        assert.equal((await present(stage, await asserted(stage, { key: privateKey, claims, header }))).status, 200);
  });
});

describe("an assertion in time", () => {
  const rows: readonly [title: string, claims: (now: number) => object, accepted: boolean][] = [
    ["one millisecond before its end with skew", (now) => ({ exp: now - 4.999 }), true],
    ["at its end with skew", (now) => ({ exp: now - 5 }), false],
    ["after its end", (now) => ({ exp: now - 60 }), false],
    ["with an end five minutes and the skew ahead", (now) => ({ exp: now + 305 }), true],
    ["with an end further ahead", (now) => ({ exp: now + 305.001 }), false],
    ["with an end a day ahead", (now) => ({ exp: now + 86_400 }), false],
    ["issued ten seconds ahead", (now) => ({ iat: now + 10 }), true],
    ["issued further ahead", (now) => ({ iat: now + 10.001 }), false],
    ["not valid before ten seconds from now", (now) => ({ nbf: now + 10 }), true],
    ["not valid before later", (now) => ({ nbf: now + 10.001 }), false],
    ["without iat", () => ({ iat: undefined }), true],
    ["without exp", () => ({ exp: undefined }), false],
    ["with an exp that is a text", (now) => ({ exp: String(now + 60) }), false],
    ["with an exp that is endless", () => ({ exp: 1e300 }), false],
    ["with an iat that is a text", () => ({ iat: "now" }), false],
  ];
  for (const [title, claims, accepted] of rows) {
    test(`${title} is ${accepted ? "accepted" : "refused"} [CAUTH-6] [O-22]`, async () => {
      const stage = await played();
      const answer = await present(stage, await asserted(stage, { claims: { ...claims(seconds(stage)) } }));
      if (accepted) assert.equal(answer.status, 200, answer.text);
      else assertRefused(answer);
    });
  }
});

describe("an assertion that is not quite one", () => {
  const claims: readonly [title: string, claims: object][] = [
    ["names another client as subject", { sub: "service" }],
    ["names another client altogether", { iss: "service", sub: "service" }],
    ["names an unknown client", { iss: "nobody", sub: "nobody" }],
    ["names a public client", { iss: "web", sub: "web" }],
    ["names no subject", { sub: undefined }],
    ["names no issuer", { iss: undefined }],
    ["is for the token endpoint", { aud: `${ISSUER}/oauth2/token` }],
    ["is for another server", { aud: "https://other.example" }],
    ["is for us and another", { aud: [ISSUER, "https://other.example"] }],
    ["is for us twice", { aud: [ISSUER, ISSUER] }],
    ["is for us with a slash", { aud: `${ISSUER}/` }],
    ["is for us in capitals", { aud: ISSUER.toUpperCase() }],
    ["is for nobody", { aud: undefined }],
    ["is for an empty list", { aud: [] }],
    ["has no name", { jti: undefined }],
    ["has an empty name", { jti: "" }],
    ["has a name that is no text", { jti: 7 }],
    ["has an endless name", { jti: "x".repeat(257) }],
  ];
  for (const [title, changes] of claims) {
    test(`because it ${title} is refused [CAUTH-3] [CAUTH-4] [O-22]`, async () => {
      const stage = await played();
      assertRefused(await present(stage, await asserted(stage, { claims: { ...changes } })));
    });
  }

  for (const typ of ["at+jwt", "oauth-authz-req+jwt", "token-introspection+jwt", "client-authentication+jwt+x", ""]) {
    test(`because its type is "${typ}" is refused [CAUTH-5] [O-22]`, async () => {
      const stage = await played();
      assertRefused(await present(stage, await asserted(stage, { header: { typ } })));
    });
  }

  test("because a stranger signed it, under our name for the key or none, is refused [CAUTH-7] [O-22]", async () => {
    const stage = await played();
    for (const header of [{}, { kid: "one" }, { kid: "two" }])
      assertRefused(await present(stage, await asserted(stage, { key: stranger.privateKey, header })));
  });

  test("because nobody signed it, or somebody with a shared secret, is refused [O-22]", async () => {
    const stage = await played();
    const [head = "", body = "", signature = ""] = (await asserted(stage)).split(".");
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const hmac = `${encode({ alg: "HS256" })}.${body}`;
    const mac = createHmac("sha256", JSON.stringify(own.jwk)).update(hmac).digest("base64url");
    const texts = [
      `${encode({ alg: "none" })}.${body}.`,
      `${encode({ alg: "none" })}.${body}.${signature}`,
      `${hmac}.${mac}`,
      `${head}.${body}.`,
      `${head}.${body}.${signature.slice(0, -2)}`,
      `${head}.${body}`,
      `${encode({ alg: "ES256", crit: ["x"], x: 1 })}.${body}.${signature}`,
      `${encode({ alg: "ES256", jwk: own.jwk })}.${body}.${signature}`,
      "x".repeat(5000),
    ];
    for (const text of texts) assertRefused(await present(stage, text));
  });

  test("because its type is not named, or another's, is refused [CAUTH-3]", async () => {
    const stage = await played();
    const assertion = await asserted(stage);
    for (const type of ["", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", `${TYPE}x`])
      assertRefused(await present(stage, assertion, { client_assertion_type: type }));
    assertRefused(await present(stage, ""));
    // Nothing of it was used up.
    assert.equal((await present(stage, assertion)).status, 200);
  });

  test("because the form names another client is refused, and not used up [CAUTH-3] [O-22]", async () => {
    const stage = await played();
    const assertion = await asserted(stage);
    assertRefused(await present(stage, assertion, { client_id: "service" }));
    assert.equal((await present(stage, assertion)).status, 200);
  });

  test("because its client is disabled is refused [O-23]", async () => {
    const stage = await played();
    const headers = { authorization: `Bearer ${await stage.bearer()}` };
    await stage.send({ method: "POST", path: "/v1/clients/signer/disable", headers });
    assertRefused(await present(stage, await asserted(stage)));
  });
});

describe("of clients that assert who they are, the observer hears", () => {
  const heard: string[] = [];
  const observer: Observer = {
    ...SILENT,
    replayed: (what) => heard.push(`replayed ${what}`),
    clientBehind: (ms) => heard.push(`behind ${ms}`),
    assertionUntimely: (why) => heard.push(`untimely ${why}`),
  };
  const at = (stage: Scene): number => Math.floor(stage.clock.now() / 1000);
  const heardOf = async (
    stage: Scene,
    claims: Readonly<Record<string, unknown>>,
    key?: typeof stranger.privateKey,
  ): Promise<readonly string[]> => {
    heard.length = 0;
    await present(stage, await asserted(stage, { claims, ...(key === undefined ? {} : { key }) }));
    return [...heard];
  };

  test("how far its clock is behind or ahead, from the iat of what it signed", async () => {
    const stage = await played({ observer });
    const ms = stage.clock.now() % 1000;
    for (const ahead of [-30, 0, 10]) {
      const expected = [`behind ${ms - ahead * 1000}`];
      assert.deepEqual(await heardOf(stage, { iat: at(stage) + ahead }), expected);
    }
    assert.deepEqual(await heardOf(stage, { iat: undefined }), []);
  });

  test("what is out of its time, at each boundary, and nothing of a clock then", async () => {
    const stage = await played({ observer });
    const now = at(stage);
    assert.deepEqual(await heardOf(stage, { iat: now + 12 }), ["untimely early"]);
    assert.deepEqual(await heardOf(stage, { nbf: now + 12, iat: undefined }), ["untimely early"]);
    assert.deepEqual(await heardOf(stage, { iat: now - 60, exp: now - 6 }), ["untimely expired"]);
    assert.deepEqual(await heardOf(stage, { exp: now + 307 }), ["untimely too_long"]);
  });

  test("a replay, and of a stranger's signature nothing [O-22]", async () => {
    const stage = await played({ observer });
    const once = { jti: "heard-once", iat: at(stage) };
    assert.equal((await heardOf(stage, once)).length, 1);
    assert.deepEqual((await heardOf(stage, once)).slice(1), ["replayed client_assertion"]);
    assert.deepEqual(await heardOf(stage, { iat: at(stage) }, stranger.privateKey), []);
  });
});

describe("an assertion is good once", () => {
  test("and not again, at any endpoint, until its end has passed [CAUTH-6] [O-22]", async () => {
    const stage = await played();
    const assertion = await asserted(stage, { claims: { jti: "same" } });
    assert.equal((await present(stage, assertion)).status, 200);
    assertRefused(await present(stage, assertion));
    const elsewhere = { token: "x", client_assertion_type: TYPE, client_assertion: assertion };
    assertRefused(await stage.send({ path: "/oauth2/revoke", form: elsewhere }));
    const sameName = await asserted(stage, { claims: { jti: "same" } });
    assertRefused(await present(stage, sameName));
    stage.clock.advance(64_999);
    assertRefused(await present(stage, await asserted(stage, { claims: { jti: "same" } })));
    stage.clock.advance(1);
    assert.equal((await present(stage, await asserted(stage, { claims: { jti: "same" } }))).status, 200);
  });

  test("however many present it at once: one token [CAUTH-6] [O-22]", async () => {
    const stage = await played();
    const assertion = await asserted(stage);
    const answers = await Promise.all(Array.from({ length: 32 }, () => present(stage, assertion)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(answers.filter(({ status }) => status === 401 || status === 429).length, 31);
  });

  test("and another client's of the same name is another one [CAUTH-6]", async () => {
    const stage = await played();
    await register(stage, "twin", { jwks: { keys: [stranger.jwk] } });
    assert.equal((await present(stage, await asserted(stage, { claims: { jti: "same" } }))).status, 200);
    const twin = { jti: "same", iss: "twin", sub: "twin" };
    assert.equal((await present(stage, await asserted(stage, { claims: twin, key: stranger.privateKey }))).status, 200);
  });

  test("and a request that is malformed otherwise uses none up [CAUTH-6]", async () => {
    const stage = await played();
    const assertion = await asserted(stage);
    assert.equal((await present(stage, assertion, { grant_type: "magic" })).status, 400);
    assert.equal((await present(stage, assertion, { resource: "x" })).status, 400);
    const noToken = { client_assertion_type: TYPE, client_assertion: assertion };
    assert.equal((await stage.send({ path: "/oauth2/revoke", form: noToken })).status, 400);
    assert.equal((await present(stage, assertion)).status, 200);
  });

  test("and a store that can't say so makes it 503, neither accepted nor refused [CAUTH-6] [O-22]", async () => {
    let broken = false;
    const wrapStore = (store: Store): Store => ({
      ...store,
      commit: async (changes) =>
        broken
          ? changes.map(() => ({ kind: "failed", cause: new Error("no"), full: false }) as const)
          : store.commit(changes),
    });
    const stage = await played({ wrapStore });
    const assertion = await asserted(stage);
    broken = true;
    assert.equal((await present(stage, assertion)).status, 503);
    broken = false;
    assert.equal((await present(stage, assertion)).status, 200);
  });
});
