import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sessionRef } from "./session-ref.ts";
import { installedTracing } from "./tracing.ts";

test("without an SDK there is no tracing [TRC-4]", () => {
  assert.equal(installedTracing(), undefined);
});

test("a session's reference is what the vectors say [TRC-1]", () => {
  const { session_refs: refs } = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../../../spec/vectors/audit.json"), "utf8"),
  ) as { readonly session_refs: readonly { readonly sid: string; readonly ref: string }[] };
  for (const { sid, ref } of refs) assert.equal(sessionRef(sid), ref);
});
