import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeBase64url } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import { Fault } from "../kernel/fault.ts";
import type { ClientId, SubjectId } from "../kernel/ids.ts";
import { TENANT } from "../testing/builders.ts";
import { type Mishap, withMishaps } from "../testing/stores.ts";
import {
  accessTextOf,
  aRevoke,
  aWorld,
  nextOf,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { issueClientToken } from "./issue-client-token.ts";
import { readRevocation } from "./read-revocation.ts";
import { revoke } from "./revoke.ts";

describe("a revocation under a fault", () => {
  const faults: readonly [mishap: Mishap, code: string][] = [
    ["failed", "store_unavailable"],
    ["full", "store_full"],
  ];
  for (const [mishap, code] of faults) {
    it(`(${mishap}) is never answered with success, and nothing has happened [I-14] [NOT-4]`, async () => {
      const world = await aWorld(createMemoryStore);
      const one = await opened(world);
      const node = world.node(withMishaps(world.store, [mishap]));
      await assert.rejects(
        revoke(node, aRevoke([theSession(one.session.id)])),
        (error) => error instanceof Fault && error.code === code,
      );
      assert.notEqual(await judgeAccessToken(world, accessTextOf(one)), undefined);
    });
  }

  it("that was committed though the answer was lost is answered with its own position, once [I-14] [F-23]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const revocation = await revoked(world.node(withMishaps(world.store, ["kept"])), theSession(session.id));
    assert.equal((await world.notices()).length, 1);
    assert.deepEqual(await readRevocation(world.store, TENANT, revocation.id), { ok: true, value: revocation });
  });

  it("that was lost with its answer is committed by the second try, once [I-14]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const revocation = await revoked(
      world.node(withMishaps(world.store, ["lost", "conflict", "lost"])),
      theSession(session.id),
    );
    assert.equal((await world.notices()).length, 1);
    assert.deepEqual(await readRevocation(world.store, TENANT, revocation.id), { ok: true, value: revocation });
  });
});

describe("after a revocation was acknowledged", () => {
  it("no old refresh token of the session is anything but over", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const second = await nextOf(world, refreshTextOf(one));
    await revoked(world, theSession(one.session.id));
    for (const token of [refreshTextOf(one), second]) {
      const answer = await refreshed(world, token);
      assert.ok(answer.kind === "refused" && answer.outcome === "ended");
    }
  });

  it("a client's own token that was issued before is dead, and one issued after is not", async () => {
    const world = await aWorld(createMemoryStore);
    const credentials = {
      method: "client_secret_basic",
      clientId: "backend" as ClientId,
      secret: world.backendSecret,
    } as const;
    const token = async (): Promise<string> => {
      const answer = await issueClientToken(world, { credentials, scope: undefined, audience: undefined });
      return answer.ok ? answer.value.access.token.reveal() : answer.code;
    };
    const before = await token();
    await revoked(world, { kind: "client", client: "backend" as ClientId });
    assert.equal(await judgeAccessToken(world, before), undefined);
    assert.notEqual(await judgeAccessToken(world, await token()), undefined);
  });

  it("its notice and its facts hold no subject, no token and no secret [L-01]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, { subject: "canary-subject" as SubjectId });
    const second = await nextOf(world, refreshTextOf(one));
    await revoked(world, theSession(one.session.id), { kind: "subject", subject: "canary-subject" as SubjectId });
    const written = JSON.stringify([await world.facts(), await world.notices()]);
    const seed = encodeBase64url(one.session.seed);
    for (const secret of [
      "canary-subject",
      refreshTextOf(one),
      second,
      accessTextOf(one),
      seed,
      world.backendSecret.reveal(),
    ])
      assert.equal(written.includes(secret), false);
  });
});
