import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig, startServer } from "@hallpass/server";
import { run } from "../run.ts";

test("the operator's secret is made into a file of its owner's, its hash alone is shown, and no file is written over", async () => {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-operator-"));
  const path = join(directory, "operator-credentials");
  const made = async (): Promise<{ readonly code: number; readonly out: string; readonly said: string }> => {
    const written = { out: "", said: "" };
    const code = await run(["config", "operator-secret", "--secret-file", path], {
      env: {},
      out: (text) => void (written.out += text),
      say: (text) => void (written.said += text),
      readInput: async () => "",
      now: () => 0,
    });
    return { code, ...written };
  };
  const first = await made();
  const credentials = readFileSync(path, "utf8");
  const secret = /^operator:(hpc_[\w-]+)\n$/.exec(credentials)?.[1] ?? assert.fail(first.said);
  assert.equal(first.out, `${createHash("sha256").update(secret).digest("hex")}\n`);
  assert.ok(!`${first.out}${first.said}`.includes(secret));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const second = await made();
  assert.deepEqual([second.code, second.out], [2, ""]);
  assert.equal(readFileSync(path, "utf8"), credentials);
  rmSync(directory, { recursive: true });
});

test("an operator's secret that was lost is replaced by whoever has the server's configuration, the file is left out where it is not, and one that holds a dead secret is named", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-operator-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const over = { development: "true", data: join(directory, "data"), listen: "127.0.0.1:0", log_level: "silent" };
  const next = join(directory, "next");
  const first = join(directory, "data", "operator-credentials");
  const replace = async (path = next): Promise<readonly [number, string]> => {
    let said = "";
    const settings = Object.entries(over).map(([key, value]) => `${key}=${value}`);
    const code = await run(["config", "operator-secret", "--replace", "--secret-file", path, "--set", ...settings], {
      env: {},
      out: () => assert.fail("nothing is printed"),
      say: (text) => void (said += text),
      readInput: async () => "",
      now: () => 0,
    });
    return [code, said];
  };
  assert.match((await replace()).join(" "), /^3 error: there is no store of default here/);
  const loaded = loadConfig({ env: {}, over });
  assert.ok(loaded.ok);
  const server = await startServer(loaded.config);
  t.after(() => server.close());
  assert.match(
    (await replace()).join(" "),
    /^4 error: .* is in use: another process serves it.*\nhint: .*SQLite, stop/,
  );
  await server.close();
  assert.throws(() => statSync(next), { code: "ENOENT" });
  const before = readFileSync(first, "utf8");
  assert.deepEqual(await replace(), [
    0,
    `no secret of before works; the operator's is in ${next}, as client_id:secret
${first} still holds one of before, and hallpass reads it there: put the new file in its place
`,
  ]);
  assert.match(readFileSync(next, "utf8"), /^operator:hpc_[\w-]+\n$/);
  assert.equal(readFileSync(first, "utf8"), before);
  // In its own place, and where there is no other, nothing is left to say.
  rmSync(first);
  for (const path of [join(directory, "another"), first])
    assert.deepEqual(await replace(path), [
      0,
      `no secret of before works; the operator's is in ${path}, as client_id:secret\n`,
    ]);
});
