// Receipts that somebody kept, shown after the store has lost a part of its history.

import assert from "node:assert/strict";
import { test } from "node:test";
import { revocationKey, type Store } from "@hallpass/core";
import { RECEIPT_TYPE } from "@hallpass/protocol";
import { type Received, type Scene, scene } from "../../testing/scene.ts";
import { signedJwt } from "../signed-jwt.ts";

const DAY = 24 * 60 * 60 * 1000;

interface Losing {
  readonly stage: Scene;
  /** What a failover to a standby that was behind does to a revocation: its row is gone. */
  readonly lose: (id: string) => Promise<void>;
  /** Loses it the next time that anybody looks at the fleet. */
  readonly loseWhileWaiting: () => void;
}

async function losing(): Promise<Losing> {
  let inner: Store | undefined;
  let armed = false;
  let last = "";
  const wrapStore = (store: Store): Store => {
    inner = store;
    return {
      ...store,
      commit: (changes) => {
        for (const { key } of changes.flatMap(({ rows }) => rows)) if (key.kind === "revocation") last = key.id;
        return store.commit(changes);
      },
      list: async (query) => {
        if (armed && query.kind === "verifier") {
          armed = false;
          await lose(last);
        }
        return store.list(query);
      },
    };
  };
  const stage = await scene({ wrapStore });
  async function lose(id: string): Promise<void> {
    const store = inner ?? assert.fail();
    const key = revocationKey(stage.services.tenant, id);
    const row = (await store.read([key])).get(key) ?? assert.fail();
    const rows = [{ key, expect: row.version, next: "gone" as const }];
    const [outcome] = await store.commit([{ attempt: "AAAAAAAAAAA", rows, notices: [], facts: [] }]);
    assert.equal(outcome?.kind, "committed");
  }
  return {
    stage,
    lose,
    loseWhileWaiting: () => {
      armed = true;
    },
  };
}

async function revoke(stage: Scene, more: object = {}): Promise<Received> {
  const { sid } = await stage.open();
  const json = { targets: [{ type: "session", sid }], ...more };
  return stage.send({ path: "/v1/revocations", headers: await operator(stage), json });
}

async function operator(stage: Scene, scope?: string): Promise<Readonly<Record<string, string>>> {
  return { authorization: `Bearer ${await stage.bearer(scope)}` };
}

async function judge(stage: Scene, receipt: unknown): Promise<Received> {
  return stage.send({ path: "/v1/revocations/judge", headers: await operator(stage), json: { receipt } });
}

test("a receipt whose revocation the store has is answered with what is true now, and begins no epoch [RCP-17]", async () => {
  const { stage } = await losing();
  const { json } = await revoke(stage);
  stage.facts();
  const judged = await judge(stage, json["jws"]);
  assert.deepEqual([judged.status, judged.json["standing"]], [200, "kept"], judged.text);
  assert.equal((judged.json["receipt"] as { readonly pos: string }).pos, json["pos"]);
  assert.deepEqual(stage.facts(), []);
  assert.equal((await stage.services.store.read([])).head.pos.epoch, 1);
});

test("a receipt whose revocation the store lacks proves that history was lost: one epoch begins above it, and a fact says which [RCP-17]", async () => {
  const { stage, lose } = await losing();
  const { json } = await revoke(stage);
  await lose(String(json["id"]));
  stage.facts();
  const judged = await judge(stage, json["jws"]);
  assert.deepEqual([judged.status, judged.json["standing"], judged.json["epoch"]], [200, "lost", 2], judged.text);
  assert.deepEqual(judged.json["targets"], json["targets"]);
  assert.equal(judged.json["epoch_began_at_ms"], stage.clock.now());
  assert.deepEqual(stage.facts(), ["epoch_started", "receipt_lost"]);
  // The operator's own token is over with the epoch; a second look begins no other.
  const again = await judge(stage, json["jws"]);
  assert.deepEqual([again.json["standing"], again.json["epoch"]], ["lost", 2]);
  assert.deepEqual(stage.facts(), ["receipt_lost"]);
});

test("whoever asks for a revocation from before an epoch hears that it may have been lost; without an epoch, after it, or too old, that there is none [RCP-18]", async () => {
  const { stage, lose } = await losing();
  const code = async (id: string): Promise<unknown> => {
    const answer = await stage.send({ path: `/v1/revocations/${id}`, headers: await operator(stage) });
    assert.equal(answer.status, 404);
    return answer.json["code"];
  };
  const { json } = await revoke(stage);
  const id = String(json["id"]);
  await lose(id);
  assert.equal(await code(id), "revocation_not_found");
  await judge(stage, json["jws"]);
  assert.equal(await code(id), "revocation_perhaps_lost");
  // Of another version, it says nothing of when it was made.
  assert.equal(await code(`${id.slice(0, 14)}4${id.slice(15)}`), "revocation_not_found");
  stage.clock.advance(1);
  const later = await revoke(stage);
  await lose(String(later.json["id"]));
  assert.equal(await code(String(later.json["id"])), "revocation_not_found");
  stage.clock.advance(30 * DAY - 2);
  assert.equal(await code(id), "revocation_perhaps_lost");
  stage.clock.advance(1);
  assert.equal(await code(id), "revocation_not_found");
});

test("a receipt is judged until a minute before its time is over; then nobody knows, and no epoch begins [RCP-17]", async () => {
  const { stage, lose } = await losing();
  const { json } = await revoke(stage);
  await lose(String(json["id"]));
  stage.clock.advance(30 * DAY - 60_000);
  stage.facts();
  const judged = await judge(stage, json["jws"]);
  assert.deepEqual([judged.status, judged.json["standing"]], [200, "expired"], judged.text);
  assert.deepEqual(stage.facts(), []);
});

test("whoever waits for the verifiers of a revocation that is lost meanwhile gets no receipt, but is told to revoke again [RCP-18]", async () => {
  const { stage, loseWhileWaiting } = await losing();
  loseWhileWaiting();
  const answer = await revoke(stage, { wait_ms: 1000 });
  assert.deepEqual([answer.status, answer.json["code"]], [503, "history_lost"], answer.text);
  assert.ok(Number(answer.headers.get("retry-after")) > 0);
  const { json } = await revoke(stage);
  loseWhileWaiting();
  const path = `/v1/revocations/${String(json["id"])}?wait_ms=1000`;
  const read = await stage.send({ path, headers: await operator(stage) });
  assert.deepEqual([read.status, read.json["code"]], [503, "history_lost"]);
});

test("what no present key of this issuer has signed as a receipt is refused and begins nothing [RCP-17]", async () => {
  const { stage } = await losing();
  const { access } = await stage.open();
  const { json } = await revoke(stage);
  const jws = String(json["jws"]);
  const [head = "", payload = "", signature = ""] = jws.split(".");
  const read = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
  const other = Buffer.from(JSON.stringify({ ...read, id: "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6" })).toString(
    "base64url",
  );
  const signer = stage.services.keys.latest()?.signer ?? assert.fail();
  stage.facts();
  for (const [why, wrong] of [
    ["another payload", `${head}.${other}.${signature}`],
    ["cut", jws.slice(0, -1)],
    ["no signature", `${head}.${payload}.`],
    ["an access token", access],
    ["of another type", await signedJwt(signer, "JWT", read)],
    [
      "of an unknown key",
      await signedJwt({ ...signer, kid: "unknown", signSoon: (input) => signer.signSoon(input) }, RECEIPT_TYPE, read),
    ],
    ["no JWS", "receipt"],
  ] as const) {
    const refused = await judge(stage, wrong);
    assert.deepEqual([refused.status, refused.json["code"]], [400, "receipt_not_genuine"], why);
  }
  for (const wrong of ["", null, 1, [jws], "x".repeat(60_001)])
    assert.equal((await judge(stage, wrong)).json["code"], "request_invalid");
  const reading = await operator(stage, "revocations:read");
  const path = "/v1/revocations/judge";
  assert.equal((await stage.send({ path, headers: reading, json: { receipt: jws } })).json["code"], "scope_missing");
  assert.deepEqual(
    stage.facts().filter((kind) => kind !== "call_refused"),
    [],
  );
});
