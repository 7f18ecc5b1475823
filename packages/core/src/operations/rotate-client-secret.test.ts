// A client's next secret, and how long the one before it works.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { formatClientSecret } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import { PRESET_KID } from "../clients/secret-hash.ts";
import type { ClientId } from "../kernel/ids.ts";
import { Secret } from "../kernel/secret.ts";
import { START, WEB } from "../testing/builders.ts";
import { aWorld, BACKEND, type World } from "../testing/world.ts";
import type { MayChange } from "./change-client.ts";
import { disableClient } from "./disable-client.ts";
import { issueClientToken } from "./issue-client-token.ts";
import {
  isLiveSecret,
  type RotateClientSecret,
  type RotatedSecret,
  rotateClientSecret,
} from "./rotate-client-secret.ts";

const anyone: MayChange = () => undefined;

function asked(changes: Partial<RotateClientSecret> = {}): RotateClientSecret {
  return { client: BACKEND, overlapMs: 1000, preset: null, actor: "ops", ...changes };
}

async function rotated(world: World, changes: Partial<RotateClientSecret> = {}): Promise<RotatedSecret> {
  const answer = await rotateClientSecret(world, asked(changes), anyone);
  assert.ok(answer.ok);
  return answer.value;
}

async function works(world: World, secret: Secret | null): Promise<boolean> {
  const credentials = { method: "client_secret_basic", clientId: BACKEND, secret: secret ?? assert.fail() } as const;
  return (await issueClientToken(world, { credentials, scope: undefined, audience: undefined })).ok;
}

async function codeOf(world: World, client: ClientId, may = anyone): Promise<string> {
  const answer = await rotateClientSecret(world, asked({ client }), may);
  return answer.ok ? "rotated" : answer.code;
}

describe("a client's next secret", () => {
  it("is shown once, and the one before it works until its overlap has passed, and not at that instant [SEC-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const { secret, client } = await rotated(world);
    assert.deepEqual(
      client.secrets.map(({ until, added }) => [until, added]),
      [
        [world.now() + 1000, client.secrets[0]?.added],
        [undefined, world.now()],
      ],
    );
    const last = (await world.facts()).at(-1);
    assert.deepEqual([last?.kind, last?.body], ["client_secret_added", '{"client":"backend","actor":"ops"}']);
    world.wait(999);
    assert.deepEqual([await works(world, world.backendSecret), await works(world, secret)], [true, true]);
    world.wait(1);
    assert.deepEqual([await works(world, world.backendSecret), await works(world, secret)], [false, true]);
  });

  it("leaves never more than two: what was before the one before goes at once [SEC-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const second = await rotated(world);
    const third = await rotated(world, { overlapMs: 500 });
    const alive = [world.backendSecret, second.secret, third.secret].map((one) => works(world, one));
    assert.deepEqual(await Promise.all(alive), [false, true, true]);
    assert.equal(third.client.secrets.length, 2);
    const fourth = await rotated(world, { overlapMs: 0 });
    assert.deepEqual(await Promise.all([third.secret, fourth.secret].map((one) => works(world, one))), [false, true]);
    assert.equal(fourth.client.secrets.length, 1);
  });

  it("is live until the instant that ends its overlap, and without one for good [SEC-1]", () => {
    const secret = { kid: 1, hash: "h", added: 0 };
    const live = [START - 1, START, START + 1].map((until) => isLiveSecret({ ...secret, until }, START));
    assert.deepEqual(live, [false, false, true]);
    assert.equal(isLiveSecret(secret, START), true);
  });

  it("may be preset by its hash, and is then never shown [SEC-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const text = formatClientSecret(new Uint8Array(32).fill(3));
    const preset = createHash("sha256").update(text).digest("base64url");
    const { secret, client } = await rotated(world, { preset });
    assert.equal(secret, null);
    assert.deepEqual(client.secrets.at(-1), { kid: PRESET_KID, hash: preset, added: world.now() });
    assert.equal(await works(world, new Secret(text)), true);
  });

  it("is refused to a client that is not there, was deleted, has none, or is beyond the caller [SEC-1] [MAN-5]", async () => {
    const world = await aWorld(createMemoryStore);
    assert.equal(await codeOf(world, "nobody" as ClientId), "client_not_found");
    assert.equal(await codeOf(world, WEB), "client_has_no_secret");
    assert.equal(await codeOf(world, BACKEND, () => "mandate_exceeded"), "mandate_exceeded");
    assert.equal(await works(world, world.backendSecret), true);
    await disableClient(world, BACKEND, null, { forGood: true });
    assert.equal(await codeOf(world, BACKEND), "client_not_found");
  });
});
