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
    assert.deepEqual(ended, [
      ["hallpass.verify", { "hallpass.verdict": "accepted", "hallpass.stale": false, "hallpass.session_ref": ref }],
    ]);
  });
}

test("a rejected one is a span with its code, and nothing of the token", async () => {
  const { ended, tracer } = recording();
  await traced(saying(rejected("expired")), tracer, { sha256 }).verify("canary");
  assert.deepEqual(ended, [["hallpass.verify", { "hallpass.verdict": "rejected", "hallpass.code": "expired" }]]);
});

test("a verdict without a wait is the same verdict, and a span", async () => {
  const { ended, tracer } = recording();
  const verdict = rejected("revoked");
  assert.equal(traced(saying(verdict), tracer, { sha256 }).judge("token"), verdict);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ended.length, 1);
});

test("without a tracer the verifier is itself [TRC-4]", () => {
  const verifier = saying(rejected("expired"));
  assert.equal(traced(verifier, undefined, { sha256 }), verifier);
});
