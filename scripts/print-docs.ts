// Prints docs/reference from the tables that the server itself runs on, the proof and the track record from what is kept of the experiments, and
// docs/performance.md from what is kept of the measurements. `npm run docs` writes the pages; with --check nothing is written and a stale page fails.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FACT_SENTENCES, MANDATE_PARTS } from "@hallpass/core";
import {
  bodyMembers,
  ENDPOINTS,
  envName,
  FAULT_TITLES,
  KEYS,
  MEMBER_CODES,
  NAMES,
  WIRE_ERRORS,
} from "@hallpass/server";
import { allKept as allMeasured } from "../bench/kept.ts";
import * as measured from "../bench/page/page.ts";
import { addAdmissionMetrics } from "../packages/server/src/observe/admission-metrics.ts";
import { addGrowthMetrics } from "../packages/server/src/observe/growth.ts";
import { addKeyMetrics } from "../packages/server/src/observe/key-metrics.ts";
import { addLogMetrics } from "../packages/server/src/observe/log-metrics.ts";
import { createMetrics, type Metrics, NOTHING_GAUGED } from "../packages/server/src/observe/metrics.ts";
import { allKept, allPieces } from "../proof/kept.ts";
import { pagesOf } from "../proof/pages.ts";
import { staleOf, writePages } from "./printed-pages.ts";

type Registry = Metrics["registry"];
type Cells = readonly (string | number)[];

const directory = join(import.meta.dirname, "../docs/reference");
const check = process.argv.includes("--check");

function table(head: Cells, rows: readonly Cells[]): string {
  const line = (cells: Cells): string => `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function page(title: string, about: string, ...parts: readonly string[]): string {
  return `${[`# ${title}`, about, ...parts].join("\n\n")}\n\nPrinted by \`npm run docs\`.\n`;
}

const FROM = {
  anyone: () => "anyone",
  client: () => "a client that authenticates",
  scope: (scope: string) => `\`${scope}\``,
} as const;

const RETRY = { answer: "the first answer", own: "the same session" } as const;

function endpoints(): string {
  const rows = ENDPOINTS.map((row) => [
    `\`${row.method} ${row.path.replaceAll(/:(\w+)/g, "{$1}")}\``,
    row.what,
    row.from.kind === "scope" ? FROM.scope(row.from.scope) : FROM[row.from.kind](),
    row.operation === "none" ? "–" : row.operation,
    "retry" in row && row.retry !== undefined ? RETRY[row.retry] : "–",
  ]);
  return page(
    "Endpoints",
    "`from` is who may call: anyone, a client that authenticates in the request, or a client with an access token of its own for this issuer that holds the scope. A session's token opens none of them. `retry` is what a second request with the same `Idempotency-Key` gets (spec/idempotency.md); where nothing stands, the header means nothing.",
    table(["path", "what", "from", "operation", "retry"], rows),
    "## Bodies\n\nWhat a JSON body may have, and nothing else; a member with `?` may be left out. What is wrong with one is named in `errors` ([refusals](refusals.md)).",
    ...ENDPOINTS.flatMap(({ method, path, body }) => (typeof body === "object" ? [bodyOf(method, path, body)] : [])),
  );
}

function bodyOf(method: string, path: string, body: Parameters<typeof bodyMembers>[0]): string {
  const rows = bodyMembers(body).map(({ name, needed, kind }) => [`\`${name}${needed ? "" : "?"}\``, kind]);
  const title = `### \`${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}\``;
  return `${title}\n\n${rows.length === 0 ? "An empty object, or nothing." : table(["member", "what"], rows)}`;
}

function refusals(): string {
  const rows = Object.entries(WIRE_ERRORS).map(([code, { status, oauth, title }]) => [
    `\`${code}\``,
    status,
    `\`${oauth}\``,
    title,
  ]);
  const faults = Object.entries(FAULT_TITLES).map(([code, title]) => [`\`${code}\``, 503, title]);
  const parts = MANDATE_PARTS.map((part) => `\`${part}\``).join(", ");
  return page(
    "Refusals and faults",
    "A refusal is a no from a server that works; trying again changes nothing. Under `/v1` it is problem details (RFC 9457) with `code`; under `/oauth2` it is `error` (RFC 6749) with the code at the end of `error_uri`. `X-Request-Id` stands on every answer.",
    table(["code", "status", "`error`", "what"], rows),
    "## Members of a body\n\n`request_invalid` has `errors`: every member that is wrong, each with a JSON pointer (RFC 6901) and one of these codes. A pointer ends above a name that the caller made up, unless it is a plain one: what was sent never stands in an answer.",
    table(
      ["code", "what"],
      Object.entries(MEMBER_CODES).map(([code, what]) => [`\`${code}\``, what]),
    ),
    `## Parts of a mandate\n\n\`mandate_exceeded\` has \`exceeded\`: the parts of the caller's mandate that the call lies beyond (${parts}), and nothing that was sent. Where a part would say something of another's session there is no \`exceeded\`.`,
    "## Faults\n\nSomething that the server needs did not work. Nothing is known to be wrong with the request: try again after `Retry-After`.",
    table(["code", "status", "what"], faults),
    "Everything else that goes wrong is 500 with the code `defect` and nothing more; the log has it under the request's id.",
  );
}

function facts(): string {
  const rows = Object.entries(FACT_SENTENCES).map(([kind, sentence]) => [`\`${kind}\``, sentence]);
  return page(
    "Facts",
    "What happened, as it is written down with the change that made it true.",
    table(["kind", "what"], rows),
  );
}

async function metrics(): Promise<string> {
  const { registry } = createMetrics(NOTHING_GAUGED);
  addKeyMetrics(registry, { list: async () => ({ keys: [], rotations: [] }), signatures: () => [], now: () => 0 });
  addAdmissionMetrics(registry, { lanes: [] });
  addGrowthMetrics(registry, async () => null);
  addLogMetrics(registry, { write: () => undefined });
  const all = await registry.getMetricsAsJSON();
  const rows = all
    .filter(({ name }) => name.startsWith("hallpass_"))
    .map(({ name, type, help }) => [`\`${name}\``, String(type), labelsOf(registry, name), help]);
  return page(
    "Metrics",
    "`GET /metrics` needs the scope `metrics:read`; `HALLPASS_METRICS_LISTEN` opens a second listener that needs none. The process's own metrics (`process_*`, `nodejs_*`) stand beside these.",
    table(["name", "type", "labels", "what"], rows),
  );
}

function labelsOf(registry: Registry, name: string): string {
  // Every metric of prom-client has them; its types don't say so.
  const { labelNames = [] } = registry.getSingleMetric(name) as { readonly labelNames?: readonly string[] };
  return labelNames.length === 0 ? "–" : labelNames.join(", ");
}

function configuration(): string {
  const rows = NAMES.map((name) => {
    const { what, otherwise, secret } = KEYS[name];
    return [
      `\`${envName(name)}\``,
      `\`${name}\``,
      what,
      secret === true ? "secret" : otherwise === null ? "–" : `\`${otherwise}\``,
    ];
  });
  return page(
    "Configuration",
    "Each key is an environment variable, or a member of the JSON file that `HALLPASS_CONFIG_FILE` names; the environment stands over the file. Unknown keys are errors. Durations are `30s`, `15m`, `1h`, `30d`.",
    table(["variable", "in the file", "what", "otherwise"], rows),
  );
}

const pages: Readonly<Record<string, string>> = {
  "endpoints.md": endpoints(),
  "refusals.md": refusals(),
  "facts.md": facts(),
  "metrics.md": await metrics(),
  "configuration.md": configuration(),
};

mkdirSync(directory, { recursive: true });
for (const [name, text] of Object.entries(pages)) {
  const path = join(directory, name);
  if (!check) writeFileSync(path, text);
  else if (textOf(path) !== text) {
    complain(`docs/reference/${name} is stale`);
  }
}

const proof = pagesOf(allKept(), allPieces());
if (!check) writePages("proof", proof);
else for (const stale of staleOf("proof", proof)) complain(stale);

const performance = measured.pagesOf(allMeasured());
if (!check) writePages("bench", performance);
else for (const stale of staleOf("bench", performance)) complain(stale);

function complain(what: string): void {
  console.error(`${what}: run \`npm run docs\` and commit it`);
  process.exitCode = 1;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
