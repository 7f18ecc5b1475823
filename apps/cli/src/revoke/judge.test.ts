// `revocations judge` at a server whose store has lost what it had answered for.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { loadConfig, startServer } from "@hallpass/server";
import { EXIT } from "../exit-codes.ts";
import { run } from "../run.ts";

/** The number of a revocation's kind of row on disk. */
const REVOCATION = 7;

test("a receipt is judged by the server; one that was lost is said to be, with the way to revoke the same again [RCP-17]", async () => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-cli-"));
  const loaded = loadConfig({
    env: {},
    over: { development: "true", data, listen: "127.0.0.1:0", log_level: "silent" },
  });
  assert.ok(loaded.ok);
  let server = await startServer(loaded.config);
  const said = { out: "", err: "" };
  const command = (words: readonly string[], input = ""): Promise<number> => {
    said.out = "";
    said.err = "";
    return run(words, {
      out: (text) => void (said.out += text),
      say: (text) => void (said.err += text),
      readInput: async () => input,
      env: { HALLPASS_DATA: data },
      now: () => Date.now(),
    });
  };
  const receipt = join(data, "receipt.json");
  try {
    assert.equal(await command(["revoke", "subject", "ada", "--json"]), EXIT.done, said.err);
    writeFileSync(receipt, said.out);
    const { id, jws } = JSON.parse(said.out) as { readonly id: string; readonly jws: string };
    assert.equal(await command(["revocations", "judge", receipt]), EXIT.done, said.err);
    assert.match(said.out, new RegExp(`receipt +${id}`));
    await server.close();
    const db = new DatabaseSync(join(data, "hallpass.sqlite"));
    assert.equal(db.prepare("DELETE FROM rows WHERE kind = ?").run(REVOCATION).changes, 1);
    db.close();
    server = await startServer(loaded.config);
    assert.equal(await command(["revocations", "judge", "-"], `${jws}\n`), EXIT.refused, said.err);
    assert.match(said.out, /revoked +everything of one subject\n/);
    assert.match(said.out, /standing +lost: the store does not have it any more; epoch 2 began /);
    assert.match(said.err, /take it away again with: --again/);
    assert.equal(await command(["revocations", "judge", receipt, "--again", "--json"]), EXIT.done, said.err);
    const again = JSON.parse(said.out) as { readonly reason: string; readonly pos: string };
    assert.equal(again.reason, `again: ${id} was lost`);
    assert.match(again.pos, /^2\./);
    assert.equal(await command(["revocations", "show", id]), EXIT.refused);
    assert.match(said.err, /There is no such revocation any more/);
    for (const [text, exit, words] of [
      ["{}", EXIT.usage, /holds no receipt/],
      ["{", EXIT.usage, /holds no receipt/],
      ["no receipt", EXIT.refused, /no receipt that a present key/],
    ] as const) {
      assert.equal(await command(["revocations", "judge", "-"], text), exit);
      assert.match(said.err, words);
    }
    assert.equal(await command(["revocations", "judge", join(data, "none")]), EXIT.usage);
  } finally {
    await server.close();
    rmSync(data, { recursive: true });
  }
});
