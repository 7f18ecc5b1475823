// `node --conditions=hallpass-source drills/failover/main.ts [--sessions 8] [--load-ms 2500]`
// A primary dies under load and its standby takes its place: once with a synchronous standby, where nothing that was acknowledged may be
// lost, nobody may be logged out and no epoch may begin; and once with an asynchronous one that is behind, which has to lose something
// (otherwise the rehearsal proves nothing), and where the loss has to be noticed: a new epoch, no token that was revoked is accepted, and every
// receipt of what was lost says so, when it is asked for and when it is shown.
// Exits with 1 if either is otherwise, and leaves what it saw in a file.
// Of the attacks of spec/attacks.md: [G-11].

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sayProof } from "../../proof/line.ts";
import { type Rehearsal, rehearse } from "./rehearse.ts";

const { values } = parseArgs({
  options: { sessions: { type: "string", default: "8" }, "load-ms": { type: "string", default: "2500" } },
});
const size = { sessions: Number(values.sessions), loadMs: Number(values["load-ms"]) };
const MOST_SECONDS = 40;

const play = (synchronous: boolean): Promise<Rehearsal> => {
  const name = synchronous ? "synchronous" : "asynchronous";
  return rehearse({ ...size, synchronous }, (text) => console.error(`${name}: ${text}`));
};
const [sync, async_] = await Promise.all([play(true), play(false)]);
for (const [name, one] of Object.entries({ synchronous: sync, asynchronous: async_ })) {
  console.log(
    `${name} standby: ${one.refreshed} refreshes and ${one.revoked} revocations acknowledged, ${one.lost} revocations lost`,
  );
  console.log(
    `  nobody served for ${one.outage.toFixed(1)} s, ${one.promotion.toFixed(1)} s of it until the promotion; ${one.later} answers of 503`,
  );
  console.log(`  ${one.told} receipts said that they were lost, ${one.again} of those were taken away again`);
  console.log(`  ${one.loggedOut} sessions logged out, ${one.accepted} revoked tokens accepted, epoch ${one.epoch}`);
}
const findings = [
  ...both(sync, "synchronous"),
  ...both(async_, "asynchronous"),
  ...(sync.lost > 0 ? [`${sync.lost} acknowledged revocations were lost with a synchronous standby`] : []),
  ...(sync.loggedOut > 0 ? [`${sync.loggedOut} sessions were logged out`] : []),
  ...(sync.epoch === 1 ? [] : ["a new epoch began although nothing was lost"]),
  ...(async_.lost > 0 ? [] : ["the asynchronous standby lost nothing: the rehearsal proves nothing"]),
  ...(async_.told === async_.lost && async_.again === async_.lost ? [] : ["a receipt does not say that it was lost"]),
  ...(async_.epoch > 1 && async_.doubted ? [] : ["lost history was not noticed"]),
];
let kept: string | undefined;
if (findings.length > 0) {
  const history = join(mkdtempSync(join(tmpdir(), "hallpass-failover-")), "history.json");
  writeFileSync(history, JSON.stringify({ size, findings, sync, async: async_ }, null, 2));
  for (const finding of findings) console.log(`finding: ${finding}`);
  console.log(`what was seen is in ${history}`);
  kept = history;
}
sayProof({
  id: "failover",
  promise: "P1 P6 P10",
  figure: `a primary died under ${sync.refreshed} refreshes and ${sync.revoked} revocations: ${sync.lost} acknowledged revocations lost, ${sync.loggedOut} sessions logged out, ${sync.accepted + async_.accepted} revoked tokens accepted; nobody served for ${sync.outage.toFixed(1)} s`,
  control: `with an asynchronous standby ${async_.lost} of ${async_.revoked} acknowledged revocations were lost, which was noticed: epoch ${async_.epoch}`,
  seeds: "none",
  notShown: ["primaries on machines of their own", "a loss of power"],
  passed: findings.length === 0,
  ...(kept === undefined ? {} : { kept }),
});

function both(one: Rehearsal, name: string): readonly string[] {
  return [
    ...(one.outage > MOST_SECONDS ? [`${name}: nobody was served for ${one.outage.toFixed(1)} s`] : []),
    ...(one.accepted > 0 ? [`${name}: ${one.accepted} revoked tokens were accepted`] : []),
    ...one.untrue.slice(0, 5).map((untrue) => `${name}: a receipt that says what is not true: ${untrue}`),
    ...(one.laterWithoutWhen > 0 ? [`${name}: ${one.laterWithoutWhen} answers of 503 without Retry-After`] : []),
    ...one.odd.slice(0, 5).map((odd) => `${name}: an answer that no client should get: ${odd}`),
  ];
}
