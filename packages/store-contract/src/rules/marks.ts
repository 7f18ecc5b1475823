// Every position has a mark, so that a cursor from a history that was lost can be told from one of this.

import { strict as assert } from "node:assert";
import { mustCommit, START } from "../drafts.ts";
import type { Rule } from "../rule.ts";

const group = "marks";

export const marks: readonly Rule[] = [
  {
    id: "marks.kept",
    group,
    title: "the mark of every kept notice is found at its position, and the head carries that of the newest",
    run: async ({ store, drafts }) => {
      const notices = [drafts.notice(), drafts.notice(), drafts.notice()];
      const { pos } = await mustCommit(store, drafts.change({ notices }));
      for (const [n, { mark }] of notices.entries()) {
        assert.equal(await store.markAt({ epoch: 1, seq: n + 1 }), mark);
      }
      const { head } = await store.read([]);
      assert.deepEqual(head, { pos, mark: notices[2]?.mark });
    },
  },
  {
    id: "marks.birth",
    group,
    title: "1.0 keeps the mark of the store's birth",
    run: async ({ store, drafts }) => {
      const birth = (await store.read([])).head.mark;
      await mustCommit(store, drafts.change({ notices: [drafts.notice()] }));
      assert.equal(await store.markAt(START), birth);
    },
  },
  {
    id: "marks.unknown",
    group,
    title: "no mark at a position ahead of the head, between two epochs, or of a right number in a wrong epoch",
    run: async ({ store, drafts }) => {
      await mustCommit(store, drafts.change({ notices: [drafts.notice()] }));
      const epoch = drafts.notice({ newEpoch: { above: { epoch: 1, seq: 5 } } });
      await mustCommit(store, drafts.change({ notices: [epoch] }));
      assert.equal(await store.markAt({ epoch: 2, seq: 6 }), epoch.mark);
      assert.equal(await store.markAt({ epoch: 2, seq: 7 }), undefined);
      assert.equal(await store.markAt({ epoch: 1, seq: 3 }), undefined);
      assert.equal(await store.markAt({ epoch: 1, seq: 6 }), undefined);
      assert.equal(await store.markAt({ epoch: 2, seq: 1 }), undefined);
      assert.equal(await store.markAt({ epoch: 2, seq: 0 }), undefined);
    },
  },
];
