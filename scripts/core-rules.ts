// The rules of core without I/O: how a session, a token, a key and a revocation behave. They are cheap enough to run at
// every save, and this says what they cost: about a second of processor time on a quiet machine. The bound is
// far above that, so that only a rule that began to do something else fails it.

import { globSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { run } from "node:test";
import { dot } from "node:test/reporters";

const WITHIN_MS = 10_000;
const root = join(import.meta.dirname, "..", "packages/core/src");
// The place that `npm test` has, so that neither compiles what the other has read.
enableCompileCache(join(import.meta.dirname, "..", "node_modules/.cache/hallpass-tests"));
const files = globSync("{kernel,keys,tokens,sessions,clients,revocation}/**/*.test.ts", { cwd: root });
const counts = { passed: 0, failed: 0 };
const begun = process.cpuUsage();
const stream = run({ files: files.map((file) => join(root, file)), isolation: "none" });
stream.on("test:pass", () => (counts.passed += 1));
stream.on("test:fail", () => (counts.failed += 1));
stream.on("end", () => {
  const { user, system } = process.cpuUsage(begun);
  const spentMs = (user + system) / 1000;
  console.log(`\n${files.length} files, ${counts.passed} passed, ${counts.failed} failed, ${spentMs.toFixed(0)} ms`);
  if (counts.passed === 0 || counts.failed > 0 || spentMs > WITHIN_MS) process.exitCode = 1;
});
stream.compose(dot).pipe(process.stdout);
