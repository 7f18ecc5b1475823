import assert from "node:assert/strict";
import { test } from "node:test";
import type { RowKey, TenantId } from "@hallpass/core";
import { ReadQueue } from "./read-queue.ts";
import { Remembered } from "./remembered.ts";
import { answerFromText } from "./snapshots.ts";

const HEAD = answerFromText("1 0 AAAAAAAAAAA 1  ");

interface Statement {
  readonly ids: readonly string[];
  readonly answer: () => Promise<void>;
}

/** A server that answers when it is told to, and turns that pass when they are told to. */
function aQueue(): { queue: ReadQueue; sent: Statement[]; passTurns: (count?: number) => void } {
  const sent: Statement[] = [];
  const turns: (() => void)[] = [];
  const queue = new ReadQueue(
    (asked) =>
      new Promise((resolve) => {
        const answer = async (): Promise<void> => {
          resolve(HEAD);
          await new Promise(setImmediate);
        };
        sent.push({ ids: asked.map(({ key }) => key.id), answer });
      }),
    new Remembered(),
    (task) => void turns.push(task),
  );
  const passTurns = (count = 4): void => {
    for (let turn = 0; turn < count; turn += 1) for (const task of turns.splice(0)) task();
  };
  return { queue, sent, passTurns };
}

const key = (id: string): RowKey => ({ tenant: "t" as TenantId, kind: "session", id });

test("reads of one turn share a statement, and a row that two of them ask for is asked for once", async () => {
  const { queue, sent, passTurns } = aQueue();
  const reads = [queue.read([key("a"), key("shared")]), queue.read([key("b"), key("shared")])];
  passTurns();
  assert.deepEqual(
    sent.map(({ ids }) => ids),
    [["a", "shared", "b"]],
  );
  await sent[0]?.answer();
  assert.equal((await Promise.all(reads)).length, 2);
});

test("a lone read waits for nobody", () => {
  const { queue, sent, passTurns } = aQueue();
  void queue.read([key("a")]);
  passTurns(1);
  assert.equal(sent.length, 1);
});

test("what arrives while a statement is under way goes together in the next, and beside it only once as many wait as it carries", async () => {
  const { queue, sent, passTurns } = aQueue();
  for (const id of ["a", "b", "c"]) void queue.read([key(id)]);
  passTurns();
  for (const id of ["d", "e"]) void queue.read([key(id)]);
  passTurns();
  assert.equal(sent.length, 1);
  void queue.read([key("f")]);
  passTurns();
  assert.deepEqual(sent[1]?.ids, ["d", "e", "f"]);
  for (const id of ["g", "h", "i", "j"]) void queue.read([key(id)]);
  passTurns();
  assert.equal(sent.length, 2, "never more than two at once");
  await sent[1]?.answer();
  assert.deepEqual(sent[2]?.ids, ["g", "h", "i", "j"]);
});

test("fewer than the last time wait for at most three turns", async () => {
  const { queue, sent, passTurns } = aQueue();
  for (const id of ["a", "b"]) void queue.read([key(id)]);
  passTurns();
  await sent[0]?.answer();
  void queue.read([key("c")]);
  passTurns(3);
  assert.equal(sent.length, 1);
  passTurns(1);
  assert.deepEqual(sent[1]?.ids, ["c"]);
});

test("it is settled when everyone has an answer, those included who waited for a turn", async () => {
  const { queue, sent, passTurns } = aQueue();
  void queue.read([key("a")]);
  const settled = queue.settled();
  let isSettled = false;
  void settled.then(() => (isSettled = true));
  passTurns();
  void queue.read([key("b")]);
  await sent[0]?.answer();
  assert.equal(isSettled, false);
  passTurns();
  await sent[1]?.answer();
  await settled;
});
