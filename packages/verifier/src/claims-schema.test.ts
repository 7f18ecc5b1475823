import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClaimsSchema, SchemaAnswer } from "./claims-schema.ts";
import { createVerifier } from "./index.ts";
import { OptionsError } from "./options.ts";
import type { Awaitable } from "./ports.ts";
import { createTestIssuer } from "./testing/index.ts";
import { settled } from "./testing/test-clock.ts";

const OPTIONS = { issuer: "https://auth.example", audience: "https://api.example" } as const;

interface Plan {
  readonly plan: "free" | "gold";
}

function schemaOf(validate: (value: unknown) => Awaitable<SchemaAnswer<Plan>>): ClaimsSchema<Plan> {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

function planOf(value: unknown): SchemaAnswer<Plan> {
  const { plan } = value as { readonly plan?: unknown };
  return plan === "free" || plan === "gold" ? { value: { plan } } : { issues: [{ message: "no plan" }] };
}

describe("a verifier with the app's schema of claims", () => {
  for (const [kind, schema] of [
    ["a synchronous", schemaOf(planOf)],
    ["an asynchronous", schemaOf(async (value) => planOf(value))],
  ] as const) {
    it(`shows what ${kind} schema made of the payload, the first time and every time [AT-V9]`, async () => {
      const issuer = await createTestIssuer({ ...OPTIONS, claims: schema });
      const token = await issuer.token({ plan: "gold", other: 1 });
      for (let time = 0; time < 2; time += 1) {
        const verdict = await issuer.verifier.verify(token, { requireClaims: { other: 1 } });
        assert.ok(verdict.kind === "accepted");
        assert.deepEqual(verdict.claims.all, { plan: "gold" });
        assert.equal(verdict.claims.sub, verdict.subject);
      }
    });

    it(`rejects what ${kind} schema refuses, and says on the wire what it always says [AT-V9]`, async () => {
      const issuer = await createTestIssuer({ ...OPTIONS, claims: schema });
      for (const plan of ["silver", 1, undefined]) {
        const token = await issuer.token({ plan });
        for (let time = 0; time < 2; time += 1) {
          const verdict = await issuer.verifier.verify(token);
          assert.ok(verdict.kind === "rejected");
          assert.deepEqual([verdict.code, verdict.status, verdict.error], ["claims_refused", 401, "invalid_token"]);
        }
      }
    });
  }

  it("asks once for each token, and not about one whose signature does not fit [AT-V9]", async () => {
    let asked = 0;
    const issuer = await createTestIssuer({
      ...OPTIONS,
      claims: schemaOf((value) => {
        asked += 1;
        return planOf(value);
      }),
    });
    const token = await issuer.token({ plan: "free" });
    for (let time = 0; time < 3; time += 1) await issuer.verifier.verify(token);
    await issuer.verifier.verify(`${token.slice(0, -8)}AAAAAAAA`);
    assert.equal(asked, 1);
  });

  it("says no when its schema throws or fails, and yes to the next [AT-V9]", async () => {
    const fail = schemaOf((value) => {
      if ((value as { readonly plan?: unknown }).plan === "boom") throw new Error("a bug in a schema");
      return planOf(value);
    });
    const issuer = await createTestIssuer({ ...OPTIONS, claims: fail });
    const bad = await issuer.verifier.verify(await issuer.token({ plan: "boom" }));
    assert.equal(bad.kind === "rejected" && bad.code, "claims_refused");
    assert.equal((await issuer.verifier.verify(await issuer.token({ plan: "free" }))).kind, "accepted");
    const rejecting = await createTestIssuer({ ...OPTIONS, claims: schemaOf(() => Promise.reject(new Error("late"))) });
    const late = await rejecting.verifier.verify(await rejecting.token());
    assert.equal(late.kind === "rejected" && late.code, "claims_refused");
  });

  it("decides after its schema: what was taken away meanwhile is refused [AT-V9] [LEASE-8]", async () => {
    const gate = Promise.withResolvers<void>();
    const slow = schemaOf(async (value) => {
      await gate.promise;
      return planOf(value);
    });
    const issuer = await createTestIssuer({ ...OPTIONS, claims: slow });
    const token = await issuer.token({ plan: "gold" });
    const answer = issuer.verifier.verify(token);
    await settled();
    await issuer.revoke(token);
    gate.resolve();
    const verdict = await answer;
    assert.equal(verdict.kind === "rejected" && verdict.code, "revoked");
  });

  it("says first what else is wrong with a token [AT-V9]", async () => {
    const issuer = await createTestIssuer({ ...OPTIONS, claims: schemaOf(planOf) });
    const verdict = await issuer.verifier.verify(await issuer.token({ aud: "https://other.example" }));
    assert.equal(verdict.kind === "rejected" && verdict.code, "wrong_audience");
  });

  it("takes no other thing for a schema [AT-V9]", async () => {
    for (const claims of [
      {},
      null,
      1,
      { "~standard": { version: 2, vendor: "x", validate: planOf } },
      { "~standard": {} },
      { "~standard": null },
      { "~standard": { version: 1, vendor: "x", validate: "planOf" } },
    ]) {
      const wrong = { ...OPTIONS, claims } as unknown as Parameters<typeof createTestIssuer>[0];
      await assert.rejects(createTestIssuer(wrong), OptionsError);
    }
  });

  it("takes a function that is a schema [AT-V9]", async () => {
    const claims = Object.assign(() => undefined, schemaOf(planOf));
    const issuer = await createTestIssuer({ ...OPTIONS, claims });
    const verdict = await issuer.verifier.verify(await issuer.token({ plan: "gold" }));
    assert.equal(verdict.kind, "accepted");
  });

  it("has the schema's type, without a cast [AT-V9]", () => {
    const verifier = createVerifier({
      ...OPTIONS,
      credentials: { clientId: "c", clientSecret: "s" },
      feed: "pull",
      claims: schemaOf(planOf),
    });
    const verdict = verifier.judge("x");
    const plan: "free" | "gold" | undefined = verdict?.kind === "accepted" ? verdict.claims.all.plan : undefined;
    assert.equal(plan, undefined);
    verifier.close();
  });
});
