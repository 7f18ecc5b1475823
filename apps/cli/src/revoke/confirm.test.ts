// On a terminal the one who sits there is asked, with the numbers, and nothing but yes goes on.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig, startServer } from "@hallpass/server";
import { EXIT } from "../exit-codes.ts";
import { run } from "../run.ts";

test("a revocation of many sessions asks first, and only yes is yes", async () => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-cli-"));
  const loaded = loadConfig({
    env: {},
    over: { development: "true", data, listen: "127.0.0.1:0", log_level: "silent" },
  });
  assert.ok(loaded.ok);
  const server = await startServer(loaded.config);
  const asked: string[] = [];
  const said: string[] = [];
  const command = (words: string, answer: string): Promise<number> =>
    run(words.split(" "), {
      out: (text) => void said.push(text),
      say: (text) => void said.push(text),
      ask: async (question) => {
        asked.push(question);
        return answer;
      },
      readInput: async () => "",
      env: { HALLPASS_DATA: data },
      now: () => Date.now(),
    });
  try {
    await command("sessions open --subject ada --client demo", "");
    for (const answer of ["", "no", "y", "YES", "yes!"])
      assert.equal(await command("revoke tenant", answer), EXIT.usage, answer);
    said.length = 0;
    assert.equal(await command("revocations list", ""), EXIT.done);
    assert.match(said.join(""), /nothing of the kind was revoked/);
    assert.equal(await command("revoke tenant", " yes\n"), EXIT.done);
    assert.match(said.join(""), /sessions ended {2}1/);
    assert.equal(asked.length, 6);
    assert.match(asked[0] ?? "", /^this ends 1 sessions of 1 subjects, at 1 clients\. Type yes to go on: $/);
    asked.length = 0;
    assert.equal(await command("revoke tenant --yes", "no"), EXIT.done);
    assert.deepEqual(asked, []);
  } finally {
    await server.close();
    rmSync(data, { recursive: true });
  }
});
