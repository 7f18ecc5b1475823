// What `serve` says when it serves. In development: one link, and the lines that show everything in a minute.
// The lines are pasted as they stand into a POSIX shell (first-minute.test.ts does).

import type { Config } from "@hallpass/server";

export interface DevelopmentBanner {
  readonly config: Config;
  readonly url: string;
  readonly demoUrl: string;
  readonly isFirst: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function plainBanner(config: Config, url: string): string {
  return `Hallpass serves ${config.issuer} at ${url}; its data is in ${config.data}\n`;
}

export function developmentBanner(shown: DevelopmentBanner): string {
  const { config, demoUrl, isFirst } = shown;
  const [open, verify, refresh, revoke] = lines(shown);
  return `
Hallpass serves at ${config.issuer}
${isFirst ? "First start: made" : "Goes on with"} ${config.data} (the operator's credentials are in it). A demo API listens at ${demoUrl}.

Paste these into another terminal:

# issue: open a session for ada
${open}
# verify: the API judges the token by itself
${verify}
# refresh: a new pair of tokens
${refresh}
# revoke, with a receipt: where it is enforced
${revoke}

Paste the second again: now it is refused. Everything else: ${command(shown)} --help
Insecure on purpose (--development): this machine only. Ctrl-C stops it.

`;
}

function lines(shown: DevelopmentBanner): readonly [open: string, verify: string, refresh: string, revoke: string] {
  const hallpass = command(shown);
  return [
    `eval "$(${hallpass} sessions open --subject ada --client demo --shell)"`,
    `curl -s ${shown.demoUrl}/ -H "Authorization: Bearer $ACCESS"`,
    `curl -s ${shown.config.issuer}/oauth2/token -d grant_type=refresh_token -d client_id=demo -d refresh_token=$REFRESH; echo`,
    `${hallpass} revoke session $SID --wait 5s`,
  ];
}

/** As the reader called us: through npm in a clone, by name otherwise. */
function command({ config, env }: DevelopmentBanner): string {
  const name = env["npm_lifecycle_event"] === undefined ? "hallpass" : "npm run -s hallpass --";
  return config.data === "data" ? name : `${name} --data ${quoted(config.data)}`;
}

function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
