// Tokens that our own key has signed, and that are wrong in one thing alone: no signature says so.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { Client } from "../clients/client.ts";
import { clientFromRow, clientKey, clientToRow } from "../clients/client-row.ts";
import { TENANT, WEB } from "../testing/builders.ts";
import { accessTextOf, aWorld, opened, type World } from "../testing/world.ts";
import { judgeAccessToken } from "./judge-access-token.ts";

type Members = Readonly<Record<string, unknown>>;

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const decoded = (text = ""): Members => JSON.parse(Buffer.from(text, "base64url").toString()) as Members;

/** The token of an opened session with other claims and another header, signed by the key of its own. */
async function resigned(world: World, claims: (now: number) => Members, header: Members = {}): Promise<string> {
  const [head, body] = accessTextOf(await opened(world)).split(".");
  const keys = world.keys.latest();
  assert.ok(keys !== undefined);
  const now = world.now() / 1000;
  const input = `${encoded({ ...decoded(head), ...header })}.${encoded({ ...decoded(body), ...claims(now) })}`;
  return `${input}.${Buffer.from(keys.signer.sign(input)).toString("base64url")}`;
}

async function isLive(world: World, token: string): Promise<boolean> {
  return (await judgeAccessToken(world, token)) !== undefined;
}

describe("a token that our own key signed", () => {
  const claims: readonly [title: string, claims: (now: number) => Members, live: boolean][] = [
    ["with nothing changed", () => ({}), true],
    ["of another issuer", () => ({ iss: "https://evil.example" }), false],
    ["of our issuer in a second spelling", () => ({ iss: "https://auth.example/" }), false],
    ["of a client that is not there", () => ({ client_id: "gone" }), false],
    ["of a client by a name that none can have", () => ({ client_id: "a client" }), false],
    ["of a session that is not there", () => ({ sid: "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9eff" }), false],
    ["of a family that the session has not", () => ({ fam: "_____w" }), false],
    ["of no session", () => ({ sid: undefined, fam: undefined }), true],
    ["without claims that it must have", () => ({ jti: undefined }), false],
    ["of an epoch to come", () => ({ pos: "2.0" }), true],
    ["of an epoch that is over", () => ({ pos: "0.9" }), false],
    ["not before as far ahead as the skew", (now) => ({ nbf: now + 5 }), true],
    ["not before one second further ahead", (now) => ({ nbf: now + 6 }), false],
    ["not before a time long past", (now) => ({ nbf: now - 1000 }), true],
    ["that ends when it begins", (now) => ({ iat: now, exp: now }), false],
    ["that ends before it begins", (now) => ({ iat: now + 1, exp: now }), false],
    ["that lives for a second", (now) => ({ iat: now, exp: now + 1 }), true],
    ["that lives as long as any token may", (now) => ({ iat: now, exp: now + 600 }), true],
    ["that lives a second longer", (now) => ({ iat: now, exp: now + 601 }), false],
  ];
  for (const [title, changes, live] of claims) {
    it(`${title} is ${live ? "good" : "refused"} [AT-V5] [J-26] [J-27] [J-34]`, async () => {
      const world = await aWorld(createMemoryStore);
      assert.equal(await isLive(world, await resigned(world, changes)), live);
    });
  }

  const headers: readonly [title: string, header: Members, live: boolean][] = [
    ["with its type written out", { typ: "application/at+jwt" }, true],
    ["with its type in capitals", { typ: "AT+JWT" }, true],
    ["without a type", { typ: undefined }, false],
    ["without a kid", { kid: undefined }, false],
    ["under the name of an algorithm that its key has not", { alg: "Ed25519" }, false],
  ];
  for (const [title, header, live] of headers) {
    it(`${title} is ${live ? "good" : "refused"} [AT-V2] [AT-V3] [J-09] [J-24]`, async () => {
      const world = await aWorld(createMemoryStore);
      assert.equal(await isLive(world, await resigned(world, () => ({}), header)), live);
    });
  }

  it("is refused once its client is disabled or gone, also where no cut-off says so", async () => {
    for (const change of [{ status: "disabled" } satisfies Partial<Client>, "gone"] as const) {
      const world = await aWorld(createMemoryStore);
      const token = await resigned(world, () => ({ sid: undefined, fam: undefined }));
      assert.equal(await isLive(world, token), true);
      const key = clientKey(TENANT, WEB);
      const row = (await world.store.read([key])).get(key);
      assert.ok(row !== undefined);
      const next = change === "gone" ? change : clientToRow({ ...clientFromRow(row), ...change });
      const rows = [{ key, expect: row.version, next }];
      await world.store.commit([{ attempt: "changed", rows, notices: [], facts: [] }]);
      assert.equal(await isLive(world, token), false);
    }
  });
});
