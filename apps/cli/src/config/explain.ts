// `config explain`: what holds for a key, where that was said, what it stands over, and what the key means. Secrets are never shown.

import { envName, KEYS, type LoadedConfig, loadConfig, NAMES, type Name } from "@hallpass/server";
import { usage } from "../complaint.ts";
import type { Context, Outcome } from "../context.ts";
import { columns, pairs } from "../print/columns.ts";
import { printJson, printLines } from "../terminal.ts";
import type { ConfigOptions } from "./check.ts";
import { isName, SEE_KEYS, sourcesOf } from "./sources.ts";

interface Explained {
  readonly key: Name;
  /** As it was written; null for nothing. */
  readonly value: string | null;
  readonly from: string;
  /** Other places that say something of the key, and don't count. */
  readonly stands_over: readonly string[];
  readonly otherwise: string | null;
  readonly variable: string;
  readonly what: string;
  /** Why the value can't stand; null when it can. */
  readonly problem: string | null;
}

export async function explainConfig(
  { terminal, connection }: Context,
  key: string | undefined,
  options: ConfigOptions & { readonly all?: true },
): Promise<Outcome> {
  if (key !== undefined && !isName(key)) throw usage(`${key} is no key`, SEE_KEYS);
  const loaded = loadConfig(sourcesOf(terminal.env, connection, options));
  if (!loaded.ok) for (const problem of loaded.problems) terminal.say(`problem: ${problem}\n`);
  const shown = options.all === true ? NAMES : NAMES.filter((name) => loaded.said.has(name));
  const all = (key === undefined ? shown : [key]).map((name) => explained(name, loaded));
  if (options.json === true) printJson(terminal, key === undefined ? all : all[0]);
  else if (key === undefined && all.length === 0) terminal.say("nothing is set: every key is what it is otherwise\n");
  else if (key === undefined)
    printLines(
      terminal,
      columns(
        ["KEY", "VALUE", "FROM"],
        all.map((one) => [one.key, one.value ?? "", one.from]),
      ),
    );
  else printLines(terminal, all.flatMap(linesOf));
  return undefined;
}

function explained(name: Name, { said }: LoadedConfig): Explained {
  const { otherwise, secret, what, schema } = KEYS[name];
  const [first, ...rest] = said.get(name) ?? [];
  const judged = first === undefined ? undefined : schema.safeParse(first.text);
  const shown = first?.text ?? otherwise;
  return {
    key: name,
    value: shown === null ? null : secret === true || isSecret(judged?.data) ? "(secret)" : withoutPassword(shown),
    from: first === undefined ? "what it is otherwise" : `${first.by}: ${first.place}`,
    stands_over: rest.map(({ by, place }) => `${by}: ${place}`),
    otherwise,
    variable: envName(name),
    what,
    problem: judged?.success === false ? (judged.error.issues[0]?.message ?? "is malformed") : null,
  };
}

/** A value that may be one, such as the address of a database. */
function isSecret(value: unknown): boolean {
  return typeof value === "object" && value !== null && "reveal" in value;
}

/** Up to the last @, whatever stands before it: a password that is not escaped is what makes an address malformed. */
function withoutPassword(text: string): string {
  return text.replace(/^(\w+:\/\/)?[\s\S]*@/, "$1(secret)@");
}

function linesOf(one: Explained): readonly string[] {
  return pairs([
    ["key", one.key],
    ["value", one.value ?? "(not set)"],
    ["from", one.from],
    ...one.stands_over.map((place) => ["stands over", place] as const),
    ["otherwise", one.otherwise ?? "(nothing)"],
    ["variable", one.variable],
    ["what", one.what],
    ...(one.problem === null ? [] : [["problem", one.problem] as const]),
  ]);
}
