import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Notice, NoticesFrame, Position, SnapshotFrame } from "@hallpass/protocol";
import { cursorOf, EMPTY, stepView, type View, type ViewEvent } from "./view.ts";

const at = (seq: number, epoch = 1): Position => ({ epoch, seq });
const held = { at: at(10), cursor: "c10", horizon: 500 };
const live: View = { state: "live", held };
const lost: View = { state: "lost", held, why: "gap" };
const gatheringFrom = (under: View): View =>
  under.state === "gathering" ? under : { state: "gathering", nextPart: 2, unknown: false, under };
const jti = (seq: number, epoch = 1): Notice => ({
  pos: at(seq, epoch),
  at: 0,
  until: 9000,
  taking: { kind: "token", jti: `t${seq}` },
});
const epochNotice = (seq: number, epoch: number): Notice => ({ ...jti(seq, epoch), taking: { kind: "epoch" } });

const part = (given: Partial<SnapshotFrame> & { readonly unknownKinds?: readonly string[] }): SnapshotFrame => ({
  type: "snapshot",
  part: 1,
  last: true,
  to: at(12),
  cursor: "c12",
  horizon: 600,
  notices: [jti(12)],
  unknownKinds: [],
  ...given,
});
const frame = (given: Partial<NoticesFrame>): NoticesFrame => ({
  type: "notices",
  after: at(10),
  to: at(11),
  cursor: "c11",
  horizon: 600,
  notices: [jti(11)],
  unknownKinds: [],
  ...given,
});

const EVENTS: Readonly<Record<string, ViewEvent>> = {
  "welcome, fresh": { type: "welcome", resumed: false },
  "welcome, resumed": { type: "welcome", resumed: true },
  "first part": part({ part: 1, last: false }),
  "next part": part({ part: 2, last: false }),
  "whole snapshot": part({ part: 1 }),
  "last part": part({ part: 2 }),
  "last part, older": part({ part: 2, to: at(9), notices: [] }),
  "whole, older": part({ part: 1, to: at(9), notices: [] }),
  "part skipped": part({ part: 3 }),
  "part, unknown": part({ part: 1, last: false, unknownKinds: ["x"] }),
  "whole, unknown": part({ part: 1, unknownKinds: ["x"] }),
  notices: frame({}),
  "notices, gap": frame({ after: at(11), to: at(12) }),
  "notices, unknown": frame({ unknownKinds: ["x"] }),
  "went back": { type: "contradicted", why: "went_back" },
  disconnected: { type: "disconnected" },
};

const STATES: Readonly<Record<string, View>> = {
  empty: EMPTY,
  "gathering on empty": gatheringFrom(EMPTY),
  "gathering on live": gatheringFrom(live),
  live,
  lost,
};

function printed(view: View, event: ViewEvent): string {
  const step = stepView(view, event);
  assert.equal(step.leaseEnds, step.leave, "what ends the lease also leaves the connection");
  const under = step.view.state === "gathering" ? ` on ${step.view.under.state}` : "";
  return `${step.view.state}${under}${step.leave ? "!" : ""}`;
}

test("the table above the view's function says what the function does", () => {
  const source = readFileSync(new URL("./view.ts", import.meta.url), "utf8");
  const rows = source
    .split("\n")
    .filter((line) => line.startsWith("// ") && line.includes("|"))
    .map((line) =>
      line
        .slice(3)
        .split("|")
        .map((cell) => cell.trim()),
    );
  const [header = [], ...body] = rows;
  assert.deepEqual(header, ["event", ...Object.keys(STATES)]);
  assert.deepEqual(
    body.map(([event]) => event),
    Object.keys(EVENTS),
  );
  const actual = Object.entries(EVENTS).map(([name, event]) => [
    name,
    ...Object.values(STATES).map((view) => printed(view, event)),
  ]);
  assert.deepEqual(body, actual);
});

test("parts of a snapshot are gathered aside and replace the view at once when the last has come [FEED-2]", () => {
  const first = stepView(live, part({ part: 1, last: false }));
  assert.equal(first.table, "start gathering");
  assert.deepEqual(first.view.state === "gathering" && first.view.under, live);
  const last = stepView(first.view, part({ part: 2 }));
  assert.equal(last.table, "replace");
  assert.deepEqual(last.view, { state: "live", held: { at: at(12), cursor: "c12", horizon: 600 } });
});

test("notices at or before the view's position are skipped, so a repeated frame changes nothing [FEED-3]", () => {
  const once = stepView(live, frame({ after: at(8), notices: [jti(9), jti(10), jti(11)] }));
  assert.deepEqual(
    once.notices.map(({ pos }) => pos.seq),
    [11],
  );
  const twice = stepView(once.view, frame({ after: at(8), notices: [jti(9), jti(10), jti(11)] }));
  assert.deepEqual(twice.notices, []);
  assert.deepEqual(twice.view, once.view);
});

test("a frame whose after lies beyond the view's position is a gap and is not applied [FEED-3] [F-04]", () => {
  const exact = stepView(live, frame({ after: at(10) }));
  assert.equal(exact.leave, false);
  const beyond = stepView(live, frame({ after: at(11), to: at(12), notices: [jti(12)] }));
  assert.deepEqual([beyond.table, beyond.leave, beyond.leaseEnds], ["keep", true, true]);
  assert.deepEqual(beyond.view, { state: "lost", held, why: "gap" });
});

test("a frame of an older epoch is a gap; a notice of kind epoch raises the epoch and drops nothing [FEED-4]", () => {
  const raised = stepView(live, frame({ to: at(11, 2), notices: [epochNotice(11, 2)] }));
  assert.equal(raised.table, "add");
  assert.deepEqual(raised.view.state === "live" && raised.view.held.at, at(11, 2));
  assert.equal(stepView(raised.view, frame({ after: at(9), to: at(10), notices: [] })).leave, true);
  const unannounced = stepView(live, frame({ to: at(11, 2), notices: [jti(11, 2)] }));
  assert.equal(unannounced.leave, true);
});

test("the horizon never falls [FEED-5]", () => {
  const step = stepView(live, frame({ horizon: 100 }));
  assert.equal(step.view.state === "live" && step.view.held.horizon, 500);
});

test("a frame that carries a notice beyond its own end is not believed [F-13]", () => {
  assert.equal(stepView(live, frame({ notices: [jti(12)] })).leave, true);
  assert.equal(stepView(live, part({ notices: [jti(13)] })).leave, true);
  assert.equal(stepView(live, frame({ to: at(9) })).leave, true, "an interval that ends before it begins");
});

test("only a snapshot helps against a kind of notice that is not known [NOT-6]", () => {
  const { view } = stepView(live, frame({ unknownKinds: ["whole_tenant"] }));
  assert.equal(cursorOf(view), null);
  assert.equal(cursorOf(lost), "c10");
  const still = stepView(EMPTY, part({ unknownKinds: ["whole_tenant"] }));
  assert.deepEqual([still.table, still.view.state, cursorOf(still.view)], ["replace", "lost", null]);
  assert.equal(stepView(view, part({})).view.state, "live");
});

test("a kind that is not known in any part of a snapshot makes the whole of it lost [NOT-6] [FEED-2]", () => {
  const told = (unknown: readonly number[]): View => {
    let view: View = live;
    for (const n of [1, 2, 3]) {
      const unknownKinds = unknown.includes(n) ? ["whole_tenant"] : [];
      view = stepView(view, part({ part: n, last: n === 3, unknownKinds })).view;
    }
    return view;
  };
  const heldThen = { at: at(12), cursor: "c12", horizon: 600 };
  for (const n of [1, 2, 3]) assert.deepEqual(told([n]), { state: "lost", held: heldThen, why: "unknown_kind" });
  assert.deepEqual(told([]), { state: "live", held: heldThen });
});

test("a snapshot that begins anew takes over nothing of the one that was broken off [FEED-2]", () => {
  const broken = stepView(live, part({ last: false, unknownKinds: ["whole_tenant"] })).view;
  const anew = stepView(broken, part({ last: false })).view;
  assert.deepEqual(anew, { state: "gathering", nextPart: 2, unknown: false, under: live });
  assert.equal(stepView(anew, part({ part: 2 })).view.state, "live");
  assert.equal(stepView(broken, part({})).view.state, "live");
});

test("each loss says why, and leaves the position where it was [FEED-3] [LEASE-7]", () => {
  const gathering = gatheringFrom(live);
  const rows = [{ newest: at(11) }, { newest: at(13) }] as unknown as NonNullable<SnapshotFrame["rows"]>;
  const losses: readonly (readonly [View, ViewEvent, string])[] = [
    [gathering, { type: "welcome", resumed: true }, "gap"],
    [live, part({ part: 3 }), "gap"],
    [live, part({ to: at(9), notices: [] }), "went_back"],
    [live, part({ notices: [jti(12), jti(13)] }), "gap"],
    [live, part({ rows }), "gap"],
    [live, frame({ to: at(9) }), "gap"],
    [live, frame({ after: at(11), to: at(12) }), "gap"],
    [live, frame({ after: at(9, 0), to: at(11, 0) }), "gap"],
    [live, frame({ notices: [jti(11), jti(12)] }), "gap"],
    [live, frame({ to: at(11, 2), notices: [] }), "gap"],
    [live, frame({ unknownKinds: ["x"] }), "unknown_kind"],
    [live, { type: "contradicted", why: "gap" }, "gap"],
    [live, { type: "contradicted", why: "went_back" }, "went_back"],
  ];
  for (const [view, event, why] of losses) {
    assert.deepEqual(stepView(view, event).view, { state: "lost", held, why }, JSON.stringify(event));
  }
});

test("what the table is told goes with what the view becomes, and nothing else is added to it [FEED-2] [FEED-3]", () => {
  const told = (view: View, event: ViewEvent): readonly unknown[] => {
    const { table, notices } = stepView(view, event);
    return [table, notices.map(({ pos }) => pos.seq)];
  };
  assert.deepEqual(told(live, frame({})), ["add", [11]]);
  assert.deepEqual(told(live, frame({ unknownKinds: ["x"] })), ["add", [11]]);
  assert.deepEqual(told(lost, frame({})), ["add", [11]]);
  assert.deepEqual(told(live, frame({ after: at(11), to: at(12), notices: [jti(12)] })), ["keep", []]);
  assert.deepEqual(told(live, { type: "welcome", resumed: true }), ["keep", []]);
  assert.deepEqual(told(live, { type: "disconnected" }), ["keep", []]);
  assert.deepEqual(told(gatheringFrom(live), part({ part: 2, last: false })), ["gather", [12]]);
  assert.deepEqual(told(live, part({ unknownKinds: ["x"] })), ["replace", [12]]);
});

test("a frame that ends where the view stands keeps its cursor, and may raise the horizon [FEED-5]", () => {
  const { view } = stepView(live, frame({ to: at(10), notices: [], cursor: "other", horizon: 700 }));
  assert.deepEqual(view, { state: "live", held: { ...held, horizon: 700 } });
});

test("an epoch is entered by its own notice only, among others or alone [FEED-4]", () => {
  for (const [notices, leaves] of [
    [[epochNotice(11, 2)], false],
    [[jti(11), epochNotice(12, 2)], false],
    [[epochNotice(11, 2), jti(12, 2)], false],
    [[epochNotice(11, 2), jti(12, 3)], true],
    [[jti(12, 2)], true],
  ] as const) {
    const epoch = notices.at(-1)?.pos.epoch ?? 1;
    assert.equal(stepView(live, frame({ to: at(12, epoch), notices })).leave, leaves, JSON.stringify(notices));
  }
});
