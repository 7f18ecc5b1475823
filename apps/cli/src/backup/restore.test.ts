import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { EXIT } from "../exit-codes.ts";
import { run } from "../run.ts";

test("a restore from a journal that keeps nothing of its own is refused before it looks at anything [JRN-15]", async () => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-cli-"));
  let said = "";
  const restore = (env: Readonly<Record<string, string>>, ...words: readonly string[]): Promise<number> => {
    said = "";
    return run(["restore", join(data, "none"), ...words], {
      out: (text) => void (said += text),
      say: (text) => void (said += text),
      readInput: async () => "",
      env: { HALLPASS_DATA: data, HALLPASS_ISSUER: "https://auth.example", ...env },
      now: () => Date.now(),
    });
  };
  try {
    for (const more of [[], ["--end-all-sessions"]] as const) {
      assert.equal(await restore({}, "--journal", data, ...more), EXIT.usage, said);
      assert.match(said, /no revocation_journal is configured/);
      assert.match(said, /HALLPASS_REVOCATION_JOURNAL/);
    }
    // With one of its own, and without any, it goes on to look at the backup, which is not there.
    for (const [env, words] of [
      [{ HALLPASS_REVOCATION_JOURNAL: join(data, "own") }, ["--journal", data]],
      [{}, ["--end-all-sessions"]],
    ] as const) {
      assert.equal(await restore(env, ...words), EXIT.refused, said);
      assert.match(said, /holds no backup/);
    }
    assert.deepEqual(readdirSync(data), []);
  } finally {
    rmSync(data, { recursive: true });
  }
});
