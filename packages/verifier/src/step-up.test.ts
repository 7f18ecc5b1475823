import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { requirementsOf } from "./reply.ts";
import type { Requirements } from "./requirements.ts";
import { createTestIssuer, type TestIssuer } from "./testing/index.ts";
import type { Rejected } from "./verdict.ts";

const OPTIONS = { issuer: "https://auth.example", audience: "https://api.example" } as const;

/** A token whose subject signed in that many seconds ago. */
async function signedIn(issuer: TestIssuer, secondsAgo: number, more: object = {}): Promise<string> {
  return issuer.token({ auth_time: Math.floor(issuer.clock.now() / 1000) - secondsAgo, acr: "phr", ...more });
}

async function refusal(issuer: TestIssuer, token: string, required: Requirements): Promise<Rejected> {
  const verdict = await issuer.verifier.verify(token, required);
  assert.ok(verdict.kind === "rejected", verdict.kind);
  return verdict;
}

async function kindOf(issuer: TestIssuer, token: string, required: Requirements): Promise<string> {
  const verdict = await issuer.verifier.verify(token, required);
  return verdict.kind === "accepted" ? "accepted" : verdict.code;
}

describe("a route that asks how the subject signed in", () => {
  it("challenges for one of the acr values, the most welcome first, and says so in the verdict [STEP-1]", async () => {
    const issuer = await createTestIssuer(OPTIONS);
    const token = await signedIn(issuer, 10, { acr: "pwd" });
    const { status, error, code, challenge, stepUp } = await refusal(issuer, token, { requireAcr: ["phrh", "phr"] });
    assert.deepEqual(
      [status, error, code],
      [401, "insufficient_user_authentication", "insufficient_user_authentication"],
    );
    assert.equal(challenge, 'Bearer error="insufficient_user_authentication", acr_values="phrh phr"');
    assert.deepEqual(stepUp, { acrValues: ["phrh", "phr"] });
  });

  it("challenges for a more recent sign-in, and names both when both are asked for [STEP-1]", async () => {
    const issuer = await createTestIssuer(OPTIONS);
    const token = await signedIn(issuer, 400);
    assert.equal(
      (await refusal(issuer, token, { maxAuthAge: 300 })).challenge,
      'Bearer error="insufficient_user_authentication", max_age="300"',
    );
    const both = await refusal(issuer, token, { requireAcr: ["phr"], maxAuthAge: 300 });
    assert.equal(both.challenge, 'Bearer error="insufficient_user_authentication", acr_values="phr", max_age="300"');
    assert.deepEqual(both.stepUp, { acrValues: ["phr"], maxAge: 300 });
  });

  it("lets in who has one of them [STEP-1]", async () => {
    const issuer = await createTestIssuer(OPTIONS);
    const required = { requireAcr: ["phrh", "phr"], maxAuthAge: 300 };
    assert.equal(await kindOf(issuer, await signedIn(issuer, 10), required), "accepted");
  });

  it("lets in nobody of whom it is not known [STEP-4] [S-20]", async () => {
    const issuer = await createTestIssuer(OPTIONS);
    const token = await issuer.token();
    const code = "insufficient_user_authentication";
    assert.equal(await kindOf(issuer, token, { requireAcr: ["phr"] }), code);
    assert.equal(await kindOf(issuer, token, { maxAuthAge: 86_400 }), code);
    for (const acr of ["PHR", "phr ", "ph", "phrh phr"]) {
      assert.equal(await kindOf(issuer, await signedIn(issuer, 0, { acr }), { requireAcr: ["phr"] }), code, acr);
    }
  });

  it("counts the seconds to the allowed age with the skew, and not one more [STEP-5]", async () => {
    const issuer = await createTestIssuer(OPTIONS);
    const token = await signedIn(issuer, 300);
    await issuer.advance(4999);
    assert.equal(await kindOf(issuer, token, { maxAuthAge: 300 }), "accepted");
    await issuer.advance(1);
    assert.equal(await kindOf(issuer, token, { maxAuthAge: 300 }), "accepted");
    await issuer.advance(1);
    assert.equal(await kindOf(issuer, token, { maxAuthAge: 300 }), "insufficient_user_authentication");
    assert.equal(await kindOf(issuer, await signedIn(issuer, 0), { maxAuthAge: 0 }), "accepted");
  });

  it("takes no sign-in for recent that lies further ahead than clocks may differ [STEP-5] [NB-34]", async () => {
    const issuer = await createTestIssuer(OPTIONS);
    const required = { maxAuthAge: 300 };
    assert.equal(await kindOf(issuer, await signedIn(issuer, -60), required), "accepted");
    for (const ahead of [61, 3600, 1_000_000_000])
      assert.equal(await kindOf(issuer, await signedIn(issuer, -ahead), required), "insufficient_user_authentication");
    assert.equal(await kindOf(issuer, await signedIn(issuer, -3600), {}), "accepted");
  });

  it("counts from the sign-in, however young the token is [STEP-5] [S-20]", async () => {
    const issuer = await createTestIssuer(OPTIONS);
    const signIn = Math.floor(issuer.clock.now() / 1000);
    for (let refresh = 0; refresh < 20; refresh += 1) {
      const token = await issuer.token({ auth_time: signIn, acr: "phr" });
      const expected = refresh * 60 <= 305 ? "accepted" : "insufficient_user_authentication";
      assert.equal(await kindOf(issuer, token, { maxAuthAge: 300 }), expected, `refresh ${refresh}`);
      await issuer.advance(60_000);
    }
  });

  it("is asked after what is wrong with the token and after its scope [STEP-1]", async () => {
    const issuer = await createTestIssuer(OPTIONS);
    const required = { requireScope: ["pay"], requireAcr: ["phr"], requireClaims: { plan: "gold" } };
    assert.equal(await kindOf(issuer, await signedIn(issuer, 0, { acr: "pwd" }), required), "insufficient_scope");
    const token = await signedIn(issuer, 0, { acr: "pwd", scope: "pay" });
    assert.equal(await kindOf(issuer, token, required), "insufficient_user_authentication");
    await issuer.revoke(token);
    assert.equal(await kindOf(issuer, token, required), "revoked");
  });

  it("asks for nothing that a challenge can't carry: such a route is not made [STEP-1]", () => {
    for (const wrong of [{ acr: [] }, { acr: ['a"b'] }, { acr: ["a b"] }, { maxAuthAge: -1 }, { maxAuthAge: 1.5 }]) {
      assert.throws(() => requirementsOf(wrong), RangeError, JSON.stringify(wrong));
    }
    assert.deepEqual(requirementsOf({ acr: ["phr"], maxAuthAge: 0 }), { requireAcr: ["phr"], maxAuthAge: 0 });
  });
});
