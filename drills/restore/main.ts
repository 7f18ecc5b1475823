// `node --conditions=hallpass-source drills/restore/main.ts [--store sqlite|postgres] [--way journal|ended|neither] [--sessions 50]`
// Rehearses the loss of a store: with the journal nothing that was revoked since the backup is accepted and nobody else is logged out; without it
// all sessions end. The same run shows that a copy that is only put back accepts what was revoked. Exits with 1 if one of it does not hold.

import { parseArgs } from "node:util";
import { sayProof } from "../../proof/line.ts";
import { wholeNumber } from "../whole-number.ts";
import { type Rehearsal, type Rehearsed, rehearse } from "./rehearse.ts";

const { values } = parseArgs({
  options: {
    store: { type: "string", multiple: true, default: ["sqlite", "postgres"] },
    way: { type: "string", multiple: true, default: ["journal", "ended", "neither"] },
    sessions: { type: "string", default: "50" },
  },
});
const sessions = wholeNumber(values.sessions);
const stores = values.store.map((text) => oneOf(["sqlite", "postgres"] as const, text));
const ways = values.way.map((text) => oneOf(["journal", "ended", "neither"] as const, text));
const problems: string[] = [];
const shown: string[] = [];
const controls: string[] = [];

for (const store of stores) {
  for (const way of ways) {
    const done = await rehearse({ store, way, sessions, say: (words) => console.error(words) });
    const { acceptedAgain, loggedOut, kept, revoked, epochs, restoreMs, noticedMs } = done;
    console.log(
      `${store}, ${way}: ${acceptedAgain.length} accepted again of ${revoked} revoked, ${loggedOut} of ${kept} others logged out, ${epochs} epochs started, back after ${(restoreMs / 1000).toFixed(1)} s, noticed by the verifier ${(noticedMs / 1000).toFixed(1)} s later`,
    );
    const accepted = `${acceptedAgain.length} of ${revoked} revoked accepted again`;
    if (way === "neither") controls.push(`${store}: ${accepted}`);
    else shown.push(`${store}, ${way}: ${accepted}, ${loggedOut} of ${kept} others logged out`);
    problems.push(...judged(way, done).map((problem) => `${store}, ${way}: ${problem}`));
  }
}
for (const problem of problems) console.log(`WRONG ${problem}`);
sayProof({
  id: "restore",
  promise: "P1 P2",
  figure: shown.join("; ") || "nothing was restored",
  control: `a copy that is only put back, ${controls.join("; ") || "was not tried"}`,
  seeds: "none",
  notShown: ["a journal that is lost together with the store"],
  passed: problems.length === 0 && shown.length > 0 && controls.length > 0,
});

function judged(way: Rehearsal["way"], done: Rehearsed): readonly string[] {
  const found = [...done.problems];
  if (way === "neither") {
    if (done.acceptedAgain.length === 0)
      found.push("the control accepted nothing that was revoked: the rehearsal sees nothing");
    return found;
  }
  for (const what of done.acceptedAgain) found.push(`accepted again: ${what}`);
  const expected = way === "journal" ? 0 : done.kept;
  if (done.loggedOut !== expected) found.push(`${done.loggedOut} others logged out, not ${expected}`);
  if (done.epochs !== 1) found.push(`${done.epochs} epochs, not 1`);
  return found;
}

function oneOf<T extends string>(all: readonly T[], text: string): T {
  const found = all.find((one) => one === text);
  if (found === undefined) throw new Error(`${text} is none of ${all.join(", ")}`);
  return found;
}
