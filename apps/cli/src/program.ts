// The list of commands. What a command does is loaded when it is called, so that each starts as fast as the smallest.

import { Command, type Option } from "commander";
import type { On } from "./action.ts";
import { addBackups } from "./backup/commands.ts";
import type { ConnectionOptions } from "./connection/settings.ts";
import { type Context, contextOf, type Outcome } from "./context.ts";
import { EXIT, EXIT_WORDS } from "./exit-codes.ts";
import { addPolicies } from "./policies/commands.ts";
import { addRevocations } from "./revoke/commands.ts";
import { withQuery } from "./revoke/query-options.ts";
import { addSubjects } from "./subjects/commands.ts";
import type { Terminal } from "./terminal.ts";

export function buildProgram(terminal: Terminal, onStop: Context["onStop"], done: (outcome: Outcome) => void): Command {
  const program = root(terminal);
  const on: On = (command, action) => {
    const needed = needsOf(command);
    command.action(async () => {
      complainOfMissing(command, needed);
      const context = contextOf(terminal, program.opts<ConnectionOptions>(), onStop);
      done(await action(context, command.opts<never>(), command.args));
    });
  };
  addServe(program, on);
  addSessions(program, on);
  addRevocations(program, on);
  addPolicies(program, on);
  addSubjects(program, on);
  addOperating(program, on);
  addConfiguration(program, on);
  addToken(program, on);
  addAudit(program, on);
  addVersion(program, on);
  hintAtOwnHelp(program, "hallpass");
  return program;
}

function root(terminal: Terminal): Command {
  const codes = Object.entries(EXIT).map(
    ([name, code]) => `  ${String(code).padEnd(3)}  ${EXIT_WORDS[name as keyof typeof EXIT]}`,
  );
  return new Command("hallpass")
    .description("Sessions that verify like a JWT, revoke like a database row, and prove it.")
    .option("--url <address>", "the server (or HALLPASS_URL; otherwise the one of the data directory)")
    .option("--data <directory>", "the data directory of this machine's server (or HALLPASS_DATA; otherwise data)")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.say,
    })
    .exitOverride()
    .addHelpText(
      "after",
      `\nCredentials: client_id:secret in the file that HALLPASS_CREDENTIALS_FILE names. They go to the\naddress of a data directory only where --data or HALLPASS_DATA names that directory.\n\nExit codes:\n${codes.join("\n")}`,
    );
}

/** Commander would ask for these before it names what it does not know: who mistypes one would hear that it is missing, and not of the spelling. */
function needsOf(command: Command): readonly Option[] {
  const needed = command.options.filter(({ mandatory }) => mandatory);
  for (const option of needed) option.makeOptionMandatory(false);
  return needed;
}

function complainOfMissing(command: Command, needed: readonly Option[]): void {
  const missing = needed.find((option) => command.getOptionValue(option.attributeName()) === undefined);
  if (missing !== undefined) command.error(`error: required option '${missing.flags}' not specified`);
}

/** What is wrong with a line is explained by the help of the command that it named, and of no other. */
function hintAtOwnHelp(command: Command, words: string): void {
  command.configureOutput({ outputError: (text, write) => write(`${text.trim()}\nhint: ${words} --help\n`) });
  for (const below of command.commands) hintAtOwnHelp(below, `${words} ${below.name()}`);
}

function addServe(program: Command, on: On): void {
  const serve = program
    .command("serve")
    .description("run the server until it is told to stop")
    .option("--development", "with a demo client and a demo API; this machine only")
    .option("--config <file>", "configuration as JSON or YAML; `config check` judges it")
    .option("--set <key=value...>", "a key of the configuration, over file and environment")
    .option("--listen <address>", "host:port")
    .option("--workers <count>", "processes behind one port, as many as the machine has cores; needs PostgreSQL")
    .option("--demo-api <address>", "host:port of the demo API", "localhost:8027")
    .option("--no-demo-api", "without the demo API");
  on(serve, async (context, options) => (await import("./serve/serve.ts")).serve(context, options));
  const migrate = program
    .command("migrate")
    .description("make or complete the tables of the database; nodes may serve meanwhile")
    .option("--config <file>")
    .option("--set <key=value...>", "a key, over file and environment")
    .option("--json");
  on(migrate, async (context, options) => (await import("./migrate/migrate.ts")).migrate(context, options));
  addBackups(program, on);
  const config = program.command("config").description("the configuration");
  const check = config
    .command("check")
    .description("judge the configuration and name every problem")
    .option("--config <file>")
    .option("--set <key=value...>", "a key, over file and environment")
    .option("--json");
  on(check, async (context, options) => (await import("./config/check.ts")).checkConfig(context, options));
  const explain = config
    .command("explain [key]")
    .description("what a key is, what it is otherwise, and where it was set; without one, all that were")
    .option("--all", "every key there is, also those that were not set")
    .option("--config <file>")
    .option("--set <key=value...>", "a key, over file and environment")
    .option("--json");
  on(explain, async (context, options, [key]) =>
    (await import("./config/explain.ts")).explainConfig(context, key, options),
  );
  const operatorSecret = config
    .command("operator-secret")
    .description("the operator's first secret into a new file, and its hash for HALLPASS_OPERATOR_SECRET_SHA256")
    .requiredOption("--secret-file <path>", "where the secret is written; it must not exist")
    .option("--replace", "the secret was lost: put another into the store; with SQLite the server has to be stopped")
    .option("--tenant <name>", "with --replace: whose operator, if not the default tenant's")
    .option("--config <file>", "with --replace: the server's configuration; otherwise its environment")
    .option("--set <key=value...>", "with --replace: a key, over file and environment");
  on(operatorSecret, async (context, options) =>
    (await import("./config/operator-secret.ts")).operatorSecret(context, options),
  );
}

function addSessions(program: Command, on: On): void {
  const sessions = program.command("sessions").description("open, find, explain and end sessions");
  const open = sessions
    .command("open")
    .description("open a session for a subject whom you have authenticated")
    .requiredOption("--subject <subject>")
    .requiredOption("--client <id>")
    .option("--scope <scope>", "space-separated")
    .option("--audience <uri>")
    .option("--parent <sid>")
    .option("--device <name>")
    .option("--shell", "print shell variables, for eval: SID, ACCESS, REFRESH")
    .option("--json");
  on(open, async (context, options) => (await import("./sessions/open.ts")).openSession(context, options));
  const search = withQuery(
    sessions
      .command("search")
      .description("find sessions: those of a subject newest first, others oldest first")
      .option("--state <state>", "active or ended"),
  ).option("--json");
  on(search, async (context, options) => (await import("./sessions/search.ts")).searchSessions(context, options));
  const show = sessions
    .command("show <sid>")
    .description("what a session is, and what happened to it, in words")
    .option("--json");
  on(show, async (context, options, [sid = ""]) =>
    (await import("./sessions/show.ts")).showSession(context, sid, options),
  );
  const why = sessions.command("why <sid>").description("why somebody was logged out, in words").option("--json");
  on(why, async (context, options, [sid = ""]) =>
    (await import("./sessions/why.ts")).explainSession(context, sid, options),
  );
  const end = sessions
    .command("end <sid>")
    .description("end a session as its owner would: signed out")
    .option("--wait <span>", "wait until the verifiers have it, at most this long: 5s")
    .option("--json");
  on(end, async (context, options, [sid = ""]) =>
    (await import("./sessions/end.ts")).endSession(context, sid, options),
  );
}

function addOperating(program: Command, on: On): void {
  const verifiers = program
    .command("verifiers")
    .description("who enforces revocations, and how far each is")
    .option("--json");
  on(verifiers, async (context, options) => (await import("./verifiers/list.ts")).listVerifiers(context, options));
  const doctor = program
    .command("doctor")
    .description("look at a running deployment and its configuration: what is wrong, why, and how to mend it")
    .option("--config <file>", "the server's configuration; otherwise its environment")
    .option("--set <key=value...>", "a key, over file and environment")
    .option("--json");
  on(doctor, async (context, options) => (await import("./doctor/doctor.ts")).doctor(context, options));
  const compare = program
    .command("compare")
    .description(
      "what judging tokens costs on this machine, and how long a revoked one is accepted: by asking, or by being told",
    )
    .option("--requests <count>", "requests a second, 1 to 20000", "300")
    .option("--revocations <count>", "revocations a second, 0.1 to 50", "2")
    .option("--sessions <count>", "sessions whose tokens the requests bring in turn, 10 to 5000", "200")
    .option("--duration <span>", "of each of the two parts of each way, 1s to 60s", "10s")
    .option("--cache <span>", "for which answers are kept where they are kept, at most 60s", "10s")
    .option("--staleness <span>", "how old the view of a local verifier may be, at most 60s", "60s")
    .option("--core-hour <price>", "price of an hour of one core, in your currency", "0.04")
    .option(
      "--million-calls <price>",
      "price of a million requests to the issuer: a gateway's, a mesh's, a hosted issuer's",
      "0",
    )
    .option("--plot <file>", "a picture as SVG, into a new file")
    .option("--json")
    .addHelpText(
      "after",
      "\nIt starts an issuer and an API of its own on loopback, in a temporary directory, and takes some two minutes.\nNothing of yours is asked or touched; --url and --data mean nothing to it.",
    );
  on(compare, async (context, options) => (await import("./compare/compare.ts")).compare(context, options));
  const keys = program.command("keys").description("signing keys");
  const list = keys.command("list").description("every key with its state").option("--json");
  on(list, async (context, options) => (await import("./keys/list.ts")).listKeys(context, options));
  const rotate = keys
    .command("rotate")
    .description("the next key signs from now on")
    .option("--alg <name>", "ES256, RS256 or Ed25519", "ES256")
    .option("--force", "also when caches or verifiers may not know it yet")
    .option("--json");
  on(rotate, async (context, options) => (await import("./keys/change.ts")).rotateKeys(context, options));
  const trial = keys
    .command("try")
    .description("the next key signs for some already, before it signs for all; or for nobody again")
    .option("--client <id>", "for the tokens of one client")
    .option("--percent <number>", "for this share of all sessions, 1 to 99")
    .option("--nobody", "take it back")
    .option("--alg <name>", "ES256, RS256 or Ed25519", "ES256")
    .option("--force", "also when caches or verifiers may not know it yet")
    .option("--json");
  on(trial, async (context, options) => (await import("./keys/change.ts")).tryKey(context, options));
  const restore = keys
    .command("restore <kid>")
    .description("a retiring key signs again, and the active one retires")
    .option("--json");
  on(restore, async (context, options, [kid = ""]) =>
    (await import("./keys/change.ts")).restoreKey(context, kid, options),
  );
  const remove = keys
    .command("remove <kid>")
    .description("stop publishing a retiring key that no token needs")
    .option("--json");
  on(remove, async (context, options, [kid = ""]) =>
    (await import("./keys/change.ts")).removeKey(context, kid, options),
  );
  const further = keys
    .command("add <alg>")
    .description("keys of a further algorithm, for clients that are registered with it: RS256 or Ed25519")
    .option("--json");
  on(further, async (context, options, [alg = ""]) =>
    (await import("./keys/change.ts")).addKeys(context, alg, options),
  );
  const compromise = keys
    .command("compromise <kid...>")
    .description("refuse keys everywhere, for ever, in one change")
    .option("--json");
  on(compromise, async (context, options, kids) =>
    (await import("./keys/change.ts")).compromiseKeys(context, kids, options),
  );
  const clients = program.command("clients").description("applications that may ask for tokens");
  const clientList = clients.command("list").description("every client").option("--json");
  on(clientList, async (context, options) => (await import("./clients/list.ts")).listClients(context, options));
  const add = clients
    .command("add <id>")
    .description("register a client; the secret of a confidential one goes into a new file")
    .option("--name <words>")
    .option("--public", "without a secret: browsers and mobile apps")
    .option("--scope <scope>", "everything it may ever be granted, space-separated", "")
    .option("--audience <uri...>", "the first is the default")
    .option("--grant <type...>", "refresh_token, client_credentials")
    .option("--policy <name>", "see them with: hallpass policies list", "consumer")
    .option("--signing-alg <name>", "of its access tokens: ES256, RS256 or Ed25519", "ES256")
    .option("--secret-file <path>", "where the secret is written; it must not exist")
    .option("--secret-in-form", "the client sends its secret in the form, not in the header")
    .option("--jwks-file <path>", "its public keys, a JWK Set: it signs instead of having a secret")
    .option("--jwks-uri <uri>", "where it publishes them")
    .option(
      "--certificate <name>",
      "dns:, uri:, ip: or email: and the name of its certificate, by which it authenticates",
    )
    .option("--token-limit <count>", "tokens that it may ask for in one lifetime of theirs, or off")
    .option("--origin <origin...>", "pages of these may call for it, such as https://app.example")
    .option("--json");
  on(add, async (context, options, [id = ""]) => (await import("./clients/add.ts")).addClient(context, id, options));
  const disable = clients
    .command("disable <id>")
    .description("nothing more for it, and all it was given is revoked")
    .option("--json");
  on(disable, async (context, options, [id = ""]) =>
    (await import("./clients/disable.ts")).disableClient(context, id, options),
  );
  const enable = clients.command("enable <id>").description("a disabled client is active again").option("--json");
  on(enable, async (context, options, [id = ""]) =>
    (await import("./clients/after-registration.ts")).enableClient(context, id, options),
  );
  const forGood = clients
    .command("delete <id>")
    .description("disable for good; its id is never given to another")
    .option("--json");
  on(forGood, async (context, options, [id = ""]) =>
    (await import("./clients/after-registration.ts")).deleteClient(context, id, options),
  );
  const rotateSecret = clients
    .command("rotate-secret <id>")
    .description("the next secret, into a new file; the one before works for the overlap")
    .option("--secret-file <path>", "where the secret is written; it must not exist")
    .option("--overlap <span>", "how long the one before works on; 0s ends it at once", "24h")
    .option("--json");
  on(rotateSecret, async (context, options, [id = ""]) =>
    (await import("./clients/after-registration.ts")).rotateSecret(context, id, options),
  );
}

function addConfiguration(program: Command, on: On): void {
  const diff = program
    .command("diff <file>")
    .description("what applying a file of roles, policies and clients would change and end; - reads stdin")
    .option("--prune", "what is not in the file goes, too")
    .option("--check", "exit with 3 when there is a difference")
    .option("--json");
  on(diff, async (context, options, [file = "-"]) =>
    (await import("./configuration/apply.ts")).diff(context, file, options),
  );
  const apply = program
    .command("apply <file>")
    .description("bring the server to what a file says; a second time changes nothing; - reads stdin")
    .option("--prune", "what is not in the file goes, too: clients for good, with all they were given")
    .option("--secrets <directory>", "where secrets of clients that are made are written, a new file each")
    .option("--json");
  on(apply, async (context, options, [file = "-"]) =>
    (await import("./configuration/apply.ts")).apply(context, file, options),
  );
  const everything = program
    .command("export")
    .description("everything that a server has, as a file for apply; no secrets")
    .option("--sessions <file>", "the sessions as JSON lines besides, in a new file")
    .option("--json");
  on(everything, async (context, options) => (await import("./configuration/export.ts")).exportAll(context, options));
}

function addToken(program: Command, on: On): void {
  const token = program.command("token").description("tokens, offline");
  const inspect = token
    .command("inspect [token]")
    .description("what a token is, with personal data masked; reads stdin without an argument or with -")
    .option("--json");
  on(inspect, async ({ terminal }, options, [text = "-"]) => {
    await (await import("./token/inspect.ts")).inspect(terminal, text, options);
    return undefined;
  });
}

function addAudit(program: Command, on: On): void {
  const log = program
    .command("log")
    .description("what happened, a line for each fact")
    .option("--kind <kinds>", "only these, separated by commas")
    .option("--session <sid>")
    .option("--subject <subject>")
    .option("--after <cursor>", "go on where an earlier call stopped")
    .option("--follow", "and what happens from now on, until it is stopped")
    .option("--json", "a line of JSON for each");
  on(log, async (context, options) => (await import("./log/log.ts")).showLog(context, options));
  const audit = program.command("audit").description("what happened, and the proof that nothing of it was changed");
  const records = audit
    .command("export")
    .description("the records on stdout")
    .option("--format <name>", "jsonl (which verify proves), ecs, cef or ocsf", "jsonl")
    .option("--from <n>", "the first record", "1");
  on(records, async (context, options) => (await import("./audit/export.ts")).exportAudit(context, options));
  const checkpoint = audit
    .command("checkpoint")
    .description("sign where the chain ends; keep what this prints where no operator of the server can write");
  on(checkpoint, async (context) => (await import("./audit/checkpoint.ts")).checkpoint(context));
  const verify = audit
    .command("verify <file>")
    .description("prove an export offline: nothing was changed, removed, moved or put in up to the checkpoint")
    .requiredOption("--checkpoint <file...>", "what audit checkpoint printed, one or more")
    .option("--json");
  on(verify, async (context, options, [file = ""]) =>
    (await import("./audit/verify.ts")).verify(context, file, options),
  );
}

/** A command, because `--version` is an option of some; run.ts takes it for this one where it stands first. */
function addVersion(program: Command, on: On): void {
  const version = program.command("version").description("the version of this program, and of its Node");
  on(version, async (context) => (await import("./version.ts")).version(context));
}
