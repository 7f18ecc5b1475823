// `token inspect`: offline, redacting. Says what a token is and how old; never prints it, checks no signature.

import type { JsonObject } from "@hallpass/protocol";
import { Complaint, usage } from "../complaint.ts";
import { EXIT } from "../exit-codes.ts";
import { pairs } from "../print/columns.ts";
import { instant, relative } from "../print/times.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { type InspectedToken, inspectToken } from "./kinds.ts";
import { maskedClaims } from "./masked-claims.ts";

export async function inspect(terminal: Terminal, token: string, options: { readonly json?: true }): Promise<void> {
  if (token !== "-")
    terminal.say(
      "note: an argument can be read by others and stays in the history; pipe it: … | hallpass token inspect -\n",
    );
  const seen = inspectToken(token === "-" ? await tokenFromInput(terminal) : token);
  if (seen.kind === "unknown")
    throw new Complaint(
      EXIT.refused,
      "this is no token of Hallpass",
      "a JWT, or a text that begins with hpr_, hps_, hpc_ or hpa_",
    );
  if (seen.kind === "damaged") {
    throw new Complaint(
      EXIT.refused,
      `this looks like ${seen.looksLike}, but is cut, mistyped or changed (${seen.code})`,
      "copy it again, whole",
    );
  }
  if (options.json === true)
    printJson(terminal, seen.kind === "jwt" ? { ...seen, claims: maskedClaims(seen.claims) } : seen);
  else printLines(terminal, describe(seen, terminal.now()));
}

/** The one token on stdin. Throws a complaint when there is none. */
export async function tokenFromInput(terminal: Terminal): Promise<string> {
  const text = (await terminal.readInput()).trim();
  if (text === "") throw usage("there is nothing on stdin", "pipe a token into it, or give an id");
  return text;
}

function describe(seen: Exclude<InspectedToken, { readonly kind: "unknown" | "damaged" }>, now: number): string[] {
  switch (seen.kind) {
    case "jwt":
      return [
        ...pairs([
          ["kind", jwtKind(seen.header.typ)],
          ["signature", "not checked: that takes the issuer's keys"],
          ["header", JSON.stringify(seen.header)],
        ]),
        ...claimLines(seen.claims, now),
      ];
    case "refresh_token":
      return pairs([
        ["kind", "refresh token"],
        ["session", seen.sid],
        ["family", seen.fam],
        ["generation", String(seen.generation)],
        ["server key", String(seen.kid)],
        ["whether it is genuine", "only the server knows"],
      ]);
    case "session_token":
      return pairs([
        ["kind", "session token"],
        ["session", seen.sid],
        ["whether it is genuine", "only the server knows"],
      ]);
    case "client_secret":
      return pairs([
        ["kind", "client secret"],
        ["if it leaked", "hallpass clients disable <id>"],
      ]);
    case "authorization_code":
      return pairs([["kind", "authorization code"]]);
  }
}

function jwtKind(typ: string | undefined): string {
  if (typ?.toLowerCase() === "at+jwt") return "access token (at+jwt)";
  return typ === "hallpass-receipt+jwt" ? "receipt (hallpass-receipt+jwt)" : `JWT of type ${typ ?? "(none)"}`;
}

const TIMES: ReadonlySet<string> = new Set(["iat", "exp", "nbf", "auth_time"]);

function claimLines(claims: JsonObject, now: number): string[] {
  return pairs(
    Object.entries(maskedClaims(claims)).map(([name, value]) => {
      if (TIMES.has(name) && typeof value === "number") {
        return [name, `${instant(value * 1000)} (${relative(value * 1000, now)})`] as const;
      }
      return [name, typeof value === "string" ? value : JSON.stringify(value)] as const;
    }),
  );
}
