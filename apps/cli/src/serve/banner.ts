// What `serve` says when it serves. In development: one link, and the lines that show everything in a minute.
// The lines are pasted as they stand into a POSIX shell (first-minute.test.ts does).

import type { Config } from "@hallpass/server";

export interface PasteLine {
  readonly what: string;
  readonly line: string;
}

/** The operator's secret is never shown: where it is, is enough. */
export function plainBanner(config: Config, isFirst: boolean, url: string): string {
  const first = isFirst ? "First start: the operator's credentials are in it, for you alone to read.\n" : "";
  return `Hallpass serves ${config.issuer} at ${url}; its data is in ${config.data}\n${first}`;
}

export function developmentBanner(
  config: Config,
  isFirst: boolean,
  demoUrl: string,
  lines: readonly PasteLine[],
): string {
  return `
Hallpass is up. Watch a verifier at ${demoUrl}/ and paste, line by line, into another terminal:

${lines.map(({ what, line }) => `# ${what}\n${line}`).join("\n")}

Then the second line again: the token has not expired, and is refused.
${isFirst ? "Everything is kept in" : "Goes on with what was kept in"} ${config.data}; the operator's credentials, too. For this machine only (--development). Ctrl-C stops it.

`;
}

export function pasteLines(place: {
  readonly config: Config;
  readonly demoUrl: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}): readonly PasteLine[] {
  const hallpass = command(place.config, place.env);
  const token = `${place.config.issuer}/oauth2/token`;
  return [
    {
      what: "issue: open a session for ada",
      line: `eval "$(${hallpass} sessions open --subject ada --client demo --shell)"`,
    },
    {
      what: "verify: the API judges the token by itself",
      line: `curl -s ${place.demoUrl}/ -H "Authorization: Bearer $ACCESS"`,
    },
    {
      what: "refresh: the next pair of tokens",
      line: `curl -s ${token} -d grant_type=refresh_token -d client_id=demo -d refresh_token=$REFRESH; echo`,
    },
    { what: "revoke, with a receipt: where it is enforced", line: `${hallpass} revoke session $SID --wait 5s` },
  ];
}

/** As the reader called us: through npm in a clone, by name otherwise. */
function command({ data }: Config, env: Readonly<Record<string, string | undefined>>): string {
  const name = env["npm_lifecycle_event"] === undefined ? "hallpass" : "npm run -s hallpass --";
  return data === "data" ? name : `${name} --data ${quoted(data)}`;
}

function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
