// Every member of every frame, wrong alone: a frame is read whole or not at all.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_SKEW_SECONDS } from "./access-token-claims.ts";
import { parseServerFrame } from "./server-frames.ts";
import {
  activity,
  auth,
  head,
  hello,
  key,
  keys,
  NONCE,
  notice,
  notices,
  ping,
  SID,
  snapshot,
  welcome,
} from "./testing/sample-frames.ts";
import { parseVerifierFrame } from "./verifier-frames.ts";

const COUNT: readonly unknown[] = [undefined, null, -1, 0.5, "1", 2 ** 53, true, []];
const NAME: readonly unknown[] = [undefined, null, "", 7, "a".repeat(129), "ä", "a\n", ["a"]];
const NONCES: readonly unknown[] = [undefined, null, "", 7, "AAAA", `${NONCE}A`, [NONCE]];
const POSITION: readonly unknown[] = [undefined, null, 42, "", "1", "1.042", ["1.42"]];
const text = (most: number): readonly unknown[] => [undefined, null, "", 7, ["a"], "a".repeat(most + 1)];

interface Frame {
  readonly good: Readonly<Record<string, unknown>>;
  readonly wrong: Readonly<Record<string, readonly unknown[]>>;
  /** Exactly as long, or as much, as may be. */
  readonly most: Readonly<Record<string, readonly unknown[]>>;
}

const FROM_VERIFIER: readonly Frame[] = [
  {
    good: hello,
    wrong: {
      feed: COUNT,
      instance: NAME,
      service: NAME,
      region: ["", 7, "a".repeat(129), "ä"],
      version: NAME,
      after: text(128).filter((value) => value !== null),
      max_staleness_ms: COUNT,
      on_stale: [undefined, null, "", 1, "refuse"],
    },
    most: {
      instance: ["a".repeat(128)],
      region: [null, "a".repeat(128)],
      after: ["a".repeat(128)],
      on_stale: ["introspect", "accept"],
    },
  },
  {
    good: ping,
    wrong: { n: NONCES, applied: POSITION, keys: COUNT, stats: [null, [], "x", { tracked: null }, { tracked: "1" }] },
    most: { keys: [0, Number.MAX_SAFE_INTEGER], stats: [{}, { tracked: 0.5 }] },
  },
  {
    good: activity,
    wrong: {
      sessions: [undefined, null, {}, "x", [SID], [[SID]], [[7, 5]], [[SID.toUpperCase(), 5]], [[SID, "5"]], [{}]],
    },
    most: { sessions: [[], [[SID, 0]]] },
  },
  { good: auth, wrong: { token: text(4096) }, most: { token: ["a".repeat(4096)] } },
];

const NOTICES: readonly unknown[] = [undefined, null, {}, "x", [null], [[]], [{ ...notice, at_ms: -1 }]];

const FROM_SERVER: readonly Frame[] = [
  {
    good: welcome,
    wrong: {
      feed: COUNT,
      issuer: text(512),
      tenant: NAME,
      node: NAME,
      salt: NONCES,
      skew_s: [...COUNT, MAX_SKEW_SECONDS + 1],
      max_lifetime_s: COUNT,
      token_expires_ms: COUNT,
      resumed: [undefined, null, 0, "false"],
    },
    most: { issuer: ["a".repeat(512)], skew_s: [0, MAX_SKEW_SECONDS], resumed: [true] },
  },
  {
    good: keys,
    wrong: {
      version: COUNT,
      keys: [
        undefined,
        null,
        {},
        ["k"],
        [null],
        ...text(128).map((kid) => [{ ...key, kid }]),
        ...[undefined, null, "k", []].map((jwk) => [{ ...key, jwk }]),
        ...[undefined, null, "", "removed"].map((state) => [{ ...key, state }]),
      ],
    },
    most: {
      version: [0],
      keys: [[], [{ ...key, kid: "a".repeat(128) }], [{ ...key, state: "next" }], [{ ...key, state: "retiring" }]],
    },
  },
  {
    good: snapshot,
    wrong: {
      part: [...COUNT, 0],
      last: [undefined, null, 1, "true"],
      to: POSITION,
      cursor: text(128),
      notices: NOTICES,
      horizon_ms: COUNT,
    },
    most: { cursor: ["a".repeat(128)], horizon_ms: [0], notices: [[]] },
  },
  {
    good: notices,
    wrong: { after: POSITION, to: POSITION, cursor: text(128), notices: NOTICES, horizon_ms: COUNT },
    most: { cursor: ["a".repeat(128)], horizon_ms: [0], notices: [[]] },
  },
  {
    good: head,
    wrong: { n: NONCES, pos: POSITION, keys: COUNT, time_ms: COUNT },
    most: { keys: [0], time_ms: [0] },
  },
];

for (const [side, frames, parse] of [
  ["a verifier", FROM_VERIFIER, parseVerifierFrame],
  ["the server", FROM_SERVER, parseServerFrame],
] as const) {
  const read = (frame: unknown) => parse(JSON.stringify(frame));
  describe(`a frame from ${side}`, () => {
    for (const { good, wrong, most } of frames) {
      it(`of type ${String(good["type"])} is refused for any one member that is not what it has to be [F-13]`, () => {
        assert.equal(read(good)?.type, good["type"]);
        for (const [name, values] of Object.entries(wrong))
          for (const value of values)
            assert.equal(read({ ...good, [name]: value }), undefined, `${name}: ${JSON.stringify(value)}`);
      });

      it(`of type ${String(good["type"])} is read with each member at its bound [F-13]`, () => {
        for (const [name, values] of Object.entries(most))
          for (const value of values)
            assert.equal(read({ ...good, [name]: value })?.type, good["type"], `${name}: ${JSON.stringify(value)}`);
      });
    }

    it("is refused when it has no type that is a text, is no object, or is deeper or longer than any frame is [F-13]", () => {
      for (const frame of [{}, { type: 1 }, { type: null }, [], null, "hello", 7]) assert.equal(read(frame), undefined);
      const nested = { type: "later", a: { b: { c: { d: { e: { f: {} } } } } } };
      assert.equal(read(nested), undefined);
      const { maxLength, maxMembers } =
        side === "a verifier"
          ? { maxLength: 131_072, maxMembers: 4096 }
          : { maxLength: 16_777_216, maxMembers: 200_000 };
      assert.equal(read({ type: "bye", pad: "a".repeat(maxLength) }), undefined);
      const members = Object.fromEntries(Array.from({ length: maxMembers }, (_, index) => [`m${index}`, 0]));
      assert.equal(read({ ...members, type: "bye" }), undefined);
    });
  });
}
