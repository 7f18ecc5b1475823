import assert from "node:assert/strict";
import { test } from "node:test";
import { startPostgres } from "@hallpass/store-postgres/testing";
import { run } from "../run.ts";

interface Said {
  readonly code: number;
  readonly out: string;
  readonly said: string;
}

async function hallpass(store: string, ...args: readonly string[]): Promise<Said> {
  let [out, said] = ["", ""];
  const code = await run(["migrate", ...args], {
    env: { HALLPASS_ISSUER: "http://localhost:8026", HALLPASS_DEVELOPMENT: "true", HALLPASS_STORE: store },
    out: (text) => {
      out += text;
    },
    say: (text) => {
      said += text;
    },
    readInput: async () => "",
    now: () => 0,
  });
  return { code, out, said };
}

test("migrate makes the tables, says what it did, and has nothing to do the second time", async () => {
  const server = await startPostgres();
  const first = await hallpass(server.url);
  assert.match(first.said, /^default: steps 1 to \d+ done\n$/);
  const second = await hallpass(server.url, "--json");
  const [only] = JSON.parse(second.out) as { readonly tenant: string; readonly from: number; readonly to: number }[];
  assert.equal(only?.tenant, "default");
  assert.equal(only.from, only.to);
  await server.stop();
  const gone = await hallpass(server.url);
  assert.equal(gone.code, 4);
  assert.match(gone.said, /did not go along: connect ECONNREFUSED .*\n.*goes on where it stopped/);
  // A name that stands for two addresses: both are tried, and both say why.
  const both = await hallpass(server.url.replace("127.0.0.1", "localhost"));
  assert.match(both.said, /did not go along: connect ECONNREFUSED /);
});
