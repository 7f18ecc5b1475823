// The page behind the one link that `serve --development` prints: what the demo API's verifier knows, and its latest
// verdicts, once a second. Holds no token and no script of others (its content security policy says so).

import type { Verdict, Verifier } from "@hallpass/verifier";

export interface Page {
  readonly type: string;
  readonly body: string;
}

interface Shown {
  readonly at_ms: number;
  readonly verdict: Verdict["kind"];
  readonly why: string;
  readonly judged_in_us: number;
}

const MOST_SHOWN = 10;

export class LivePage {
  readonly #verifier: Verifier;
  readonly #lines: readonly string[];
  readonly #latest: Shown[] = [];

  /** `lines` are shown as they are, for pasting. */
  constructor(verifier: Verifier, lines: readonly string[]) {
    this.#verifier = verifier;
    this.#lines = lines;
  }

  note(verdict: Verdict, microseconds: number): void {
    const why = verdict.kind === "accepted" ? verdict.scope.join(" ") : verdict.code;
    this.#latest.unshift({ at_ms: Date.now(), verdict: verdict.kind, why, judged_in_us: microseconds });
    this.#latest.length = Math.min(this.#latest.length, MOST_SHOWN);
  }

  /** Undefined for any other path. */
  at(path: string): Page | undefined {
    switch (path) {
      case "/":
        return { type: "text/html; charset=utf-8", body: this.#html() };
      case "/live.js":
        return { type: "text/javascript; charset=utf-8", body: SCRIPT };
      case "/live.css":
        return { type: "text/css; charset=utf-8", body: STYLE };
      case "/live.json":
        return { type: "application/json", body: JSON.stringify(this.#view()) };
      default:
        return undefined;
    }
  }

  #view(): object {
    const { ready, viewAgeMs, connected } = this.#verifier.readiness();
    const { accepted, rejected, unavailable, trackedNotices, signatureChecks } = this.#verifier.metrics();
    const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);
    return {
      knows: {
        "can judge": ready ? "yes" : "no: its view is too old, it answers 503",
        connected: connected ? "yes" : "no",
        "age of the view": Number.isFinite(viewAgeMs) ? `${Math.round(viewAgeMs)} ms` : "none yet",
        "revocations known": trackedNotices,
        accepted,
        rejected: sum(rejected),
        unavailable: sum(unavailable),
        "signatures computed": signatureChecks,
      },
      latest: this.#latest,
    };
  }

  #html(): string {
    return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Hallpass: a verifier, live</title><link rel="stylesheet" href="/live.css"><script src="/live.js" defer></script>
<h1>A verifier, live</h1>
<p>This API judges every token by itself, in memory. Paste these into a terminal, one by one, and watch.</p>
<pre>${this.#lines.map(escaped).join("\n")}</pre>
<h2>What it knows</h2><table id="knows"></table>
<h2>Its latest verdicts</h2><table id="latest"><tr><td>none yet</table>
</html>
`;
  }
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

const SCRIPT = `const fill = (id, rows) => {
  document.getElementById(id).replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr");
    row.className = String(cells[1]);
    row.append(...cells.map((cell) => Object.assign(document.createElement("td"), { textContent: String(cell) })));
    return row;
  }));
};
const look = async () => {
  try {
    const { knows, latest } = await (await fetch("/live.json")).json();
    fill("knows", Object.entries(knows));
    if (latest.length > 0) fill("latest", latest.map((one) => [new Date(one.at_ms).toTimeString().slice(0, 8), one.verdict, one.why, one.judged_in_us + " \\u00b5s"]));
  } catch {
    fill("knows", [["the demo API", "stopped"]]);
  }
};
look();
setInterval(look, 1000);
`;

const STYLE = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
pre { padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere; background: color-mix(in srgb, currentColor 8%, transparent); border-radius: .5rem; }
td { padding: .15rem 1.5rem .15rem 0; }
td:first-child, td:last-child { white-space: nowrap; }
@media (max-width: 30rem) { td { padding-right: .7rem; } }
.accepted td:nth-child(2) { color: light-dark(#1a7f37, #3fb950); }
.rejected td:nth-child(2) { color: light-dark(#cf222e, #ff7b72); }
.unavailable td:nth-child(2) { color: light-dark(#9a6700, #d29922); }
`;
