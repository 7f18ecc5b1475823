import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { auditReader } from "../audit/audit-reader.ts";
import { type AuditExport, chainFaults, checkpointFault, openCheckpoint } from "../audit/verify-chain.ts";
import { sessionFact } from "../facts.ts";
import { Fault } from "../kernel/fault.ts";
import type { SubjectId } from "../kernel/ids.ts";
import { ringKey } from "../keys/ring.ts";
import { record } from "../store/change.ts";
import { TENANT } from "../testing/builders.ts";
import { withMishaps } from "../testing/stores.ts";
import { aWorld, type Deps, nextOf, opened, refreshTextOf, revoked, theSession, type World } from "../testing/world.ts";
import { erasePersons } from "./erase-persons.ts";
import { readAudit, readCheckpoints } from "./read-audit.ts";
import { listReaders, readFacts } from "./read-facts.ts";
import { signCheckpoint } from "./sign-checkpoint.ts";
import { sweep } from "./sweep.ts";

const KEPT = 10_000_000;
const DAY = 86_400_000;

function readerOf({ issuer }: Deps, without: readonly string[] = ["token_refreshed"]): ReturnType<typeof auditReader> {
  return auditReader({ issuer, kept: KEPT, without: new Set(without) });
}

async function chain(deps: Deps, reader = readerOf(deps)): Promise<void> {
  while ((await readFacts(deps, reader)).more);
}

async function exported(world: World, from = 1): Promise<AuditExport> {
  const page = await readAudit(world.store, TENANT, from);
  assert.ok(page.from !== null && page.before !== null);
  return { issuer: world.issuer.url, tenant: TENANT, from: page.from, before: page.before, records: page.records };
}

interface Entry {
  readonly n: number;
  readonly kind: string;
  readonly session: string | null;
  readonly body: Record<string, unknown>;
  readonly persons: Record<string, string>;
}

function entriesOf({ records }: AuditExport): readonly Entry[] {
  return records.map(({ entry }) => JSON.parse(entry) as Entry);
}

async function busyWorld(): Promise<World> {
  const world = await aWorld(createMemoryStore);
  const session = await opened(world, { subject: "ada" as SubjectId, actor: "ops@example" });
  await nextOf(world, refreshTextOf(session));
  await revoked(world, theSession(session.session.id));
  return world;
}

describe("the audit", () => {
  it("has a record for each fact of a chained kind, in order, and its chain is whole [AUD-1] [AUD-4]", async () => {
    const world = await busyWorld();
    await chain(world);
    const all = await exported(world);
    assert.deepEqual(chainFaults(all), []);
    const facts = (await world.facts()).filter(({ kind }) => kind !== "token_refreshed");
    assert.deepEqual(
      entriesOf(all).map(({ n, kind, session }) => [n, kind, session]),
      facts.map(({ kind, session }, index) => [index + 1, kind, session]),
    );
    assert.ok(facts.length >= 4);
  });

  it("names nobody in an entry, and stands beside it who it was, until that is erased [AUD-5] [AUD-6]", async () => {
    const world = await busyWorld();
    await chain(world);
    const before = await exported(world);
    const text = before.records.map(({ entry }) => entry).join("");
    for (const name of ["ada", "ops@example"]) assert.ok(!text.includes(name), name);
    const opening = entriesOf(before).findIndex(({ kind }) => kind === "session_opened");
    assert.deepEqual(before.records[opening]?.persons.map(({ name, value }) => [name, value]).toSorted(), [
      ["actor", "ops@example"],
      ["subject", "ada"],
    ]);
    assert.equal(await erasePersons({ ...world, tenant: TENANT }, "ada"), 1);
    assert.equal(await erasePersons({ ...world, tenant: TENANT }, "ada"), 0);
    const after = await exported(world);
    assert.deepEqual(chainFaults(after), []);
    assert.deepEqual(
      after.records.map(({ entry, hash }) => [entry, hash]),
      before.records.map(({ entry, hash }) => [entry, hash]),
    );
    assert.deepEqual(
      after.records[opening]?.persons.map(({ value }) => value),
      ["ops@example"],
    );
    assert.equal(await erasePersons({ ...world, tenant: TENANT }, "ops@example"), 1);
    assert.ok(
      (await exported(world)).records.every(({ persons }) => !persons.some(({ value }) => value === "ops@example")),
    );
  });

  it("names nobody either whom a call was made for, and keeps who called [AUD-5]", async () => {
    const world = await busyWorld();
    const { session } = await opened(world);
    const draft = sessionFact(TENANT, session.id, world.now(), "session_kept_alive", { by: "call" });
    const by = { client: "console", actor: "zoe@example", proof: "declared" };
    await record(world.store, world.dice, [{ ...draft, body: JSON.stringify({ by }) }]);
    await chain(world);
    const all = await exported(world);
    assert.deepEqual(chainFaults(all), []);
    assert.ok(!all.records.some(({ entry }) => entry.includes("zoe@example")));
    assert.deepEqual(entriesOf(all).at(-1)?.body, { by: { client: "console", proof: "declared" } });
    assert.deepEqual(
      all.records.at(-1)?.persons.map(({ name, value }) => [name, value]),
      [["by", "zoe@example"]],
    );
  });

  it("goes on where it stopped, after any fault of the store, with no record twice [AUD-4]", async () => {
    const world = await busyWorld();
    for (const mishap of ["lost", "kept", "conflict", "failed"] as const) {
      await opened(world, { subject: mishap as SubjectId });
      await readFacts({ ...world, store: withMishaps(world.store, [mishap]) }, readerOf(world)).catch((error) =>
        assert.ok(error instanceof Fault),
      );
    }
    await chain(world);
    const all = await exported(world);
    assert.deepEqual(chainFaults(all), []);
    assert.equal(all.records.length, (await world.facts()).filter(({ kind }) => kind !== "token_refreshed").length);
  });

  it("is one chain, however many nodes make it at once [AUD-4]", async () => {
    const world = await busyWorld();
    const nodes = [world.node(), world.node(), world.node()];
    await Promise.all(nodes.map((node) => chain(node)));
    await opened(world);
    await Promise.all(nodes.map((node) => chain(node)));
    const all = await exported(world);
    assert.deepEqual(chainFaults(all), []);
    assert.equal(all.records.length, (await world.facts()).filter(({ kind }) => kind !== "token_refreshed").length);
  });

  it("is read from any record on, across blocks", async () => {
    const world = await busyWorld();
    for (let n = 0; n < 20; n += 1) {
      await opened(world);
      await chain(world);
    }
    const all = await exported(world);
    for (const from of [1, 2, 5, all.records.length]) {
      const part = await exported(world, from);
      assert.equal(part.from, from);
      assert.deepEqual(part.records, all.records.slice(from - 1));
      assert.deepEqual(chainFaults(part), []);
    }
    const beyond = await readAudit(world.store, TENANT, all.records.length + 1);
    assert.deepEqual([beyond.from, beyond.records.length, beyond.next], [null, 0, null]);
  });

  it("is read in pages that are one chain together", async () => {
    const world = await aWorld(createMemoryStore);
    // More blocks of one record than a block may have records: the page that begins in the middle looks past them.
    for (let n = 0; n < 300; n += 1) {
      await opened(world, { subject: `u-${n}` as SubjectId });
      await chain(world, readerOf(world, ["key_created"]));
    }
    const records: AuditExport["records"][number][] = [];
    let before: string | null = null;
    for (let next: number | null = 1; next !== null; ) {
      const page = await readAudit(world.store, TENANT, next);
      before ??= page.before;
      records.push(...page.records);
      next = page.next;
    }
    assert.ok(records.length > 300 && before !== null);
    assert.deepEqual(chainFaults({ issuer: world.issuer.url, tenant: TENANT, from: 1, before, records }), []);
  });

  it("is signed where it ends, once for each end, and refuses to sign nothing [AUD-7]", async () => {
    const empty = await aWorld(createMemoryStore);
    assert.deepEqual(await signCheckpoint(empty, KEPT), { ok: false, code: "audit_empty" });
    const world = await busyWorld();
    await chain(world);
    const first = await signCheckpoint(world, KEPT);
    assert.ok(first.ok);
    assert.deepEqual(await signCheckpoint(world, KEPT), first);
    await opened(world);
    await chain(world);
    const second = await signCheckpoint(world, KEPT);
    assert.ok(second.ok && second.value.n > first.value.n);
    assert.deepEqual(await readCheckpoints(world.store, TENANT, 0, 10), [first.value, second.value]);
    assert.deepEqual(await readCheckpoints(world.store, TENANT, first.value.n, 10), [second.value]);
    const { published } = world.keys.open(await world.store.read([ringKey(TENANT)]));
    const jwks = published.map(({ jwk }) => jwk as Record<string, unknown>);
    for (const { jws } of [first.value, second.value]) {
      const point = openCheckpoint(jws, jwks);
      assert.ok(point !== undefined);
      assert.equal(checkpointFault(await exported(world), point), undefined);
    }
  });

  it("is signed once by two nodes at once: whoever comes second answers what the other has signed [AUD-7]", async () => {
    const world = await busyWorld();
    await chain(world);
    const [one, other] = await Promise.all([signCheckpoint(world, KEPT), signCheckpoint(world.node(), KEPT)]);
    assert.ok(one.ok);
    assert.deepEqual(other, one);
    assert.deepEqual(await readCheckpoints(world.store, TENANT, 0, 10), [one.value]);
  });

  it("drops the oldest when their time is over, and what is left is whole, and proven [AUD-9]", async () => {
    const world = await busyWorld();
    await chain(world);
    const point = await signCheckpoint(world, KEPT * 2);
    assert.ok(point.ok);
    world.wait(KEPT - 1);
    const swept = async (): Promise<number> => {
      await sweep({ ...world, factsKept: 400 * DAY }, world.now());
      return (await readAudit(world.store, TENANT, 1)).from ?? 0;
    };
    assert.equal(await swept(), 1);
    await opened(world);
    await chain(world);
    world.wait(1);
    assert.equal(await swept(), point.value.n + 1);
    const { published } = world.keys.open(await world.store.read([ringKey(TENANT)]));
    const signed = openCheckpoint(
      point.value.jws,
      published.map(({ jwk }) => jwk as Record<string, unknown>),
    );
    assert.ok(signed !== undefined);
    const left = await exported(world);
    assert.deepEqual([chainFaults(left), checkpointFault(left, signed)], [[], undefined]);
  });

  it("lays aside a fact that it can't chain, and goes on with the others [AUD-10]", async () => {
    const world = await busyWorld();
    const { session } = await opened(world);
    const good = sessionFact(TENANT, session.id, world.now(), "session_kept_alive", { by: "call" });
    await record(world.store, world.dice, [{ ...good, body: "no JSON" }, good]);
    for (let tries = 0; tries < 40; tries += 1) {
      await readFacts(world, readerOf(world));
      world.wait(60_000);
    }
    const { readers, deadLetters } = await listReaders(world.store, TENANT, 10);
    assert.deepEqual(
      deadLetters.map(({ reader, kind, session: of }) => [reader, kind, of]),
      [["audit", "session_kept_alive", session.id]],
    );
    assert.equal(readers[0]?.laidAside, 1);
    const all = await exported(world);
    assert.deepEqual(chainFaults(all), []);
    assert.equal(entriesOf(all).filter(({ kind }) => kind === "session_kept_alive").length, 1);
  });
});
