import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Verifier } from "./surface.ts";
import { traced } from "./traced.ts";
import { rejected, type Verdict } from "./verdict.ts";

interface Spans {
  readonly ended: (readonly [name: string, attributes: Readonly<Record<string, unknown>>])[];
  readonly tracer: Parameters<typeof traced>[1];
}

function recording(): Spans {
  const ended: Spans["ended"] = [];
  return {
    ended,
    tracer: {
      startSpan: (name) => {
        const attributes: Record<string, unknown> = {};
        return {
          setAttributes: (more) => Object.assign(attributes, more),
          end: () => void ended.push([name, attributes]),
        };
      },
    },
  };
}

const sha256 = async (bytes: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes)));

function saying(verdict: Verdict): Verifier {
  return {
    verify: async () => verdict,
    judge: () => verdict,
    verifyCredentials: async () => verdict,
  } as unknown as Verifier;
}

const { session_refs: refs } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../spec/vectors/audit.json"), "utf8"),
) as { readonly session_refs: readonly { readonly sid: string; readonly ref: string }[] };

for (const { sid, ref } of refs) {
  test(`an accepted token of ${sid} is a span with the reference ${ref} [TRC-1]`, async () => {
    const { ended, tracer } = recording();
    const accepted = { kind: "accepted", sid, stale: false } as unknown as Verdict;
    assert.equal(await traced(saying(accepted), tracer, { sha256 }).verify("token"), accepted);
    while (ended.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(ended, [
      ["hallpass.verify", { "hallpass.verdict": "accepted", "hallpass.stale": false, "hallpass.session_ref": ref }],
    ]);
  });
}

test("the verdict does not wait for its span: it is true at the instant of the decision [TRC-1] [LEASE-8]", async () => {
  const { ended, tracer } = recording();
  const hash = Promise.withResolvers<Uint8Array>();
  const accepted = { kind: "accepted", sid: "s", stale: false } as unknown as Verdict;
  const verifier = traced(saying(accepted), tracer, { sha256: () => hash.promise });
  assert.equal(await verifier.verify("token"), accepted);
  assert.equal(ended.length, 0);
  hash.resolve(new Uint8Array(32));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ended.length, 1);
});

const throwing = (): never => {
  throw new Error("the tracer is broken");
};
const broken: readonly [what: string, tracer: NonNullable<Parameters<typeof traced>[1]>][] = [
  ["startSpan", { startSpan: throwing }],
  ["setAttributes", { startSpan: () => ({ setAttributes: throwing, end: () => undefined }) }],
  ["end", { startSpan: () => ({ setAttributes: () => undefined, end: throwing }) }],
  ["a span that is none", { startSpan: () => undefined as never }],
];
for (const [what, tracer] of broken) {
  test(`a tracer that fails at ${what} takes no verdict away [TRC-1]`, async () => {
    const verdict = rejected("expired");
    const verifier = traced(saying(verdict), tracer, { sha256 });
    assert.equal(await verifier.verify("token"), verdict);
    assert.equal(await verifier.verifyCredentials({} as never), verdict);
    assert.equal(verifier.judge("token"), verdict);
    await new Promise((resolve) => setImmediate(resolve));
  });
}

test("a span ends also where the hash of the reference fails, and where the verifier does, and hides neither", async () => {
  const { ended, tracer } = recording();
  const accepted = { kind: "accepted", sid: "s", stale: false } as unknown as Verdict;
  assert.equal(await traced(saying(accepted), tracer, { sha256: throwing }).verify("token"), accepted);
  const failing = { verify: () => Promise.reject(new Error("a fault")) } as unknown as Verifier;
  await assert.rejects(traced(failing, tracer, { sha256 }).verify("token"), /a fault/);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ended.length, 2);
});

test("a rejected one is a span with its code, and nothing of the token", async () => {
  const { ended, tracer } = recording();
  await traced(saying(rejected("expired")), tracer, { sha256 }).verify("canary");
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(ended, [["hallpass.verify", { "hallpass.verdict": "rejected", "hallpass.code": "expired" }]]);
});

test("a verdict without a wait is the same verdict, and a span with its code", async () => {
  const { ended, tracer } = recording();
  const verdict = rejected("revoked");
  assert.equal(traced(saying(verdict), tracer, { sha256 }).judge("token"), verdict);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(ended, [["hallpass.verify", { "hallpass.verdict": "rejected", "hallpass.code": "revoked" }]]);
});

test("where there is no verdict without a wait there is no span", async () => {
  const { ended, tracer } = recording();
  const verifier = { judge: () => undefined } as unknown as Verifier;
  assert.equal(traced(verifier, tracer, { sha256 }).judge("token"), undefined);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(ended, []);
});

test("an accepted token without a session is a span without a reference [TRC-1]", async () => {
  const { ended, tracer } = recording();
  const accepted = { kind: "accepted", sid: undefined, stale: true } as unknown as Verdict;
  await traced(saying(accepted), tracer, { sha256 }).verify("token");
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(ended, [["hallpass.verify", { "hallpass.verdict": "accepted", "hallpass.stale": true }]]);
});

const GIVEN: Readonly<Record<string, readonly string[]>> = { ready: ["within"], onEnded: ["verdict", "callback"] };

test("whatever is no verdict is the verifier's own, with what it was given", () => {
  const { tracer } = recording();
  const asked: unknown[] = [];
  const all = ["ready", "readiness", "onEnded", "metrics", "close"] as const;
  const verifier = Object.fromEntries(
    all.map((name) => [name, (...given: readonly unknown[]) => (asked.push([name, ...given]), `of ${name}`)]),
  ) as unknown as Verifier;
  const spanned = traced(verifier, tracer, { sha256 }) as unknown as Record<string, (...given: string[]) => unknown>;
  for (const name of all) {
    const given = GIVEN[name] ?? [];
    assert.equal(spanned[name]?.(...given), `of ${name}`);
    assert.deepEqual(asked.pop(), [name, ...given]);
  }
});

test("without a tracer the verifier is itself [TRC-4]", () => {
  const verifier = saying(rejected("expired"));
  assert.equal(traced(verifier, undefined, { sha256 }), verifier);
});
