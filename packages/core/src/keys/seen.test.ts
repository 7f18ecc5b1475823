import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { accessTextOf, aWorld, opened, revoked, theSession, type World } from "../testing/world.ts";
import { isSigned, judgeAccessToken, presentedAccessToken } from "../tokens/judge-access-token.ts";
import { judgeSessionToken } from "../tokens/judge-session-token.ts";
import type { PresentedAccessToken } from "../tokens/presented.ts";
import { type OpenKeys, ringKey, type VerificationKey } from "./ring.ts";
import { markOf, namedMark, Seen } from "./seen.ts";

interface Watched {
  readonly keys: OpenKeys;
  /** How many signatures were looked at. */
  readonly looks: () => number;
}

function watched(keys: OpenKeys): Watched {
  let looks = 0;
  const counting = (key: VerificationKey): VerificationKey => ({
    ...key,
    verify: (input, signature) => {
      looks += 1;
      return key.verify(input, signature);
    },
  });
  const verificationKey = (kid: string): VerificationKey | undefined => {
    const key = keys.verificationKey(kid);
    return key === undefined ? undefined : counting(key);
  };
  return { keys: { ...keys, verificationKey, accessTokens: new Seen() }, looks: () => looks };
}

async function aStage(): Promise<Watched & { readonly text: string; readonly world: World }> {
  const world = await aWorld(createMemoryStore);
  const text = accessTextOf(await opened(world));
  return { ...watched(world.keys.open(await world.store.read([ringKey(world.issuer.tenant)]))), text, world };
}

function presented(world: World, text: string): PresentedAccessToken {
  return presentedAccessToken(world, text) ?? assert.fail(text);
}

describe("keys that remember what they have signed", () => {
  it("look once at a token, and read it once", async () => {
    const { keys, looks, text, world } = await aStage();
    const one = presented(world, text);
    assert.deepEqual([isSigned(keys, one), isSigned(keys, presented(world, text)), looks()], [true, true, 1]);
    assert.notEqual(await judgeAccessToken(world, text), undefined);
    assert.equal(presented(world, text).claims, presented(world, text).claims);
  });

  it("never take a token that differs in one character for one that they have seen", async () => {
    const { keys, text, world } = await aStage();
    assert.equal(isSigned(keys, presented(world, text)), true);
    const [head = "", body = "", tail = ""] = text.split(".");
    for (let at = 0; at < tail.length - 1; at += 1) {
      const other = `${tail.slice(0, at)}${tail[at] === "A" ? "B" : "A"}${tail.slice(at + 1)}`;
      const forged = presentedAccessToken(world, `${head}.${body}.${other}`);
      assert.equal(forged !== undefined && isSigned(keys, forged), false, `character ${at}`);
    }
    const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as object;
    const wider = Buffer.from(JSON.stringify({ ...claims, sub: "somebody" })).toString("base64url");
    assert.equal(isSigned(keys, presented(world, `${head}.${wider}.${tail}`)), false);
  });

  it("do not take letters for those whose low byte they share", async () => {
    const { text, world } = await aStage();
    assert.notEqual(await judgeAccessToken(world, text), undefined);
    const wide = text.replaceAll(/./gu, (one) => (one === "." ? one : String.fromCharCode(one.charCodeAt(0) + 0x100)));
    assert.notEqual(markOf(wide).hash, markOf(text).hash);
    assert.equal(await judgeAccessToken(world, wide), undefined);
  });

  it("look again at what they have refused", async () => {
    const { keys, looks, text, world } = await aStage();
    const forged = presented(world, `${text.slice(0, -6)}AAAAAA`);
    assert.deepEqual([isSigned(keys, forged), isSigned(keys, forged), looks()], [false, false, 2]);
  });

  it("judge everything else anew: what was seen is refused from its revocation on", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, { issue: { access: true, refresh: false, sessionToken: true } });
    const cookie = one.tokens.sessionToken?.reveal() ?? "";
    const text = accessTextOf(one);
    for (let times = 0; times < 2; times += 1) {
      assert.notEqual(await judgeAccessToken(world, text), undefined);
      assert.equal((await judgeSessionToken(world, cookie)).kind, "live");
    }
    await revoked(world, theSession(one.session.id));
    assert.equal(await judgeAccessToken(world, text), undefined);
    assert.equal((await judgeSessionToken(world, cookie)).kind, "inactive");
  });

  it("that are opened anew have seen nothing", async () => {
    const { text, world } = await aStage();
    assert.notEqual(await judgeAccessToken(world, text), undefined);
    const other = world.node();
    assert.notEqual(await judgeAccessToken(other, text), undefined);
    assert.notEqual(presented(world, text).claims, presented(other as World, text).claims);
  });
});

describe("what was seen", () => {
  it("is found by its whole text alone, whatever of it is the same", () => {
    const seen = new Seen<object>();
    const found = {};
    seen.set(markOf("head.body.tail"), found);
    assert.equal(seen.get(markOf("head.body.tail")), found);
    for (const other of ["head.tail", "tail", "head.bodY.tail", "head.body.tail.", "head.body.", "head.body.tai", ""])
      assert.equal(seen.get(markOf(other)), undefined, other);
    seen.set(markOf("other.tail"), {});
    assert.notEqual(seen.get(markOf("other.tail")), found);
  });

  it("holds neither the signature of a token nor an opaque secret [L-07]", () => {
    const [signature, secret] = [`s${"A".repeat(85)}`, `hps_${"B".repeat(70)}`];
    const marks = [markOf(`head.body.${signature}`), markOf(secret)];
    for (const { open, hash } of marks) assert.doesNotMatch(open + hash, /A{9}|B{9}/);
    assert.deepEqual(
      marks.map(({ open }) => open),
      ["head.body.", ""],
    );
  });

  it("is kept while it is asked for, and the oldest is forgotten", () => {
    const seen = new Seen<object>();
    const found = {};
    const see = (from: number, to: number): void => {
      for (let n = from; n < to; n += 1) seen.set(namedMark(String(n)), found);
    };
    see(0, 6000);
    assert.equal(seen.get(namedMark("0")), found);
    see(6000, 9000);
    assert.equal(seen.get(namedMark("0")), found, "asked for again in time");
    see(9000, 18_000);
    const left = ["0", "1", "17999"].map((name) => seen.get(namedMark(name)));
    assert.deepEqual(left, [undefined, undefined, found]);
  });
});
