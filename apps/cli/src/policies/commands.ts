// The commands about policies.

import type { Command } from "commander";
import type { On } from "../action.ts";

const SET = "name=value, such as idle_s=86400 or remembered=null; may stand several times";

export function addPolicies(program: Command, on: On): void {
  const policies = program.command("policies").description("how long sessions live, and how many there may be");
  const list = policies.command("list").description("every policy as it holds now").option("--json");
  on(list, async (context, options) => (await import("./list.ts")).listPolicies(context, options));
  const show = policies.command("show <name>").description("all numbers of a policy").option("--json");
  on(show, async (context, options, [name = ""]) => (await import("./show.ts")).showPolicy(context, name, options));
  const versions = policies
    .command("versions <name>")
    .description("every version, and what it changed")
    .option("--json");
  on(versions, async (context, options, [name = ""]) =>
    (await import("./show.ts")).listVersions(context, name, options),
  );
  const put = policies
    .command("put <name>")
    .description("a new version, for sessions that are opened from now on; ends nobody")
    .option("--set <name=value...>", SET)
    .option("--from <policy>", "start with another policy's numbers")
    .option("--version <number>", "the version that you saw; 0 for a policy that is not there yet")
    .option("--json");
  on(put, async (context, options, [name = ""]) => (await import("./put.ts")).putPolicy(context, name, options));
  const preview = policies
    .command("preview <name>")
    .description("whom an edit would end if it were put and applied; changes nothing")
    .option("--set <name=value...>", `${SET}; without one, the version that holds`)
    .option("--json");
  on(preview, async (context, options, [name = ""]) =>
    (await import("./effect.ts")).previewPolicy(context, name, options),
  );
  const apply = policies
    .command("apply <name>")
    .description("bring the version that holds to those who are signed in; preview it first")
    .requiredOption("--version <number>", "the version that you previewed")
    .option("--json");
  on(apply, async (context, options, [name = ""]) => (await import("./effect.ts")).applyPolicy(context, name, options));
  const explain = policies
    .command("explain")
    .description("every number that holds, and where it comes from")
    .option("--session <sid>")
    .option("--client <id>")
    .option("--json");
  on(explain, async (context, options) => (await import("./explain.ts")).explainPolicy(context, options));
}
