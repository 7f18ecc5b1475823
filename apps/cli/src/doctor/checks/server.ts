// The process, its store and what it writes down.

import { type Check, failure, given, right, unknown, warning } from "../check.ts";

const OLDEST_NODE: readonly [major: number, minor: number] = [24, 19];

export const SERVER_CHECKS: readonly Check[] = [
  {
    id: "store",
    list: "pre-production",
    title: "The store is durable",
    why: "The memory store forgets sessions and revocations when the process ends.",
    mend: "set HALLPASS_STORE to sqlite or to the address of a PostgreSQL database",
    judge: ({ metrics }) =>
      given(metrics, (page) => {
        const store = /^hallpass_info\{[^}]*\bstore="([^"]*)"/m.exec(page)?.[1];
        if (store === undefined) return unknown("the page of metrics does not say which it is");
        return store === "memory" ? failure("memory") : right(store);
      }),
  },
  {
    id: "node",
    list: "pre-production",
    title: `Node is ${OLDEST_NODE.join(".")} or newer`,
    why: "Older ones were never tried.",
    mend: "run a Node that gets security fixes",
    judge: ({ metrics }) =>
      given(metrics, (page) => {
        const [, version, major, minor] = /^nodejs_version_info\{version="(v(\d+)\.(\d+)[^"]*)"/m.exec(page) ?? [];
        if (version === undefined) return unknown("the page of metrics does not say which it is");
        const newer = Number(major) - OLDEST_NODE[0] || Number(minor) - OLDEST_NODE[1];
        return newer >= 0 ? right(version) : failure(version);
      }),
  },
  {
    id: "readers",
    list: "production",
    title: "The readers of the facts keep up",
    why: "What a reader failed at or laid aside is missing in the audit, the census or the file of facts.",
    mend: "GET /v1/log/readers names what was laid aside; the server's log says why",
    judge: ({ readers }) =>
      given(readers, (all) => {
        if (all.length === 0) return unknown("no reader has read yet: the first does a second after the start");
        const wrong = all.filter((one) => one.failures > 0 || one.laid_aside > 0);
        return wrong.length === 0
          ? right(all.map((one) => one.name).join(", "))
          : failure(
              wrong.map((one) => `${one.name}: ${one.failures} failures, ${one.laid_aside} laid aside`).join("; "),
            );
      }),
  },
  {
    id: "clients-churn",
    list: "production",
    title: "No client asks for more tokens or sessions than it may",
    why: "A client that keeps no token costs as much as thousands that do, and is refused now.",
    mend: "hallpass log --kind client_churn_started names it; let it use @hallpass/service-client, or give it a token_limit",
    judge: ({ metrics }) =>
      given(metrics, (page) => {
        const count = sumOf(page, "hallpass_clients_churning");
        if (count === undefined) return unknown("the page of metrics does not say");
        return count === 0 ? right("none at this node") : warning(`${count} at this node`);
      }),
  },
  {
    id: "rows-unreadable",
    list: "production",
    title: "Every row that was due could be read",
    why: "What a row that can't be read is about is answered with 500, and the row is never swept.",
    mend: "read the leader's log, which says of which kind: run the newer release that wrote them, or restore what is damaged",
    judge: ({ metrics }) =>
      given(metrics, (page) => {
        const count = sumOf(page, "hallpass_rows_unreadable");
        if (count === undefined) return unknown("the page of metrics does not say");
        return count === 0 ? right("none that this node's sweep came to") : warning(`${count} at this node`);
      }),
  },
  {
    id: "log-lines-lost",
    list: "production",
    title: "No line of the log is lost",
    why: "What is missing in the log can't be looked into; the audit and GET /v1/log miss nothing.",
    mend: "see whether whoever reads the log lives and keeps up, and whether the disk is full; the count begins anew with the process",
    judge: ({ metrics }) =>
      given(metrics, (page) => {
        const count = sumOf(page, "hallpass_log_lines_lost_total");
        if (count === undefined) return unknown("the page of metrics does not say");
        return count === 0 ? right("none since this node's start") : warning(`${count} since this node's start`);
      }),
  },
  {
    id: "audit-checkpoint",
    list: "production",
    title: "The audit's end was signed within two intervals",
    why: "Records after the last checkpoint can be changed without a trace.",
    mend: "read the server's log; hallpass audit checkpoint signs one now",
    judge: ({ audit, config, now_ms: now }) =>
      given(audit, ({ checkpoint, uncovered_since_ms: since }) => {
        const covered = checkpoint === null ? "no checkpoint yet" : `up to record ${checkpoint}`;
        if (since === null && checkpoint !== null) return right(`${covered}: all there are`);
        if (since === null) return unknown("there is no record yet");
        return given(config, ({ audit_checkpoint_every: every }) =>
          now - since > 2000 * every
            ? warning(`${covered}; unsigned since ${new Date(since).toISOString()}`)
            : right(covered),
        );
      }),
  },
];

/** Over all label sets; undefined when the page has no such series. */
function sumOf(page: string, series: string): number | undefined {
  const values = [...page.matchAll(new RegExp(`^${series}(?:\\{[^}]*\\})? (\\d+)$`, "gm"))].map(([, value]) =>
    Number(value),
  );
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}
