// The vectors of spec/, made by a program that shares no code with ours.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  type JsonObject,
  type JsonValue,
  newReadLists,
  noticeFromWire,
  packedBeginning,
  packFrame,
  packNotices,
  parseAccessTokenClaims,
  parsePackedFrames,
  parseServerFrame,
  TextTable,
} from "@hallpass/protocol";
import { judgeClaims, judgeView } from "./judge.ts";
import { Knowledge } from "./knowledge.ts";
import { Pings } from "./lease.ts";
import { Memory } from "./memory.ts";
import { newCounters } from "./metrics.ts";
import { NoticeTable } from "./notice-table.ts";
import { platformCrypto } from "./platform-crypto.ts";
import type { OpenConnection, PullReply } from "./ports.ts";
import { settled, TestClock } from "./testing/test-clock.ts";
import { hashCode, KeyMaker } from "./token-keys.ts";
import { type ReaderDeps, readToken } from "./token-reader.ts";
import { createVerifierOn } from "./verifier.ts";

function vectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../spec/vectors/${name}.json`, import.meta.url), "utf8"));
}

const crypto = platformCrypto();

interface TokenVectors {
  readonly issuer: string;
  readonly audience: string;
  readonly skew_s: number;
  readonly longest_lifetime_s: number;
  readonly keys: JsonValue;
  readonly view: { readonly pos: string; readonly horizon_ms: number; readonly notices: JsonValue };
  readonly cases: readonly {
    readonly name: string;
    readonly rule: string;
    readonly token: string;
    readonly now_ms: number;
    readonly view: Partial<TokenVectors["view"]>;
    readonly answer: "accepted" | "rejected";
  }[];
}

test("every token of spec/vectors/access-token.json gets the answer that stands there [AT-V1] [AT-V2] [AT-V3] [AT-V4] [AT-V5] [AT-V6] [AT-V7]", async () => {
  const given = vectors("access-token") as TokenVectors;
  for (const { name, token, now_ms: now, view, answer } of given.cases) {
    const { pos, horizon_ms, notices } = { ...given.view, ...view };
    const clock = new TestClock();
    clock.jumpWall(now - clock.now());
    const talk = { welcomed: false };
    const send = (open: OpenConnection, frame: object): void => open.onText(JSON.stringify(frame));
    const verifier = createVerifierOn(
      {
        clock,
        scheduler: clock,
        crypto,
        dice: { bytes: (length) => new Uint8Array(length).fill(5) },
        fetchToken: async () => ({ token: "t" }),
        connect: (open) => {
          queueMicrotask(open.onOpen);
          const answerTo = (text: string): void => {
            const frame = JSON.parse(text) as { readonly type: string; readonly n: string };
            if (frame.type === "ping") send(open, { type: "head", n: frame.n, pos, keys: 1, time_ms: now });
            if (frame.type !== "hello") return;
            talk.welcomed = true;
            send(open, {
              type: "welcome",
              feed: 1,
              issuer: given.issuer,
              tenant: "main",
              node: "n",
              salt: "8PHy8_T19vf4-fr7_P3-_w",
              skew_s: given.skew_s,
              max_lifetime_s: given.longest_lifetime_s,
              token_expires_ms: now + 600_000,
              resumed: false,
            });
            send(open, { type: "keys", version: 1, keys: given.keys });
            send(open, { type: "snapshot", part: 1, last: true, notices, to: pos, cursor: "c", horizon_ms });
          };
          return { send: (text) => queueMicrotask(() => answerTo(text)), close: () => undefined };
        },
      },
      { issuer: given.issuer, audience: given.audience },
    );
    await settled();
    assert.equal(verifier.readiness().ready, true);
    const verdict = await verifier.verify(token);
    assert.equal(verdict.kind, answer, `${name}: ${verdict.kind === "rejected" ? verdict.code : verdict.kind}`);
    assert.equal(verifier.judge(token)?.kind, answer, `${name}, a second time`);
    verifier.close();
  }
});

interface NoticeVectors {
  readonly salt: string;
  readonly hashes: readonly { readonly kind: "subject" | "client"; readonly value: string; readonly hash: string }[];
  readonly matching: readonly {
    readonly why: string;
    readonly claims: JsonObject;
    readonly notice: JsonObject;
    readonly matches: boolean;
  }[];
}

test("every notice of spec/vectors/notices.json takes away what stands there [NOT-1] [NOT-2] [NOT-7]", async () => {
  const given = vectors("notices") as NoticeVectors;
  const salt = Buffer.from(given.salt, "base64url");
  for (const { kind, value, hash } of given.hashes) assert.equal(await hashCode(crypto, salt, kind, value), hash);
  for (const { why, claims, notice, matches } of given.matching) {
    const parsed = parseAccessTokenClaims(claims);
    const frame = parseServerFrame(JSON.stringify({ type: "snapshot", part: 1, last: false, notices: [notice] }));
    assert.ok(parsed !== undefined && frame?.type === "snapshot");
    const table = new NoticeTable();
    for (const one of frame.notices) table.add(one);
    // A view that holds the notice is of its epoch or a later one: there a token of an older epoch is refused for that.
    const epoch = frame.notices[0]?.pos.epoch ?? 0;
    const taken = judgeView(
      parsed.exp,
      { keys: await new KeyMaker(crypto, salt).keysOf(parsed), clearAt: 0 },
      { table, revision: 1, epoch, horizon: 0 },
      5,
    );
    if (parsed.pos.epoch >= epoch || matches) assert.equal(taken !== undefined, matches, why);
  }
});

interface Expected {
  readonly fresh?: boolean;
  readonly verdicts: Readonly<Record<string, string>>;
}

type Step = readonly [at: number, what: "connect" | "lost" | "verifier" | "server" | "expect", detail: unknown];

interface FeedVectors {
  readonly issuer: string;
  readonly audience: string;
  readonly start_ms: number;
  readonly tokens: Readonly<Record<string, string>>;
  readonly transcripts: readonly { readonly name: string; readonly steps: readonly Step[] }[];
}

// The pings of a transcript have their own times, so its steps drive the parts of the verifier, not its connection.
for (const { name, steps, framesOf, how } of (vectors("feed") as FeedVectors).transcripts.flatMap((one) => [
  { ...one, framesOf: (frame: object) => [parseServerFrame(JSON.stringify(frame))], how: "as text" },
  { ...one, framesOf: (frame: object) => parsePackedFrames(asPacked([frame])) ?? [], how: "packed" },
])) {
  test(`feed transcript, ${how}: ${name} [LEASE-1] [LEASE-2] [LEASE-3] [LEASE-7] [FEED-2] [FEED-3] [FEED-4] [FEED-5] [NOT-6] [NOT-9] [CONN-9]`, async () => {
    const { issuer, audience, start_ms: start, tokens } = vectors("feed") as FeedVectors;
    const knowledge = new Knowledge(() => undefined);
    const deps: ReaderDeps = {
      crypto,
      knowledge,
      memory: new Memory(100),
      counters: newCounters(),
      headers: new TextTable(),
      lists: newReadLists(),
    };
    let pings = new Pings();
    let firstKeys = true;
    const verdictOf = async (token: string, at: number): Promise<string> => {
      const read = await readToken(deps, token);
      const fresh = knowledge.lease.age(start + at, at) < 60_000;
      if (read === "unknown_key" && !fresh) return "unavailable";
      if (typeof read === "string") return "rejected";
      const { skewSeconds, maxLifetimeSeconds, known } = knowledge;
      if (judgeClaims(read.claims, { issuer, audience, skewSeconds, maxLifetimeSeconds }, start + at) !== undefined)
        return "rejected";
      if (known === undefined) return "unavailable";
      if (judgeView(read.claims.exp, read, known, skewSeconds) !== undefined) return "rejected";
      return fresh ? "accepted" : "unavailable";
    };
    for (const step of steps) {
      const [at, what, detail] = step;
      if (what === "connect" || what === "lost") {
        knowledge.apply({ type: "disconnected" });
        [pings, firstKeys] = [new Pings(), true];
      } else if (what === "verifier") {
        const { applied } = knowledge;
        const { type, n } = detail as { readonly type: string; readonly n: string };
        if (type === "ping" && applied !== undefined) pings.sent(n, { at: { wall: start + at, mono: at }, applied });
      } else if (what === "server") {
        const [frame] = framesOf(detail as object);
        assert.ok(frame !== undefined && frame.type !== "ignored");
        if (frame.type === "welcome") knowledge.welcome(frame);
        else if (frame.type === "keys") [, firstKeys] = [knowledge.applyKeys(frame, firstKeys), false];
        else if (frame.type === "head") knowledge.answer(frame, pings.take(frame.n));
        else knowledge.apply(frame);
      } else {
        const { fresh, verdicts } = detail as Expected;
        if (fresh !== undefined) assert.equal(knowledge.lease.age(start + at, at) < 60_000, fresh, `fresh at ${at}`);
        for (const [token, expected] of Object.entries(verdicts)) {
          assert.equal(await verdictOf(tokens[token] ?? "", at), expected, `${token} at ${at}`);
        }
      }
    }
  });
}

interface PullVectors {
  readonly pulls: readonly {
    readonly name: string;
    readonly steps: readonly (readonly [at: number, token: string, verdict: string, requests: readonly PullStep[]])[];
  }[];
}

interface PullStep {
  readonly request: {
    readonly after: string | null;
    readonly n: string;
    readonly applied: string;
    readonly keys: number;
  };
  readonly ms: number;
  readonly answer: readonly object[] | null;
}

const asLines = (frames: readonly object[]): PullReply => ({
  status: 200,
  text: frames.map((frame) => JSON.stringify(frame)).join("\n"),
});

function asPacked(frames: readonly object[]): Uint8Array {
  return Buffer.concat([packedBeginning(), ...frames.map(packedFrame)]);
}

function packedFrame(frame: object): Uint8Array {
  const { type, notices } = frame as { readonly type: string; readonly notices?: readonly JsonObject[] };
  if (type !== "snapshot" || notices === undefined) return packFrame(JSON.stringify(frame));
  const { packed, others } = packNotices(
    notices.map((wire) => {
      const notice = noticeFromWire(wire);
      assert.ok(notice !== undefined && !("unknownKind" in notice));
      return { ...notice, wire, body: JSON.stringify(wire) };
    }),
  );
  return packFrame(JSON.stringify({ ...frame, notices: others.map(({ wire }) => wire) }), packed);
}

for (const { name, steps, replyOf, how } of (vectors("feed") as PullVectors).pulls.flatMap((one) => [
  { ...one, replyOf: asLines, how: "lines" },
  {
    ...one,
    replyOf: (frames: readonly object[]) => ({ status: 200, text: "", packed: asPacked(frames) }),
    how: "packed",
  },
])) {
  test(`pull transcript, ${how}: ${name} [PULL-3] [PULL-5] [PULL-6] [PULL-8] [PULL-12]`, async () => {
    const { issuer, audience, start_ms: start, tokens } = vectors("feed") as FeedVectors;
    const clock = new TestClock();
    clock.jumpWall(start - clock.now());
    let expected: PullStep[] = [];
    const sent: unknown[] = [];
    const verifier = createVerifierOn(
      {
        clock,
        scheduler: clock,
        crypto,
        dice: {
          bytes: (length) =>
            length === 16 ? Buffer.from(expected[0]?.request.n ?? "", "base64url") : new Uint8Array(length).fill(255),
        },
        fetchToken: async () => ({ token: "t" }),
        connect: () => assert.fail("a verifier that pulls connects to nothing"),
        pull: async (_, body) => {
          const step = expected.shift();
          assert.ok(step !== undefined, "a request that nothing asks for");
          const lines = body
            .trimEnd()
            .split("\n")
            .map((line) => JSON.parse(line) as JsonObject);
          const { n, applied, keys } = lines.at(-1) ?? {};
          sent.push({ after: lines[0]?.["after"], n, applied, keys });
          clock.sleepThrough(step.ms);
          if (step.answer === null) throw new Error("no answer");
          return replyOf(step.answer);
        },
      },
      { issuer, audience, feed: "pull" },
    );
    for (const [at, token, verdict, requests] of steps) {
      clock.sleepThrough(at - clock.monotonic());
      expected = [...requests];
      assert.equal((await verifier.verify(tokens[token] ?? "")).kind, verdict, `${token} at ${at}`);
      assert.deepEqual(expected, [], `requests at ${at}`);
      assert.deepEqual(
        sent.splice(0),
        requests.map(({ request }) => request),
        `what they say at ${at}`,
      );
    }
    verifier.close();
  });
}
