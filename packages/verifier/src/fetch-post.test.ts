import assert from "node:assert/strict";
import { test } from "node:test";
import { type Fetch, fetchPost, joined, type Question, textOf } from "./fetch-post.ts";

const bytesOf = (...parts: readonly string[]): Uint8Array[] => parts.map((part) => new TextEncoder().encode(part));

function question(longest = 10): Question {
  const { signal } = new AbortController();
  return { url: "https://auth.example/x", headers: { accept: "text/plain" }, body: "a=b", longest, signal };
}

const answering =
  (status: number, parts: readonly string[] | null, type?: string): Fetch =>
  async () =>
    new Response(parts === null ? null : ReadableStream.from(bytesOf(...parts)), {
      status,
      headers: type === undefined ? {} : { "content-type": type },
    });

test("an answer is read whole, in however many pieces it comes, and its media type is told", async () => {
  for (const [parts, text] of [
    [["whole"], "whole"],
    [["in ", "two"], "in two"],
    [["o", "f", "", " te", "n by", "te"], "of ten byte"],
    [[], ""],
    [null, ""],
  ] as const) {
    const reply = await fetchPost(answering(200, parts, "application/json"))(question(11));
    assert.deepEqual([reply.status, reply.type, textOf(reply)], [200, "application/json", text]);
  }
  const { type } = await fetchPost(answering(200, ["x"]))(question());
  assert.equal(type, null);
});

test("an answer may be as long as the question says, and no byte longer", async () => {
  const reply = await fetchPost(answering(200, ["12345", "67890"]))(question(10));
  assert.equal(textOf(reply), "1234567890");
  await assert.rejects(fetchPost(answering(200, ["12345", "678901"]))(question(10)), /too long/);
});

test("nothing is read of an answer that is not 200, and the rest of it is not waited for", async () => {
  for (const status of [201, 302, 401, 503]) {
    let cancelled = false;
    const body = new ReadableStream({
      pull: (to) => to.enqueue(bytesOf("secret")[0]),
      cancel: () => void (cancelled = true),
    });
    const reply = await fetchPost(async () => new Response(body, { status }))(question());
    assert.deepEqual([reply.status, reply.bytes.length, cancelled], [status, 0, true]);
  }
  const empty = await fetchPost(answering(503, null, "text/html"))(question());
  assert.deepEqual([empty.status, empty.type, textOf(empty)], [503, "text/html", ""]);
});

test("a question is sent as it is, by POST, and follows no redirect", async () => {
  const asked: unknown[] = [];
  const given = question();
  await fetchPost(async (url, init) => {
    asked.push([url, init]);
    return new Response("x");
  })(given);
  const { headers, body, signal } = given;
  assert.deepEqual(asked, [["https://auth.example/x", { method: "POST", headers, body, redirect: "manual", signal }]]);
});

test("what is no UTF-8 is no text", () => {
  assert.throws(() => textOf({ status: 200, type: null, bytes: Uint8Array.of(0x61, 0xff) }), TypeError);
});

test("pieces are put one after the other, and a sole one is not copied", () => {
  const [one = new Uint8Array(0), other = new Uint8Array(0)] = bytesOf("ab", "c");
  assert.equal(joined([one], 2), one);
  assert.deepEqual([...joined([one, other], 3)], [0x61, 0x62, 0x63]);
  assert.deepEqual([...joined([], 0)], []);
});
