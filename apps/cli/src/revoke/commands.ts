// The commands that revoke, and those that look at what was revoked.

import type { Command } from "commander";
import type { On } from "../action.ts";
import { withQuery } from "./query-options.ts";
import type { SmallTarget } from "./revoke.ts";

const SMALL: readonly (readonly [kind: SmallTarget["type"], argument: string, what: string])[] = [
  ["session", "<sid>", "a session and everything below it; - takes it from a token on stdin"],
  ["family", "<sid/family>", "one token family of a session; - takes it from a token on stdin"],
  ["token", "<jti>", "one access token; - takes it from stdin"],
  ["subject", "<subject>", "everything of a subject until now; - reads it from stdin"],
  ["client", "<id>", "everything that a client was given until now"],
];

export function addRevocations(program: Command, on: On): void {
  const revoke = program.command("revoke").description("take away, with a receipt that says where it is enforced");
  addSmall(revoke, on);
  addLarge(revoke, on);
  addReading(program, on);
}

function addSmall(revoke: Command, on: On): void {
  for (const [kind, argument, what] of SMALL) {
    const command = common(revoke.command(`${kind} ${argument}`).description(what));
    on(command, async (context, options, [id = ""]) =>
      (await import("./revoke.ts")).revoke(context, kind, id, options),
    );
  }
  const leaked = common(
    revoke.command("leaked").description("a raw token that was found somewhere, read from stdin and shown nowhere"),
  );
  on(leaked, async (context, options) => (await import("./revoke.ts")).revokeLeaked(context, options));
  const key = revoke.command("key <kid>").description("says how: a key is not revoked but compromised");
  on(key, async (_, __, [kid = ""]) => (await import("./revoke.ts")).notAKey(kid));
}

function addLarge(revoke: Command, on: On): void {
  const tenant = large(revoke.command("tenant").description("everything of everybody until now"));
  on(tenant, async (context, options) => (await import("./large.ts")).revokeTenant(context, options));
  const before = large(
    revoke
      .command("before <when>")
      .description("everything authorised before a position (1.42) or a time (2026-11-21T09:00:00Z)"),
  );
  on(before, async (context, options, [when = ""]) =>
    (await import("./large.ts")).revokeBefore(context, when, options),
  );
  const query = large(withQuery(revoke.command("query").description("every session for which all of these hold")));
  on(query, async (context, options) => (await import("./large.ts")).revokeQuery(context, options));
}

function common(command: Command): Command {
  return command
    .option("--reason <words>", "why, for the receipt")
    .option("--ticket <id>", "for the receipt")
    .option("--dry-run", "count and list what would end, and end nothing")
    .option("--wait <span>", "wait until the verifiers have it, at most this long: 5s")
    .option("--json");
}

function large(command: Command): Command {
  return common(command).option("--yes", "do not ask: for scripts");
}

function addReading(program: Command, on: On): void {
  const revocations = program.command("revocations").description("what was revoked in the last 30 days");
  const list = revocations
    .command("list")
    .description("every revocation, oldest first")
    .option("--ticket <id>")
    .option("--running", "those that are not complete")
    .option("--since <time>", "like 2026-11-21T09:00:00Z")
    .option("--json");
  on(list, async (context, options) => (await import("./reading.ts")).listRevocations(context, options));
  const show = revocations
    .command("show <id>")
    .description("the receipt, true as of now")
    .option("--wait <span>", "wait until it is complete and the verifiers have it, at most this long: 5s")
    .option("--json");
  on(show, async (context, options, [id = ""]) => (await import("./reading.ts")).showRevocation(context, id, options));
  const judge = revocations
    .command("judge <file>")
    .description(
      "whether the store still has what a receipt says, after history was lost; - reads the receipt from stdin",
    )
    .option("--again", "revoke the same again, if it was lost")
    .option("--json");
  on(judge, async (context, options, [file = ""]) => (await import("./judge.ts")).judgeReceipt(context, file, options));
  const affected = revocations.command("affected <id>").description("the sessions that it ended").option("--json");
  on(affected, async (context, options, [id = ""]) =>
    (await import("./reading.ts")).listAffected(context, id, options),
  );
  const unreadable = revocations
    .command("unreadable <id>")
    .description("the sessions whose rows its run could not read")
    .option("--json");
  on(unreadable, async (context, options, [id = ""]) =>
    (await import("./reading.ts")).listUnreadable(context, id, options),
  );
}
