// A key-encryption key that rests in the store, wrapped by something elsewhere. The first start makes and wraps it; each later one has it
// unwrapped, or stops.

import { answer, change, type Dice, kekId, type RowKey, type Store, type TenantId, write } from "@hallpass/core";
import type { KeyWrapper } from "./key-wrapper.ts";

interface Resting {
  readonly v: 1;
  readonly by: KeyWrapper["name"];
  /** Of the key-encryption key: what was unwrapped has to have it. */
  readonly id: string;
  readonly wrapped: string;
}

interface WrappedKekDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly tenant: TenantId;
  readonly wrapper: KeyWrapper;
}

const LENGTH = 32;

function restingKey(tenant: TenantId): RowKey {
  return { tenant, kind: "keys", id: "key-encryption-key" };
}

/** 32 bytes. Rejects with an Error that a person can act on, and with Faults of the store. */
export async function wrappedKek(deps: WrappedKekDeps): Promise<Uint8Array> {
  const { store, tenant, wrapper } = deps;
  const key = restingKey(tenant);
  const row = (await store.read([key])).get(key);
  if (row === undefined) return firstKek(deps);
  const resting = JSON.parse(row.value) as Resting;
  if (resting.by !== wrapper.name)
    throw new Error(`the key-encryption key in the store was wrapped by ${resting.by}, not by ${wrapper.name}`);
  const bytes = await wrapper.unwrap(resting.wrapped);
  if (bytes.length !== LENGTH || kekId(bytes) !== resting.id)
    throw new Error(`${wrapper.place} unwraps another key than the key-encryption key ${resting.id} in the store`);
  const renewed = await wrapper.renew?.(resting.wrapped);
  if (renewed !== undefined) {
    // It takes the place of the only copy that is known to open.
    if (!Buffer.from(await wrapper.unwrap(renewed)).equals(bytes))
      throw new Error(`${wrapper.place} does not unwrap what it has wrapped anew`);
    await keep(deps, { ...resting, wrapped: renewed }, row.version);
  }
  return bytes;
}

async function firstKek(deps: WrappedKekDeps): Promise<Uint8Array> {
  const bytes = deps.dice.bytes(LENGTH);
  const wrapped = await deps.wrapper.wrap(bytes);
  // Before anything is sealed under it: a key that can't be had back would take everything with it.
  const back = await deps.wrapper.unwrap(wrapped);
  if (!Buffer.from(back).equals(bytes)) throw new Error(`${deps.wrapper.place} does not unwrap what it has wrapped`);
  const kept = await keep(deps, { v: 1, by: deps.wrapper.name, id: kekId(bytes), wrapped }, "absent");
  // Another node was faster: its key is the one.
  return kept ? bytes : wrappedKek(deps);
}

/** False when the row is another one by now. */
async function keep(
  { store, dice, tenant }: WrappedKekDeps,
  resting: Resting,
  expect: number | "absent",
): Promise<boolean> {
  const key = restingKey(tenant);
  return change(store, dice, [key], (snapshot) => {
    if ((snapshot.get(key)?.version ?? "absent") !== expect) return answer(false);
    const next = { value: JSON.stringify(resting), expires: null };
    return write({ rows: [{ key, expect, next }], answer: () => true });
  });
}
