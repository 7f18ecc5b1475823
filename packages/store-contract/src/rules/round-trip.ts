// What is written is what is read.

import { strict as assert } from "node:assert";
import { instantOf } from "@hallpass/core";
import { headOf, keyOf, mustCommit, mustHave, put, rowAt, uuidOf } from "../drafts.ts";
import type { Rule } from "../rule.ts";

const group = "round trip";

export const roundTrip: readonly Rule[] = [
  {
    id: "round-trip.row",
    group,
    title: "a row is read as it was written: value, version 1, attempt, due time and no cut-off",
    run: async ({ store, drafts }) => {
      const key = keyOf(uuidOf(1));
      const expires = instantOf(1_900_000_000_123);
      const change = drafts.change({ rows: [put(key, "absent", '{"a":1}', { expires })] });
      await mustCommit(store, change);
      assert.deepEqual(await rowAt(store, key), {
        key,
        value: '{"a":1}',
        version: 1,
        attempt: change.attempt,
        notBefore: null,
        raisedAt: null,
        expires,
      });
    },
  },
  {
    id: "round-trip.text",
    group,
    title:
      "a value is any text: quotes, every plane of Unicode, line ends, nothing at all, a hundred thousand characters",
    run: async ({ store, drafts }) => {
      const values = ["", "'\"\\%_;--", "ä 日本 🪪 \u{10ffff}", "a\r\nb\tc", "null", "x".repeat(100_000)];
      for (const [n, value] of values.entries()) {
        const key = keyOf(uuidOf(n));
        await mustCommit(store, drafts.change({ rows: [put(key, "absent", value)] }));
        assert.equal((await rowAt(store, key))?.value, value);
      }
    },
  },
  {
    id: "round-trip.ids",
    group,
    title: "ids that look alike are different rows: case, form, length, blanks, marks, up to 512 bytes",
    run: async ({ store, drafts }) => {
      const uuid = "0190a7c2-5e1f-7abc-8def-00000000abcd";
      const ids = [
        uuid,
        uuid.toUpperCase(),
        uuid.replaceAll("-", ""),
        `${uuid} `,
        "AAAAAAAAAAA",
        "AAAAAAAAAAB",
        "a",
        "A",
        "a/b",
        "a%",
        "é",
        "e\u0301",
        "0",
        "00",
        "x".repeat(512),
        "日".repeat(170),
      ];
      for (const id of ids) await mustCommit(store, drafts.change({ rows: [put(keyOf(id), "absent", `of ${id}`)] }));
      const keys = ids.map((id) => keyOf(id));
      const snapshot = await store.read(keys);
      assert.deepEqual(
        keys.map((key) => snapshot.get(key)?.value),
        ids.map((id) => `of ${id}`),
      );
      assert.deepEqual(mustHave(snapshot, keyOf(uuid)).key, keyOf(uuid));
    },
  },
  {
    id: "round-trip.version",
    group,
    title: "each new value adds one to the version, also when the text stays the same",
    run: async ({ store, drafts }) => {
      const key = keyOf(uuidOf(1));
      await mustCommit(store, drafts.change({ rows: [put(key, "absent", "a")] }));
      await mustCommit(store, drafts.change({ rows: [put(key, 1, "b")] }));
      assert.equal((await rowAt(store, key))?.version, 2);
      await mustCommit(store, drafts.change({ rows: [put(key, 2, "b")] }));
      assert.equal((await rowAt(store, key))?.version, 3);
    },
  },
  {
    id: "round-trip.due-time",
    group,
    title: "a new value brings its own due time: another, or none",
    run: async ({ store, drafts }) => {
      const key = keyOf(uuidOf(1));
      await mustCommit(store, drafts.change({ rows: [put(key, "absent", "a", { expires: instantOf(1000) })] }));
      await mustCommit(store, drafts.change({ rows: [put(key, 1, "a", { expires: instantOf(2000) })] }));
      assert.equal((await rowAt(store, key))?.expires, 2000);
      await mustCommit(store, drafts.change({ rows: [put(key, 2, "a")] }));
      assert.equal((await rowAt(store, key))?.expires, null);
    },
  },
  {
    id: "round-trip.many",
    group,
    title: "one read answers for many rows, and for a row that is asked for twice",
    run: async ({ store, drafts }) => {
      const keys = Array.from({ length: 16 }, (_, n) => keyOf(uuidOf(n)));
      await mustCommit(store, drafts.change({ rows: keys.map((key) => put(key, "absent", key.id)) }));
      const snapshot = await store.read([...keys, ...keys]);
      assert.deepEqual(
        keys.map((key) => snapshot.get(key)?.value),
        keys.map((key) => key.id),
      );
    },
  },
  {
    id: "round-trip.clock",
    group,
    title: "a commit's time lies between a read before it and a read after it",
    run: async ({ store, drafts }) => {
      const before = (await store.read([])).clock;
      const { at } = await mustCommit(store, drafts.change({ rows: [put(keyOf(uuidOf(1)), "absent", "a")] }));
      const after = (await store.read([])).clock;
      assert.ok(before <= at && at <= after, `${before} <= ${at} <= ${after}`);
    },
  },
  {
    id: "round-trip.attempt",
    group,
    title: "a row's attempt is that of the change that wrote it last, not of one that compared it or lost",
    run: async ({ store, drafts }) => {
      const key = keyOf(uuidOf(1));
      await mustCommit(store, drafts.change({ rows: [put(key, "absent", "a")] }));
      const second = drafts.change({ rows: [put(key, 1, "b")] });
      await mustCommit(store, second);
      await store.commit([drafts.change({ rows: [put(key, 1, "late")] })]);
      await store.commit([drafts.change({ rows: [{ key, expect: 2, next: "same" }] })]);
      assert.equal((await rowAt(store, key))?.attempt, second.attempt);
      assert.deepEqual(await headOf(store), { epoch: 1, seq: 0 });
    },
  },
];
