// `node --conditions=hallpass-source drills/workers/main.ts [--workers 3] [--sessions 60] [--seconds 12]`
// `hallpass serve --workers` on PostgreSQL while sessions refresh: a worker is killed, replaced, and in the end all drain. Nobody may be
// logged out, and whoever asks once more has to be answered. Exits with 1 otherwise.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePort, startPostgres } from "@hallpass/store-postgres/testing";
import { sayProof } from "../../proof/line.ts";
import { ask, operatorOf } from "../nodes/operator.ts";
import { refreshing } from "../nodes/refreshing.ts";
import { childrenOf, servingProcess, until } from "../nodes/serving-process.ts";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "3" },
    sessions: { type: "string", default: "60" },
    seconds: { type: "string", default: "12" },
  },
});
const count = Number(values.workers);
const problems: string[] = [];
const shown = { figure: "nothing", control: "nothing" };
function expect(holds: boolean, what: string): void {
  console.error(`${holds ? "ok" : "NOT"}: ${what}`);
  if (!holds) problems.push(what);
}

const directory = mkdtempSync(join(tmpdir(), "hallpass-workers-"));
const database = await startPostgres();
const [port, metrics] = [await freePort(), await freePort()];
const url = `http://127.0.0.1:${port}`;
const CLI = join(import.meta.dirname, "../../apps/cli/src/main.ts");
const server = await servingProcess(CLI, ["serve", "--development", "--no-demo-api", "--workers", String(count)], {
  HALLPASS_DATA: join(directory, "data"),
  HALLPASS_LISTEN: `127.0.0.1:${port}`,
  HALLPASS_METRICS_LISTEN: `127.0.0.1:${metrics}`,
  HALLPASS_ISSUER: url,
  HALLPASS_STORE: database.url,
  HALLPASS_LOG_LEVEL: "info",
  HALLPASS_SHUTDOWN_LIMIT: "10s",
});

/** The processes of the workers, by the place that they say on the metrics page. */
async function workersOnPage(): Promise<ReadonlyMap<string, number>> {
  const page = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
  const started = [...page.matchAll(/^process_start_time_seconds\{worker="(\d+)"\} (\d+)/gm)];
  return new Map(started.map(([, place = "", at = ""]) => [place, Number(at)]));
}

async function play(): Promise<void> {
  await until("all workers serve", 30, () => server.said().match(/worker \d+ serves/g)?.length === count);
  const operator = operatorOf(join(directory, "data"));
  expect((await workersOnPage()).size === count, "one page has the series of every worker");
  await until(
    "every worker is a node of its own",
    20,
    async () => ((await operator.call(url, "/v1/nodes"))["nodes"] as readonly object[]).length === count,
  );
  const load = refreshing(url, operator, Number(values.sessions));
  await load.began;
  await wait((Number(values.seconds) * 1000) / 3);
  const [victim] = childrenOf(server.pid);
  if (victim === undefined) throw new Error("there is no worker");
  process.kill(victim, "SIGKILL");
  await until(
    "the one that was killed is replaced",
    20,
    () => server.said().match(/worker \d+ serves/g)?.length === count + 1,
  );
  expect((await ask(`${url}/readyz`)).status === 200, "it is ready all the while");
  await wait((Number(values.seconds) * 1000) / 3);
  const before = await load.stop();
  shown.figure = `${before.refreshes} refreshes of ${values.sessions} sessions by ${count} workers, one of them killed: ${before.retried} asked once more, ${before.errors} errors after that, ${before.loggedOut} logged out`;
  console.log(shown.figure);
  expect(
    before.errors === 0 && before.loggedOut === 0,
    "nobody was logged out, and whoever asked once more was answered",
  );
  expect(before.refreshes > Number(values.sessions) * 3, "and there was something to do");

  const orphans = refreshing(url, operator, 10, 100);
  await orphans.began;
  // The last requests are under way when all are told to stop.
  const late = Array.from({ length: 20 }, () =>
    ask(`${url}/.well-known/jwks.json`).then(
      ({ status }) => status,
      () => 0,
    ),
  );
  const left = server.end("SIGTERM");
  expect(
    (await Promise.all(late)).every((status) => status === 200 || status === 0),
    "requests are answered or not let in",
  );
  expect((await left) === 0 && server.said().includes("stopped\n"), "all drained, and the exit code is 0");
  await wait(2000);
  const { errors } = await orphans.stop();
  shown.control = `10 sessions that went on when all workers had ended: ${errors} errors after asking once more`;
  expect(errors > 0, "a server that is gone shows in the load");
}

try {
  await play();
} catch (error) {
  console.error(server.output().slice(-6000));
  throw error;
} finally {
  await server.end();
  await database.stop();
  rmSync(directory, { recursive: true, force: true });
}
sayProof({
  id: "workers",
  promise: "P6",
  ...shown,
  seeds: "none",
  notShown: ["workers on more than two cores"],
  passed: problems.length === 0,
});
