import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseServerFrame } from "./server-frames.ts";
import type { JsonObject } from "./strict-json.ts";
import {
  activity,
  auth,
  head,
  hello,
  keys,
  NONCE,
  notice,
  notices,
  ping,
  SID,
  snapshot,
  welcome,
} from "./testing/sample-frames.ts";
import { MAX_ACTIVITY, parseVerifierFrame } from "./verifier-frames.ts";

interface Vectors {
  readonly transcripts: readonly {
    readonly name: string;
    readonly steps: readonly (readonly [at: number, what: string, frame: JsonObject])[];
  }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../../spec/vectors/feed.json", import.meta.url), "utf8"),
) as Vectors;

const fromVerifier = (frame: unknown) => parseVerifierFrame(JSON.stringify(frame));
const fromServer = (frame: unknown) => parseServerFrame(JSON.stringify(frame));

describe("the frames of the transcripts", () => {
  for (const { name, steps } of vectors.transcripts) {
    it(`are read whole: ${name}`, () => {
      for (const [, what, frame] of steps) {
        if (what === "verifier") assert.equal(fromVerifier(frame)?.type, frame["type"]);
        if (what === "server") assert.equal(fromServer(frame)?.type, frame["type"]);
      }
    });
  }
});

describe("a frame from a verifier", () => {
  it("is read with all its members, and what is optional may be absent", () => {
    assert.deepEqual(fromVerifier(hello), hello);
    const { region: _, ...without } = hello;
    assert.deepEqual(fromVerifier(without), { ...hello, region: null });
    assert.deepEqual(fromVerifier(ping), { ...ping, applied: { epoch: 1, seq: 42 } });
    assert.deepEqual(fromVerifier({ ...ping, stats: undefined }), {
      ...ping,
      applied: { epoch: 1, seq: 42 },
      stats: {},
    });
    assert.deepEqual(fromVerifier(activity), activity);
    assert.deepEqual(fromVerifier(auth), auth);
    assert.deepEqual(fromVerifier({ type: "bye", more: 1 }), { type: "bye" });
  });

  it("may hold members of a later version, which are ignored, and versions of packed frames [CONN-9]", () => {
    assert.deepEqual(fromVerifier({ ...hello, later: [1] }), hello);
    for (const packed of [0, 2, true, "1", null]) assert.deepEqual(fromVerifier({ ...hello, packed }), hello);
    assert.deepEqual(fromVerifier({ ...hello, packed: 1 }), { ...hello, packed: 1 });
    assert.deepEqual(fromVerifier({ ...ping, stats: { later: "x" } }), {
      ...ping,
      applied: { epoch: 1, seq: 42 },
      stats: {},
    });
  });

  const refused: readonly [title: string, frame: unknown][] = [
    ["of an unknown type", { type: "galaxy" }],
    ["without a type", {}],
    ["that is an array", [hello]],
    ["with an M below a second", { ...hello, max_staleness_ms: 999 }],
    ["with an M over a day", { ...hello, max_staleness_ms: 86_400_001 }],
    ["with an M that is no integer", { ...hello, max_staleness_ms: 60_000.5 }],
    ["with another on_stale", { ...hello, on_stale: "ACCEPT" }],
    ["without instance", { ...hello, instance: "" }],
    ["with an instance of 129 characters", { ...hello, instance: "a".repeat(129) }],
    ["with an instance that does not print", { ...hello, instance: "a\n" }],
    ["with an instance beyond ASCII", { ...hello, instance: "é" }],
    ["with a cursor that is too long", { ...hello, after: "c".repeat(129) }],
    ["without after", { ...hello, after: undefined }],
    ["with a nonce of 15 bytes", { ...ping, n: NONCE.slice(0, 20) }],
    ["with a nonce in a second spelling", { ...ping, n: `${NONCE.slice(0, -1)}B` }],
    ["with a malformed position", { ...ping, applied: "1.042" }],
    ["with a negative key version", { ...ping, keys: -1 }],
    ["with a statistic that is no number", { ...ping, stats: { tracked: "3" } }],
    ["with statistics that are an array", { ...ping, stats: [] }],
    [
      "with too much activity",
      { type: "activity", sessions: Array.from({ length: MAX_ACTIVITY + 1 }, () => [SID, 1]) },
    ],
    ["with activity of no session", { type: "activity", sessions: [["x", 1]] }],
    ["with activity at no time", { type: "activity", sessions: [[SID, -1]] }],
    ["with activity of three", { type: "activity", sessions: [[SID, 1, 1]] }],
    ["with an empty token", { ...auth, token: "" }],
  ];
  for (const [title, frame] of refused) {
    it(`${title} is refused [F-13]`, () => assert.equal(fromVerifier(frame), undefined));
  }

  it("takes as much activity as it may hold, and an M of exactly a second and a day", () => {
    const most = Array.from({ length: MAX_ACTIVITY }, () => [SID, Number.MAX_SAFE_INTEGER]);
    assert.notEqual(fromVerifier({ type: "activity", sessions: most }), undefined);
    for (const staleness of [1000, 86_400_000])
      assert.notEqual(fromVerifier({ ...hello, max_staleness_ms: staleness }), undefined);
  });
});

describe("a frame from the server", () => {
  it("is read with all its members", () => {
    const [pos, to] = [
      { epoch: 1, seq: 42 },
      { epoch: 1, seq: 43 },
    ];
    const read = [{ pos: to, at: 1, until: 2, taking: { kind: "session", sid: SID } }];
    assert.deepEqual(fromServer(welcome), welcome);
    assert.deepEqual(fromServer(keys), keys);
    assert.deepEqual(fromServer(head), { type: "head", n: NONCE, pos, keys: 7, time: 1 });
    assert.deepEqual(fromServer(notices), {
      type: "notices",
      after: pos,
      to,
      cursor: "c",
      horizon: 1,
      notices: read,
      unknownKinds: [],
    });
    assert.deepEqual(fromServer(snapshot), {
      type: "snapshot",
      part: 1,
      last: true,
      to,
      cursor: "c",
      horizon: 1,
      notices: read,
      unknownKinds: [],
    });
    assert.deepEqual(fromServer({ ...snapshot, last: false }), {
      type: "snapshot",
      part: 1,
      last: false,
      notices: read,
      unknownKinds: [],
    });
  });

  it("of a type of a later version is ignored, and is not malformed", () => {
    assert.deepEqual(fromServer({ type: "galaxy" }), { type: "ignored" });
  });

  it("with a kind of notice of a later version says so [NOT-6]", () => {
    const frame = fromServer({ ...notices, notices: [notice, { ...notice, kind: "galaxy" }] });
    assert.ok(frame?.type === "notices");
    assert.deepEqual([frame.notices.length, frame.unknownKinds], [1, ["galaxy"]]);
  });

  const malformed: readonly [title: string, frame: unknown][] = [
    ["without a type", { n: NONCE }],
    ["with one malformed notice among many", { ...notices, notices: [notice, { ...notice, sid: "x" }] }],
    ["with a notice that is no object", { ...notices, notices: ["x"] }],
    ["without notices", { ...notices, notices: undefined }],
    ["without a horizon", { ...notices, horizon_ms: undefined }],
    ["without a cursor", { ...notices, cursor: "" }],
    ["with a malformed end", { ...notices, to: "1" }],
    ["with a last part that does not say what it covers", { ...snapshot, to: undefined }],
    ["with a part that does not say whether it is the last", { ...snapshot, last: undefined }],
    ["with a part 0", { ...snapshot, part: 0 }],
    ["with a head without a nonce", { ...head, n: "" }],
    ["with a head without a position", { ...head, pos: null }],
    ["with a key in a state that is none", { ...keys, keys: [{ kid: "k", state: "removed", jwk: {} }] }],
    ["with a key without its JWK", { ...keys, keys: [{ kid: "k", state: "active" }] }],
    ["with a salt of another length", { ...welcome, salt: "AAAA" }],
    ["with a resumed that is no boolean", { ...welcome, resumed: 1 }],
  ];
  for (const [title, frame] of malformed) {
    it(`${title} is malformed [F-13]`, () => assert.equal(fromServer(frame), undefined));
  }
});

it("no text makes either parser throw [F-13]", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((text) => `{"type":"ping","stats":${text}}`),
  );
  fc.assert(
    fc.property(texts, (text) => {
      parseVerifierFrame(text);
      parseServerFrame(text);
    }),
  );
});
