// `node --conditions=hallpass-source drills/disk/main.ts [--clients 4] [--victims 300] [--ms 1500]`
// A whole server on SQLite whose disk is full (a small tmpfs where one can be mounted, and ENOSPC from a preloaded library) or fails (EIO of
// writes, EIO of fsync), while sessions are revoked and refreshed over HTTP. Exits with 1 if a revocation was a success that is not there
// after a kill, if somebody was logged out, if readiness did not say so, if the metric did not count it, or if the server did not go on by
// itself; and if a server that lies about its commits is not found out. Needs gcc.
// Of the attacks of spec/attacks.md: [G-01] [G-02].

import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sayProof } from "../../proof/line.ts";
import { wholeNumber } from "../whole-number.ts";
import { operated } from "./operated.ts";
import { type Fault, play, type Scene } from "./scene.ts";

const given = parseArgs({
  options: {
    clients: { type: "string", default: "4" },
    victims: { type: "string", default: "300" },
    ms: { type: "string", default: "1500" },
  },
}).values;
const options = { clients: wholeNumber(given.clients), victims: wholeNumber(given.victims), ms: wholeNumber(given.ms) };
const RECOVERED_WITHIN_MS = 5000;
const SMALL_DISK = "size=24m";
const BALLAST = Buffer.alloc(65_536);

const scratch = mkdtempSync(join(tmpdir(), "hallpass-disk-"));
const library = join(scratch, "failing-disk.so");
const built = spawnSync("gcc", [
  "-shared",
  "-fPIC",
  "-O1",
  "-o",
  library,
  join(import.meta.dirname, "failing-disk.c"),
  "-ldl",
]);
if (built.status !== 0) throw new Error(`the library was not built: ${String(built.stderr ?? built.error)}`);
const program = join(import.meta.dirname, "server.ts");
const broken: string[] = [];
const sums = { scenes: 0, revoked: 0, lost: 0, loggedOut: 0, refused: 0 };

for (const how of ["full", "write", "sync"] as const) {
  const { data, faults, fault } = shimmed(how, how);
  judge(fault.name, await play(await operated(data, { program, env: shimOf(faults) }), fault, options), how === "full");
  if ((statSync(join(faults, "hits"), { throwIfNoEntry: false })?.size ?? 0) === 0)
    broken.push(`${fault.name}: nothing failed`);
}

const small = join(scratch, "small");
mkdirSync(small);
if (spawnSync("mount", ["-t", "tmpfs", "-o", SMALL_DISK, "tmpfs", small]).status === 0) {
  try {
    const fault = {
      name: "a disk without room",
      begin: () => fill(join(small, "ballast")),
      end: () => rmSync(join(small, "ballast")),
    };
    judge(fault.name, await play(await operated(join(small, "data"), { program }), fault, options), true);
  } finally {
    spawnSync("umount", [small]);
  }
} else console.log("a disk without room: left out, nothing can be mounted here");

const control = shimmed("lying", "full");
const lied = await play(
  await operated(control.data, { program, more: ["lying"], env: shimOf(control.faults) }),
  control.fault,
  options,
);
show("a server that lies", lied);
if (lied.lost === 0) broken.push("a server that lies about its commits was not found out");

for (const one of broken) console.log(`broken: ${one}`);
if (broken.length > 0) {
  console.log(`what the servers left: ${scratch}`);
} else rmSync(scratch, { recursive: true });
sayProof({
  id: "disk",
  promise: "P1 P6 P10",
  figure: `${sums.scenes} kinds of a full or failing disk: ${sums.revoked} revocations acknowledged, ${sums.lost} lost; ${sums.loggedOut} refreshes refused; ${sums.refused} times 503`,
  control: `of a server that lies about its commits ${lied.lost} of ${lied.revoked} acknowledged revocations were lost`,
  seeds: "none",
  notShown: ["a disk that lies about its flushes", "a power cut: see power-loss"],
  passed: broken.length === 0,
  ...(broken.length === 0 ? {} : { kept: scratch }),
});

function shimmed(
  name: string,
  how: "full" | "write" | "sync",
): { readonly data: string; readonly faults: string; readonly fault: Fault } {
  const faults = join(scratch, name);
  mkdirSync(faults);
  const flag = join(faults, how);
  const says = { full: "ENOSPC", write: "EIO of writes", sync: "EIO of fsync" }[how];
  return {
    data: join(faults, "data"),
    faults,
    fault: { name: says, begin: () => writeFileSync(flag, ""), end: () => rmSync(flag) },
  };
}

function shimOf(faults: string): Readonly<Record<string, string>> {
  return { LD_PRELOAD: library, HALLPASS_DRILL_FAULTS: faults };
}

function fill(path: string): void {
  const file = openSync(path, "w");
  try {
    for (;;) writeSync(file, BALLAST);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  } finally {
    closeSync(file);
  }
}

/** `readable`: what only reads has to go on meanwhile. */
function judge(name: string, scene: Scene, readable: boolean): void {
  show(name, scene);
  sums.scenes += 1;
  for (const key of ["revoked", "lost", "loggedOut", "refused"] as const) sums[key] += scene[key];
  const faults = [...new Set(scene.wrong)];
  if (scene.lost > 0) faults.push(`${scene.lost} revocations were a success and are not there`);
  if (scene.loggedOut > 0) faults.push(`${scene.loggedOut} refreshes were refused`);
  if (scene.refused === 0) faults.push("nothing was answered 503: this fault is none");
  if (scene.saidAfter === undefined) faults.push("readiness never said so");
  if (readable && scene.unread > 0) faults.push(`${scene.unread} reads were not answered`);
  if (scene.counted === 0) faults.push("hallpass_store_failures_total counted nothing");
  if (scene.recoveredAfter > RECOVERED_WITHIN_MS)
    faults.push(`it went on after ${Math.round(scene.recoveredAfter)} ms only`);
  for (const fault of faults) broken.push(`${name}: ${fault}`);
}

function show(name: string, scene: Scene): void {
  const { revoked, lost, refused, refreshed, loggedOut, reads, unread, saidAfter, recoveredAfter, counted } = scene;
  const said = saidAfter === undefined ? "never" : `after ${Math.round(saidAfter)} ms`;
  console.log(
    `${name}: ${revoked} revocations acknowledged, ${lost} lost; ${refreshed} refreshes, ${loggedOut} refused; ${refused} times 503; ${unread} of ${reads} reads unanswered; readiness said so ${said}; ${counted} failures counted; went on after ${Math.round(recoveredAfter)} ms`,
  );
}
