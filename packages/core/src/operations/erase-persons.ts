// Erases a person from beside the chain: names and salts go, the commitments in the chain stay and say nothing any more.

import { personsFromRow, personsValue } from "../audit/audit-row.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { answer, change, write } from "../store/change.ts";
import type { RowKey, Store } from "../store/store.ts";

export interface ErasePersonsDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly tenant: TenantId;
}

const PAGE = 50;

/** Every name beside the chain that equals `value`, as subject, actor or whatever else; answers how many. May be repeated. Throws a Fault of the store. */
export async function erasePersons(deps: ErasePersonsDeps, value: string): Promise<number> {
  const { store, tenant } = deps;
  let erased = 0;
  let after: string | undefined;
  for (;;) {
    const place = after === undefined ? {} : { after };
    const rows = await store.list({ tenant, kind: "audit_persons", limit: PAGE, ...place });
    for (const row of rows) {
      if (personsFromRow(row).some((person) => person.value === value)) erased += await eraseIn(deps, row.key, value);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return erased;
    after = last.key.id;
  }
}

function eraseIn({ store, dice }: ErasePersonsDeps, key: RowKey, value: string): Promise<number> {
  return change(store, dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    const persons = personsFromRow(row);
    const left = persons.filter((person) => person.value !== value);
    if (row === undefined || left.length === persons.length) return answer(0);
    const next = left.length === 0 ? ("gone" as const) : { value: personsValue(left), expires: row.expires };
    return write({
      rows: [{ key, expect: row.version, next }],
      answer: () => persons.length - left.length,
    });
  });
}
