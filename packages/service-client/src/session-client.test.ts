// Tokens of a session from a refresh token of one's own, at a real server, in real files and real processes.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { type FamilyStore, memoryFamilyStore } from "./family.ts";
import { fileFamilyStoreOn } from "./file-store.ts";
import { createSessionClient, OptionsError, TokenError } from "./index.ts";
import { platformPorts } from "./runtime.ts";
import { createSessionClientOn, type SessionClient, type SessionSettings } from "./session-client.ts";
import { type Stage, stage } from "./testing/stage.test.ts";

interface Scene extends Stage {
  /** The refresh token of a new session. */
  readonly open: () => Promise<{ readonly sid: string; readonly refresh: string }>;
  readonly join: (family: FamilyStore, more?: Partial<SessionSettings>) => SessionClient;
  /** The refresh tokens that were sent, in their order. */
  readonly sent: string[];
  /** The answer to this refresh is lost on its way. */
  readonly lose: () => void;
  readonly isLive: (sid: string) => Promise<boolean>;
}

async function played(t: TestContext): Promise<Scene> {
  const bare = await stage();
  t.after(bare.end);
  const sent: string[] = [];
  let isLost = false;
  let drawn = 0;
  // Processes name themselves by what they draw.
  const dice = { fraction: () => (drawn += 1) / 1024 };
  async function call(path: string, json?: object): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${await bare.client.token()}`, "content-type": "application/json" };
    const body = json === undefined ? {} : { method: "POST", body: JSON.stringify(json) };
    const response = await fetch(`${bare.url}${path}`, { headers, ...body });
    return (await response.json()) as Record<string, unknown>;
  }
  const send = async (request: Request): Promise<Response> => {
    const form = new URLSearchParams(await request.clone().text());
    const token = form.get("refresh_token");
    if (token === null) return fetch(request);
    sent.push(token);
    const response = await fetch(request);
    if (!isLost) return response;
    isLost = false;
    await response.body?.cancel();
    throw new TypeError("fetch failed");
  };
  return {
    ...bare,
    sent,
    lose: () => {
      isLost = true;
    },
    open: async () => {
      const { session, refresh_token: refresh } = await call("/v1/sessions", { subject: "u-1", client_id: "demo" });
      return { sid: (session as { readonly id: string }).id, refresh: String(refresh) };
    },
    join: (family, more = {}) => {
      const ports = platformPorts({ issuer: bare.url, clientId: "demo", clientSecret: undefined }, send);
      return createSessionClientOn(
        { ...ports, ...bare.timing, dice },
        { issuer: bare.url, clientId: "demo", family, ...more },
      );
    },
    isLive: async (sid) => (await call(`/v1/sessions/${sid}`))["state"] === "active",
  };
}

function directory(t: TestContext): string {
  const path = join(mkdtempSync(join(tmpdir(), "hallpass-family-")), "family");
  t.after(() => rmSync(join(path, ".."), { recursive: true }));
  return path;
}

async function refusal(promise: Promise<unknown>): Promise<string | undefined> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof TokenError, String(error));
  assert.equal(error.code, "refused");
  return error.error;
}

const LIFETIME = 600_000;

describe("a session's tokens", () => {
  test("come from one refresh however many wait, and from the next refresh token each time", async (t) => {
    const scene = await played(t);
    const { sid, refresh } = await scene.open();
    const client = scene.join(memoryFamilyStore());
    await client.start(refresh);
    const first = await Promise.all(Array.from({ length: 100 }, () => client.token()));
    assert.deepEqual([new Set(first).size, scene.sent], [1, [refresh]]);
    for (let time = 0; time < 5; time += 1) {
      scene.clock.advance(LIFETIME);
      await client.token();
    }
    assert.deepEqual([scene.sent.length, new Set(scene.sent).size], [6, 6]);
    assert.equal(await scene.isLive(sid), true);
  });

  test("of several scopes at once are asked for one after another, each with the refresh token of the answer before", async (t) => {
    const scene = await played(t);
    const { sid, refresh } = await scene.open();
    const client = scene.join(memoryFamilyStore());
    await client.start(refresh);
    const resource = "https://api.example";
    await Promise.all([
      client.token(),
      client.token({ resource }).catch(() => ""),
      client.token({ scope: [] }).catch(() => ""),
    ]);
    assert.equal(await scene.isLive(sid), true);
    scene.clock.advance(LIFETIME);
    await client.token();
    assert.equal(await scene.isLive(sid), true);
  });

  test("survive an answer that is lost: the same refresh token is sent again, and its successor is kept", async (t) => {
    const scene = await played(t);
    const { sid, refresh } = await scene.open();
    const client = scene.join(memoryFamilyStore());
    await client.start(refresh);
    scene.lose();
    await client.token();
    assert.deepEqual(scene.sent, [refresh, refresh]);
    scene.clock.advance(LIFETIME);
    await client.token();
    assert.equal(new Set(scene.sent).size, 2);
    assert.equal(await scene.isLive(sid), true);
  });

  test("end with it, and another session may follow", async (t) => {
    const scene = await played(t);
    const { sid, refresh } = await scene.open();
    const client = scene.join(memoryFamilyStore());
    await client.start(refresh);
    const before = await client.token();
    await client.fetchFor()(`${scene.url}/healthz`);
    await fetch(`${scene.url}/oauth2/revoke`, {
      method: "POST",
      body: new URLSearchParams({ token: refresh, client_id: "demo" }),
    });
    assert.equal(await scene.isLive(sid), false);
    scene.clock.advance(LIFETIME);
    assert.equal(await refusal(client.token()), "invalid_grant");
    await client.start((await scene.open()).refresh);
    assert.notEqual(await client.token(), before);
  });

  test("are not asked for without a refresh token", async (t) => {
    const scene = await played(t);
    assert.equal(await refusal(scene.join(memoryFamilyStore()).token()), "no_refresh_token");
    assert.deepEqual(scene.sent, []);
  });
});

describe("a refresh token in a file", () => {
  test("is one that nobody else may read, and a later process of the name goes on with it", async (t) => {
    const scene = await played(t);
    const path = directory(t);
    const { sid, refresh } = await scene.open();
    const first = scene.join(fileFamilyStoreOn(scene.timing, path, "worker-1"));
    await first.start(refresh);
    await first.token();
    const [name = ""] = readdirSync(path);
    assert.deepEqual([readdirSync(path).length, statSync(join(path, name)).mode & 0o777], [1, 0o600]);
    const later = scene.join(fileFamilyStoreOn(scene.timing, path, "worker-1"));
    await later.token();
    assert.equal(new Set(scene.sent).size, 2);
    assert.equal(await scene.isLive(sid), true);
  });

  test("that a later process took is used by the earlier one no more: it stops before it sends anything", async (t) => {
    const scene = await played(t);
    const path = directory(t);
    const { sid, refresh } = await scene.open();
    const store = (): FamilyStore => fileFamilyStoreOn(scene.timing, path, "worker-1");
    const [earlier, later] = [scene.join(store()), scene.join(store())];
    await earlier.start(refresh);
    await earlier.token();
    await later.token();
    scene.clock.advance(LIFETIME);
    const before = scene.sent.length;
    assert.equal(await refusal(earlier.token()), "family_taken");
    assert.equal(scene.sent.length, before);
    await later.token();
    assert.equal(await scene.isLive(sid), true);
  });

  test("of another name is another one", async (t) => {
    const scene = await played(t);
    const path = directory(t);
    await scene.join(fileFamilyStoreOn(scene.timing, path, "worker-1")).start((await scene.open()).refresh);
    const other = scene.join(fileFamilyStoreOn(scene.timing, path, "worker-2"));
    assert.equal(await refusal(other.token()), "no_refresh_token");
  });

  test("counts as not there when others may read it or it is not whole", async (t) => {
    const scene = await played(t);
    const path = directory(t);
    const client = (): SessionClient => scene.join(fileFamilyStoreOn(scene.timing, path, "w"));
    await client().start((await scene.open()).refresh);
    const file = join(path, readdirSync(path)[0] ?? "");
    const good = readFileSync(file, "utf8");
    for (const text of ["", good.slice(0, -1), good.replace('"refresh_token":"', '"refresh":"')]) {
      writeFileSync(file, text, { mode: 0o600 });
      assert.equal(await refusal(client().token()), "no_refresh_token");
    }
    writeFileSync(file, good);
    chmodSync(file, 0o640);
    assert.equal(await refusal(client().token()), "no_refresh_token");
    chmodSync(file, 0o600);
    assert.ok(await client().token());
  });

  test("that can't be written costs no token: the next one is used from memory, and the fault is told", async (t) => {
    const scene = await played(t);
    const stored = memoryFamilyStore();
    let full = false;
    const family: FamilyStore = {
      ...stored,
      write: async (key, one) => {
        if (full) throw new Error("disk full");
        return stored.write(key, one);
      },
    };
    const faults: unknown[] = [];
    const client = scene.join(family, { onStoreFault: (fault) => faults.push(fault) });
    const { sid, refresh } = await scene.open();
    await client.start(refresh);
    full = true;
    await client.token();
    scene.clock.advance(LIFETIME);
    await client.token();
    assert.deepEqual([faults.length, new Set(scene.sent).size], [2, 2]);
    full = false;
    scene.clock.advance(LIFETIME);
    await client.token();
    assert.deepEqual([faults.length, new Set(scene.sent).size], [2, 3]);
    assert.equal(await scene.isLive(sid), true);
  });

  test("that three processes have by mistake ends no session: who came last goes on, the others stop", async (t) => {
    const scene = await played(t);
    const path = directory(t);
    const { sid, refresh } = await scene.open();
    await scene.join(fileFamilyStoreOn(scene.timing, path, "worker")).start(refresh);
    const program = `
      import { createSessionClient, TokenError } from ${JSON.stringify(import.meta.resolve("./index.ts"))};
      import { fileFamilyStore } from ${JSON.stringify(import.meta.resolve("./file-store.ts"))};
      const [issuer, directory] = process.env.GIVEN.split(" ");
      for (const scope of [undefined, ["read"]]) {
        const client = createSessionClient({ issuer, clientId: "demo", family: fileFamilyStore(directory, "worker") });
        await client.token(scope === undefined ? {} : { scope }).catch((error) => { if (!(error instanceof TokenError)) throw error; });
      }
    `;
    const args = ["--conditions=hallpass-source", "--input-type=module", "-e", program];
    const env = { ...process.env, GIVEN: [scene.url, path].join(" ") };
    await Promise.all(Array.from({ length: 3 }, () => promisify(execFile)(process.execPath, args, { env })));
    assert.equal(await scene.isLive(sid), true);
    assert.ok(await scene.join(fileFamilyStoreOn(scene.timing, path, "worker")).token());
  });
});

test("what is no option, no refresh token and no secret is refused before anything is sent", async (t) => {
  const scene = await played(t);
  const options = { issuer: "https://auth.example", clientId: "demo" };
  assert.ok(createSessionClient(options));
  for (const wrong of [
    { clientSecret: "" },
    { store: memoryFamilyStore() },
    { issuer: "http://auth.example" },
    { waitAtMostMs: -1 },
  ])
    assert.throws(() => createSessionClient({ ...options, ...wrong }), OptionsError);
  const client = scene.join(memoryFamilyStore());
  await assert.rejects(client.start(""), OptionsError);
  assert.throws(() => client.fetchFor({ resource: "x" }), OptionsError);
  assert.deepEqual(scene.sent, []);
});
