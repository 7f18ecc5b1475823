import assert from "node:assert/strict";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Name } from "../config-schema.ts";
import { lineToText } from "../journal/journal-line.ts";
import { type RunningServer, startServer } from "../main.ts";
import { type Journey, journey } from "../testing/journey.ts";
import { configOf, ISSUER, type Received, received, requestOf } from "../testing/scene.ts";
import { FIRST_ISSUER, SHOP_ISSUER, sendTo, type TenantScene, twoTenants } from "../testing/two-tenants.ts";
import { backUp } from "./backup.ts";
import { MANIFEST } from "./manifest.ts";
import { BackupProblem, type BackupProblemCode } from "./problem.ts";
import { type Restore, type RestoredTenant, restore } from "./restore.ts";

const scratch = mkdtempSync(join(tmpdir(), "hallpass-backup-"));
after(() => rmSync(scratch, { recursive: true }));

let made = 0;
function fresh(): string {
  made += 1;
  return join(scratch, `d${made}`);
}

const config = (data: string, more: Partial<Record<Name, string>> = {}): ReturnType<typeof configOf> =>
  configOf({ data, issuer: ISSUER, ...more });

const refusedWith = (code: BackupProblemCode) => (error: unknown) =>
  error instanceof BackupProblem && error.code === code;

interface Lost {
  readonly backup: string;
  readonly journal: string;
  /** Where the key-encryption key is, and no store. */
  readonly empty: () => string;
  readonly revoked: { readonly sid: string; readonly refresh: string };
  readonly kept: { readonly sid: string; readonly refresh: string };
}

let once: Promise<Lost> | undefined;

/** Nobody changes it: a restore reads what it is given. */
function lost(): Promise<Lost> {
  return (once ??= anotherLost());
}

/** A server that is gone: one session was revoked since its backup, and one was not. */
async function anotherLost(): Promise<Lost> {
  const [journal, backup, saved] = [fresh(), fresh(), fresh()];
  const one = await journey({}, { revocation_journal: journal });
  const [revoked, kept] = [await one.signIn(), await one.signIn("u-2")];
  await backUp(config(one.data), backup);
  await revoke(one, revoked.sid);
  mkdirSync(saved);
  cpSync(join(one.data, "key-encryption-key"), join(saved, "key-encryption-key"));
  await one.end();
  const empty = (): string => {
    const data = fresh();
    cpSync(saved, data, { recursive: true });
    return data;
  };
  return { backup, journal, empty, revoked, kept };
}

async function revoke(one: Journey, sid: string): Promise<void> {
  const { status } = await one.operate({ path: "/v1/revocations", json: { targets: [{ type: "session", sid }] } });
  assert.equal(status, 201);
}

async function restored(
  data: string,
  backup: string | null,
  more: Partial<Restore> = {},
): Promise<readonly RestoredTenant[]> {
  return restore(config(data), { backup, journals: [], endAllSessions: false, ...more });
}

async function refreshAt(data: string, token: string): Promise<Received> {
  return served(data, async (server) =>
    received(
      await fetch(
        requestOf(
          { path: "/oauth2/token", form: { grant_type: "refresh_token", client_id: "demo", refresh_token: token } },
          server.url,
        ),
      ),
    ),
  );
}

async function served<T>(data: string, work: (server: RunningServer) => Promise<T>): Promise<T> {
  const server = await startServer(config(data), { logTo: { write: () => {} } });
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

describe("a backup", () => {
  it("is one consistent state of a server that goes on, for its owner's eyes, and says what it holds [BAK-1] [BAK-2] [BAK-7]", async () => {
    const one = await journey();
    const { sid } = await one.signIn();
    await revoke(one, sid);
    const backup = fresh();
    const [manifest] = await Promise.all([backUp(config(one.data), backup), one.signIn("u-2"), one.signIn("u-3")]);
    const [only] = manifest.tenants;
    assert.deepEqual([only?.tenant, only?.head, only?.keys_sealed_under.length], ["default", "1.1", 1]);
    assert.deepEqual(JSON.parse(readFileSync(join(backup, MANIFEST), "utf8")), manifest);
    assert.equal(statSync(backup).mode & 0o777, 0o700);
    for (const name of [MANIFEST, "default.sqlite"]) assert.equal(statSync(join(backup, name)).mode & 0o777, 0o600);
    assert.equal(existsSync(join(backup, "default.sqlite-wal")), false);
    const kek = readFileSync(join(one.data, "key-encryption-key"), "utf8").trim();
    assert.equal(
      readFileSync(join(backup, "default.sqlite")).includes(kek),
      false,
      "the key that opens it is elsewhere",
    );
    await one.end();
  });

  it("is made of a server that is down as well, and of none that was never there [BAK-1]", async () => {
    const one = await journey();
    await one.server.close();
    assert.equal((await backUp(config(one.data), fresh())).tenants.length, 1);
    rmSync(one.data, { recursive: true });
    mkdirSync(one.data);
    const backup = fresh();
    await assert.rejects(backUp(config(one.data), backup), refusedWith("no_store"));
    assert.deepEqual([existsSync(backup), existsSync(`${backup}.partial`)], [false, false]);
    await one.end();
  });

  it("goes into no directory that holds anything, and there is none of a store that forgets [BAK-2]", async () => {
    const one = await journey();
    const backup = fresh();
    await backUp(config(one.data), backup);
    const before = readFileSync(join(backup, MANIFEST));
    await assert.rejects(backUp(config(one.data), backup), refusedWith("target_not_empty"));
    assert.deepEqual(readFileSync(join(backup, MANIFEST)), before);
    await assert.rejects(backUp(config(one.data, { store: "memory" }), fresh()), refusedWith("store_forgets"));
    await one.end();
  });
});

describe("a restore", () => {
  it("with the journal ends what was revoked since and nobody else, in a new epoch [BAK-5] [G-20] [JRN-6]", async () => {
    const { backup, journal, empty, revoked, kept } = await lost();
    const data = empty();
    const [done] = await restored(data, backup, { journals: [journal] });
    assert.deepEqual(
      [done?.from, done?.journalReaches, done?.head],
      [
        { epoch: 1, seq: 0 },
        { epoch: 1, seq: 1 },
        { epoch: 2, seq: 2 },
      ],
    );
    assert.equal((await refreshAt(data, revoked.refresh)).status, 400);
    assert.equal((await refreshAt(data, kept.refresh)).status, 200);
  });

  it("without a journal, with another store's or with one that lacks a revocation is refused, and leaves nothing [BAK-4] [JRN-5]", async () => {
    const { backup, journal, empty } = await lost();
    const data = empty();
    await assert.rejects(restored(data, backup), refusedWith("no_journal"));
    const other = await anotherLost();
    await assert.rejects(restored(data, backup, { journals: [other.journal] }), refusedWith("no_journal"));
    const gap = fresh();
    cpSync(journal, gap, { recursive: true });
    const own = join(gap, "default");
    const [name = ""] = readdirSync(own);
    const lines = readFileSync(join(own, name), "utf8").split("\n");
    const later = lineToText({
      kind: "change",
      at: 1 as never,
      change: {
        attempt: "later",
        rows: [],
        notices: [{ tenant: "default" as never, mark: "AAECAwQFBgc", body: "{}", livesMs: 1 }],
        facts: [],
      },
    });
    const at = lineToText({
      kind: "committed",
      attempt: "later",
      pos: { epoch: 1, seq: 3 },
      at: 2 as never,
      mark: null,
    });
    writeFileSync(join(own, name), [...lines.filter((line) => line !== ""), ""].join("\n") + later + at);
    await assert.rejects(restored(data, backup, { journals: [gap] }), refusedWith("journal_incomplete"));
    writeFileSync(join(own, name), [lines[0], `0${lines[1]}`, ...lines.slice(2)].join("\n"));
    await assert.rejects(restored(data, backup, { journals: [gap] }), refusedWith("journal_broken"));
    assert.deepEqual(readdirSync(data), ["key-encryption-key"]);
  });

  it("has every session end, and no key of before trusted, under the flag that says so [BAK-4]", async () => {
    const kids = async (data: string): Promise<readonly string[]> =>
      served(data, async (server) => {
        const answer = await fetch(new URL("/.well-known/jwks.json", server.url));
        return ((await answer.json()) as { readonly keys: readonly { readonly kid: string }[] }).keys.map(
          (key) => key.kid,
        );
      });
    const { backup, journal, empty, revoked, kept } = await lost();
    const data = empty();
    const [done] = await restored(data, backup, { endAllSessions: true });
    assert.equal(done?.endedAllSessions, true);
    for (const { refresh } of [revoked, kept]) assert.equal((await refreshAt(data, refresh)).status, 400);
    const withJournal = empty();
    await restored(withJournal, backup, { journals: [journal] });
    const before = new Set(await kids(withJournal));
    assert.deepEqual([before.size, (await kids(data)).filter((kid) => before.has(kid))], [2, []]);
  });

  it("stands in the journal itself, so that the next restore from an older backup takes away what both took [JRN-1] [BAK-5]", async () => {
    const { backup, journal, empty, revoked, kept } = await anotherLost();
    const request = { backup, journals: [journal], endAllSessions: false };
    const [first, second, third] = [empty(), empty(), empty()];
    await restore(config(first, { revocation_journal: journal }), request);
    const later = fresh();
    await backUp(config(first), later);
    const [again] = await restored(second, backup, { journals: [journal] });
    assert.deepEqual([again?.notices, again?.journalReaches], [2, { epoch: 2, seq: 2 }]);
    assert.equal((await refreshAt(second, revoked.refresh)).status, 400);
    assert.equal((await refreshAt(second, kept.refresh)).status, 200);

    await restore(config(third, { revocation_journal: journal }), { ...request, endAllSessions: true });
    for (const older of [backup, later]) {
      const data = empty();
      await restored(data, older, { journals: [journal] });
      assert.equal((await refreshAt(data, kept.refresh)).status, 400, "all sessions ended, and the journal says so");
    }
  });

  it("refuses what is no backup, was changed or cut short, and is of another store, issuer or tenant [BAK-3]", async () => {
    const { backup, journal, empty } = await lost();
    const data = empty();
    const journals = [journal];
    const spoilt = (spoil: (directory: string) => void): string => {
      const copy = fresh();
      cpSync(backup, copy, { recursive: true });
      spoil(copy);
      return copy;
    };
    const edit = (change: (manifest: Record<string, unknown>) => void) => (directory: string) => {
      const manifest = JSON.parse(readFileSync(join(directory, MANIFEST), "utf8")) as Record<string, unknown>;
      change(manifest);
      writeFileSync(join(directory, MANIFEST), JSON.stringify(manifest));
    };
    const file = "default.sqlite";
    const bad: readonly [BackupProblemCode, string][] = [
      ["no_backup", spoilt((at) => rmSync(join(at, MANIFEST)))],
      ["backup_unreadable", spoilt((at) => writeFileSync(join(at, MANIFEST), "{"))],
      ["backup_unreadable", spoilt(edit((manifest) => (manifest["hallpass_backup"] = 2)))],
      ["backup_unreadable", spoilt(edit((manifest) => (manifest["tenants"] = [])))],
      ["backup_broken", spoilt((at) => rmSync(join(at, file)))],
      ["backup_broken", spoilt((at) => appendFileSync(join(at, file), "x"))],
      ["backup_broken", spoilt((at) => writeFileSync(join(at, file), readFileSync(join(at, file)).subarray(0, -1)))],
      ["backup_broken", spoilt((at) => flip(join(at, file), 5000))],
      ["other_store", spoilt(edit((manifest) => (manifest["store"] = "postgres")))],
    ];
    for (const [code, path] of bad) await assert.rejects(restored(data, path, { journals }), refusedWith(code), code);
    await assert.rejects(
      restore(config(data, { issuer: "http://localhost:9026" }), { backup, journals, endAllSessions: false }),
      refusedWith("other_tenants"),
    );
    await assert.rejects(
      restore(config(data, { store: "memory" }), { backup, journals, endAllSessions: false }),
      refusedWith("store_forgets"),
    );
    assert.equal(existsSync(join(data, "hallpass.sqlite")), false);
    assert.equal((await restored(data, backup, { journals })).length, 1);
  });

  it("refuses a place where a store is, and leaves that one as it was [BAK-3]", async () => {
    const { backup, journal } = await lost();
    const one = await journey();
    const { refresh } = await one.signIn();
    await assert.rejects(restored(one.data, backup, { journals: [journal] }), refusedWith("store_not_empty"));
    assert.equal((await one.refresh(refresh)).status, 200);
    await one.end();
  });

  it("that was killed while it moved in is served by nobody, and done by the next one [BAK-6]", async () => {
    const { backup, journal, empty } = await lost();
    const data = empty();
    await restored(data, backup, { journals: [journal] });
    writeFileSync(join(data, "restoring"), `${JSON.stringify([join(data, "hallpass.sqlite")])}\n`);
    await assert.rejects(startServer(config(data)), /a restore into .* was cut off/);
    assert.equal((await restored(data, backup, { journals: [journal] })).length, 1);
    await served(data, async () => {});
  });

  it("where stores stand in their places brings up those that are behind, and changes none before all are judged [BAK-3] [BAK-8]", async () => {
    const [journal, ofOneAlone, first, second] = [fresh(), fresh(), fresh(), fresh()];
    const tenants = JSON.stringify({ shop: { issuer: SHOP_ISSUER } });
    const two = await twoTenants({ revocation_journal: journal });
    await two.server.close();
    for (const copy of [first, second]) cpSync(two.data, copy, { recursive: true });
    const settings = { issuer: FIRST_ISSUER, tenants };
    const revokeOf = async ({ host, bearer, sid }: TenantScene): Promise<void> => {
      const live = config(two.data, { ...settings, revocation_journal: journal });
      const server = await startServer(live, { logTo: { write: () => {} } });
      const { status } = await sendTo(server.url, host, {
        path: "/v1/revocations",
        headers: { authorization: `Bearer ${bearer}` },
        json: { targets: [{ type: "session", sid }] },
      });
      await server.close();
      assert.equal(status, 201);
    };
    const inPlace = async (data: string, from: string): Promise<readonly unknown[]> => {
      const request = { backup: null, journals: [from], endAllSessions: false };
      return (await restore(config(data, settings), request)).map(({ tenant, notices }) => [tenant, notices]);
    };
    await revokeOf(two.other);
    assert.deepEqual(await inPlace(first, journal), [["shop", 1]]);
    await assert.rejects(inPlace(first, journal), refusedWith("nothing_to_restore"));

    await revokeOf(two.one);
    cpSync(join(journal, "default"), join(ofOneAlone, "default"), { recursive: true });
    await assert.rejects(inPlace(second, ofOneAlone), refusedWith("no_journal"));
    const both = [
      ["default", 1],
      ["shop", 1],
    ];
    assert.deepEqual(await inPlace(second, journal), both, "the refusal left the first one as it was");
    rmSync(two.data, { recursive: true });
  });

  it("brings a store that stands in its place already up to the journal, once [BAK-8] [JRN-10]", async () => {
    const { backup, journal, empty, revoked } = await lost();
    const data = empty();
    cpSync(join(backup, "default.sqlite"), join(data, "hallpass.sqlite"));
    await assert.rejects(restored(data, null), refusedWith("no_journal"));
    await assert.rejects(
      startServer(config(data, { revocation_journal: journal })),
      /older than its revocation journal/,
    );
    await restored(data, null, { journals: [journal] });
    assert.equal((await refreshAt(data, revoked.refresh)).status, 400);
    await assert.rejects(restored(data, null, { journals: [journal] }), refusedWith("nothing_to_restore"));
    await assert.rejects(restored(fresh(), null, { journals: [journal] }), refusedWith("no_store"));
  });
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
