// Frames in any order, repeated, lost or replayed: the view is then as if they had come in order, or not fresh.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isBefore, type Notice, type Position, parseServerFrame } from "@hallpass/protocol";
import fc from "fast-check";
import { Knowledge } from "./knowledge.ts";
import type { SentPing } from "./lease.ts";
import { platformCrypto } from "./platform-crypto.ts";
import { MemoryFeed } from "./testing/memory-feed.ts";
import { KeyMaker, type TokenKeys } from "./token-keys.ts";

const jtiOf = (n: number): string => Buffer.alloc(16, n).toString("base64url");

interface Story {
  /** What the server says, in order: snapshot parts, then a frame per notice. */
  readonly frames: readonly object[];
  readonly notices: readonly Notice[];
}

function storyOf(count: number, epochAt: number): Story {
  const feed = new MemoryFeed({ issuer: "https://auth.example", now: () => 1000 });
  for (let n = 0; n < 3; n += 1) feed.take({ kind: "token", jti: jtiOf(n) });
  const snapshot = splitSnapshot(feed);
  const frames: object[] = [feed.keysFrame(), ...snapshot];
  for (let n = 3; n < 3 + count; n += 1) {
    const before = feed.head;
    const notice = feed.take(n === epochAt ? { kind: "epoch" } : { kind: "token", jti: jtiOf(n) });
    frames.push(feed.noticesFrame(before, notice.pos, [notice]));
    if (n % 3 === 0) {
      feed.publish([]);
      frames.push(feed.keysFrame());
    }
  }
  return { frames, notices: feed.notices };
}

// The same snapshot in two parts.
function splitSnapshot(feed: MemoryFeed): object[] {
  const [whole = {}] = feed.snapshotFrames();
  const { notices = [], ...end } = whole as { readonly notices?: readonly object[] };
  return [
    { type: "snapshot", part: 1, last: false, notices: notices.slice(0, 1) },
    { ...end, part: 2, notices: notices.slice(1) },
  ];
}

function keysOf(jti: string, pos: Position): TokenKeys {
  const keys = new KeyMaker(platformCrypto(), new Uint8Array(16)).keysOf({
    iss: "i",
    sub: "u",
    aud: ["a"],
    clientId: "c",
    scope: [],
    iat: 0,
    exp: 1,
    nbf: undefined,
    jti,
    pos,
    sid: undefined,
    fam: undefined,
    anc: [],
    authTime: undefined,
    acr: undefined,
    amr: [],
    cnf: undefined,
    act: undefined,
    all: {},
  });
  assert.ok(!(keys instanceof Promise));
  return keys;
}

/** Plays frames until the verifier would leave the connection; says how far it got. */
function play(knowledge: Knowledge, frames: readonly object[]): void {
  let firstKeys = true;
  for (const one of frames) {
    const frame = parseServerFrame(JSON.stringify(one));
    assert.ok(frame !== undefined);
    let leave = false;
    if (frame.type === "keys") {
      leave = knowledge.applyKeys(frame, firstKeys);
      firstKeys = false;
    } else if (frame.type === "snapshot" || frame.type === "notices") leave = knowledge.apply(frame);
    if (leave) return;
  }
}

/** What the strictest reader must find taken away once the view says it stands at `at`. */
function holdsEverythingUpTo(knowledge: Knowledge, at: Position, story: Story): void {
  for (const notice of story.notices) {
    if (isBefore(at, notice.pos) || notice.taking.kind !== "token") continue;
    const taken = knowledge.known?.table.taken(keysOf(notice.taking.jti, { epoch: at.epoch, seq: 99 }));
    assert.equal(taken, "revoked", `${notice.pos.seq} of ${at.seq}`);
  }
  const epochs = story.notices.filter(({ pos, taking }) => taking.kind === "epoch" && !isBefore(at, pos));
  assert.equal(knowledge.known?.epoch, 1 + epochs.length);
}

const disorders: fc.Arbitrary<{ readonly story: Story; readonly order: readonly number[] }> = fc
  .record({ count: fc.integer({ min: 1, max: 8 }), epochAt: fc.integer({ min: 0, max: 12 }) })
  .chain(({ count, epochAt }) => {
    const story = storyOf(count, epochAt);
    const last = story.frames.length - 1;
    const inOrder = story.frames.map((_, index) => index);
    const any = fc.array(fc.integer({ min: 0, max: last }), { maxLength: 30 });
    const repeats = any.map((extra) => [...inOrder, ...extra]);
    const swapped = fc.tuple(fc.nat(last), fc.nat(last)).map(([a, b]) => {
      const order = [...inOrder];
      [order[a], order[b]] = [order[b] ?? 0, order[a] ?? 0];
      return order;
    });
    const dropped = fc.nat(last).map((one) => inOrder.filter((index) => index !== one));
    const stuttering = fc
      .array(fc.nat(2), { minLength: last + 1, maxLength: last + 1 })
      .map((times) => inOrder.flatMap((index) => Array.from({ length: 1 + (times[index] ?? 0) }, () => index)));
    return fc.oneof(any, repeats, swapped, dropped, stuttering).map((order) => ({ story, order }));
  });

test("any order, repetition or loss of frames gives the in-order state or no freshness [F-05] [FEED-2] [FEED-3] [FEED-4]", () => {
  let fresh = 0;
  fc.assert(
    fc.property(disorders, ({ story, order }) => {
      const knowledge = new Knowledge(() => undefined);
      knowledge.welcome({
        type: "welcome",
        feed: 1,
        issuer: "https://auth.example",
        tenant: "t",
        node: "n",
        salt: "AAAAAAAAAAAAAAAAAAAAAA",
        skew_s: 5,
        max_lifetime_s: 600,
        token_expires_ms: 1,
        resumed: false,
      });
      play(
        knowledge,
        order.map((index) => story.frames[index] ?? {}),
      );
      const { applied } = knowledge;
      if (applied !== undefined) holdsEverythingUpTo(knowledge, applied, story);
      // The true head, as the server would answer a ping sent now.
      const head = story.notices.at(-1)?.pos ?? { epoch: 1, seq: 0 };
      const keys = 1 + story.frames.filter((frame) => "version" in frame).length - 1;
      const ping: SentPing = { at: { wall: 0, mono: 0 }, applied: applied ?? { epoch: 1, seq: 0 } };
      knowledge.answer({ type: "head", n: "AAAAAAAAAAAAAAAAAAAAAA", pos: head, keys, time: 0 }, ping);
      if (knowledge.lease.age(0, 0) < 1) {
        fresh += 1;
        holdsEverythingUpTo(knowledge, head, story);
        assert.equal(knowledge.keys.version, keys);
      }
    }),
    { numRuns: 2000 },
  );
  assert.ok(fresh > 100, `the property was about something: ${fresh} fresh views`);
});
