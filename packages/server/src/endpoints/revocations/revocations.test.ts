// Revocations over /v1, and their receipts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Change, Fault, type Outcome, type Store } from "@hallpass/core";
import { parseCompactJws } from "@hallpass/protocol";
import { SILENT } from "../../observe/observer.ts";
import { type Received, type Scene, scene } from "../../testing/scene.ts";

async function revoke(stage: Scene, body: object): Promise<Received> {
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  return stage.send({ path: "/v1/revocations", headers, json: body });
}

const RECEIPT = [
  "id pos committed_at_ms as_of_ms targets reason ticket actor status ended_sessions scanned_sessions fleet services",
  "enforced_by_ms tokens_expire_by_ms jws",
].flatMap((line) => line.split(" "));

test("a revocation answers with a signed receipt that can be read again [RCP-9] [RCP-8]", async () => {
  const stage = await scene();
  const { sid, refresh } = await stage.open();
  stage.facts();
  const body = { targets: [{ type: "session", sid }], reason: "stolen_device", ticket: "SEC-81", actor: "ops@example" };
  const answer = await revoke(stage, body);
  assert.equal(answer.status, 201, answer.text);
  assert.deepEqual(Object.keys(answer.json), RECEIPT);
  assert.deepEqual(stage.facts(), ["session_ended"]);
  assert.equal(answer.json["ended_sessions"], 1);
  assert.equal(answer.json["actor"], "ops@example");
  const { jws, ...receipt } = answer.json;
  const parsed = parseCompactJws(String(jws));
  assert.ok(parsed.ok);
  assert.equal(parsed.header.typ, "hallpass-receipt+jwt");
  assert.deepEqual(parsed.payload, receipt);
  const key = stage.services.keys.latest()?.verificationKey(parsed.header.kid ?? "");
  assert.equal(key?.verify(parsed.signingInput, parsed.signature), true);
  assert.equal((await stage.refresh(refresh)).headers.get("hallpass-verdict"), "ended");
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  const again = await stage.send({ path: `/v1/revocations/${String(receipt["id"])}`, headers });
  assert.equal(again.status, 200);
  assert.deepEqual(again.json["pos"], receipt["pos"]);
  assert.equal(again.json["committed_at_ms"], receipt["committed_at_ms"]);
});

test("receipts that are made together share a look at the fleet that begins when all of them are committed [RCP-6]", async () => {
  let looks = 0;
  const committed = new Set<string>();
  const seen: number[] = [];
  const wrapStore = (store: Store): Store => ({
    ...store,
    commit: async (changes) => {
      const outcomes = await store.commit(changes);
      for (const { rows } of changes) for (const { key } of rows) if (key.kind === "revocation") committed.add(key.id);
      return outcomes;
    },
    list: async (query) => {
      if (query.kind === "verifier") {
        looks += 1;
        seen.push(committed.size);
      }
      return store.list(query);
    },
  });
  const stage = await scene({ wrapStore });
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  const sids = await Promise.all(Array.from({ length: 8 }, async () => (await stage.open()).sid));
  const json = (id: string): object => ({ targets: [{ type: "session", sid: id }] });
  const one = await stage.send({ path: "/v1/revocations", headers, json: json(sids[0] ?? "") });
  assert.equal(one.status, 201, one.text);
  assert.deepEqual([looks, seen], [1, [1]]);
  const rest = await Promise.all(
    sids.slice(1).map((id) => stage.send({ path: "/v1/revocations", headers, json: json(id) })),
  );
  assert.deepEqual(new Set(rest.map(({ status }) => status)), new Set([201]));
  assert.ok(looks < 5, `${looks} looks for 7 receipts`);
  assert.equal(seen.at(-1), 8);
});

const targets: readonly [title: string, make: (sid: string) => object, facts: readonly string[]][] = [
  ["a token", () => ({ type: "token", jti: "4pJ0mB2nQm6cG0q3f1x0Aw", exp: 1_800_000_300 }), ["token_revoked"]],
  ["a subject", () => ({ type: "subject", subject: "u-1" }), ["subject_cut_off"]],
  ["a subject that was never seen", () => ({ type: "subject", subject: "nobody" }), ["subject_cut_off"]],
  ["a client", () => ({ type: "client", client_id: "web" }), ["client_cut_off"]],
];
for (const [title, make, facts] of targets) {
  test(`${title} can be revoked`, async () => {
    const stage = await scene();
    const { sid } = await stage.open();
    stage.facts();
    const answer = await revoke(stage, { targets: [make(sid)] });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.json["pos"], "1.1");
    // The run of a client's families goes on beside the answer.
    const before = stage.facts().filter((kind) => kind !== "family_ended");
    assert.deepEqual(before, facts);
  });
}

const sid = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10";
const refusals: readonly [title: string, body: object, status: number, code: string][] = [
  ["nothing", { targets: [] }, 400, "request_invalid"],
  ["no targets", {}, 400, "request_invalid"],
  ["an unknown type", { targets: [{ type: "planet", sid }] }, 400, "request_invalid"],
  ["a further member", { targets: [{ type: "session", sid, all: true }] }, 400, "request_invalid"],
  ["the same twice", { targets: [1, 2].map(() => ({ type: "session", sid })) }, 400, "request_invalid"],
  [
    "a family beside its session",
    {
      targets: [
        { type: "session", sid },
        { type: "family", sid, fam: "AAECAw" },
      ],
    },
    400,
    "request_invalid",
  ],
  [
    "too many",
    { targets: Array.from({ length: 9 }, (_, i) => ({ type: "subject", subject: `u${i}` })) },
    400,
    "request_invalid",
  ],
  ["an unknown session", { targets: [{ type: "session", sid }] }, 404, "session_not_found"],
  ["an unknown client", { targets: [{ type: "client", client_id: "nobody" }] }, 404, "client_not_found"],
  [
    "a wait over half a minute",
    { targets: [{ type: "subject", subject: "u" }], wait_ms: 30_001 },
    400,
    "request_invalid",
  ],
  [
    "a reason with a line break",
    { targets: [{ type: "subject", subject: "u" }], reason: "a\nb" },
    400,
    "request_invalid",
  ],
];
for (const [title, body, status, code] of refusals) {
  test(`${title} can't be revoked, and nothing is written`, async () => {
    const stage = await scene();
    const answer = await revoke(stage, body);
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.json["code"], code);
    assert.deepEqual(stage.facts(), []);
  });
}

test("an unknown revocation has no receipt", async () => {
  const stage = await scene();
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  for (const id of [sid, "nothing"])
    assert.equal((await stage.send({ path: `/v1/revocations/${id}`, headers })).json["code"], "revocation_not_found");
});

const faults: readonly [
  title: string,
  fail: (changes: readonly Change[]) => Promise<readonly Outcome[]>,
  code: string,
][] = [
  [
    "can't write",
    async (changes) => changes.map(() => ({ kind: "failed", cause: new Error("no"), full: false })),
    "store_unavailable",
  ],
  [
    "is full",
    async (changes) => changes.map(() => ({ kind: "failed", cause: new Error("no"), full: true })),
    "store_full",
  ],
  [
    "can't tell",
    async (changes) => changes.map(() => ({ kind: "unknown", cause: new Error("no") })),
    "outcome_unknown",
  ],
  ["is gone", async () => Promise.reject(new Fault("store_unavailable")), "store_unavailable"],
];
for (const [title, fail, code] of faults) {
  test(`a revoke whose store ${title} answers 503, never success [I-14]`, async () => {
    const fault: { broken: boolean } = { broken: false };
    const stage = await scene({ wrapStore: (store) => breakable(store, fault, fail) });
    const { sid: session } = await stage.open();
    const headers = { authorization: `Bearer ${await stage.bearer()}` };
    stage.facts();
    fault.broken = true;
    for (const [path, json] of [
      ["/v1/revocations", { targets: [{ type: "subject", subject: "nobody" }] }],
      [`/v1/sessions/${session}/end`, {}],
      ["/v1/clients/web/disable", {}],
    ] as const) {
      const answer = await stage.send({ method: "POST", path, headers, json });
      assert.equal(answer.status, 503, answer.text);
      assert.match(answer.headers.get("retry-after") ?? "", /^\d+$/);
      // A change that may have happened and demonstrably did not is tried again, and in the end nothing was written.
      assert.ok([code, "store_unavailable"].includes(String(answer.json["code"])), answer.text);
      assert.deepEqual(Object.keys(answer.json), ["type", "title", "status", "code", "request_id"]);
    }
    fault.broken = false;
    assert.deepEqual(stage.facts(), []);
    assert.equal((await revoke(stage, { targets: [{ type: "session", sid: session }] })).status, 201);
  });
}

test("a defect answers 500 without a word about itself, and is told to whoever watches [L-06]", async () => {
  const told: unknown[] = [];
  const secret = new Error("the password is hunter2");
  const stage = await scene({
    observer: { ...SILENT, failed: (_, __, thrown) => told.push(thrown) },
    wrapStore: (store) => ({ ...store, list: async () => Promise.reject(secret) }),
  });
  const answer = await revoke(stage, { targets: [{ type: "subject", subject: "u" }] });
  assert.equal(answer.status, 500);
  assert.equal(answer.json["code"], "defect");
  assert.ok(!answer.text.includes("hunter2"));
  assert.deepEqual(told, [secret]);
});

function breakable(
  store: Store,
  fault: { readonly broken: boolean },
  fail: (changes: readonly Change[]) => Promise<readonly Outcome[]>,
): Store {
  return { ...store, commit: (changes) => (fault.broken ? fail(changes) : store.commit(changes)) };
}
