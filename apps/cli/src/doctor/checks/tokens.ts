// Tokens and the policies that shape them.

import { type Check, given, right, unknown, warning } from "../check.ts";

const LONGEST_ACCESS_S = 900;
const LONGEST_RETRY_S = 60;
const LARGEST_TOKEN = 4096;
/** Claims of OpenID Connect Core 5.1 that say who somebody is. */
const PERSONAL =
  /^(?:name|given_name|family_name|middle_name|nickname|preferred_username|profile|picture|website|email|gender|birthdate|phone_number|address)$/;
const EMAIL = /[^\s@]+@[^\s@]+\.[^\s@]+/;

export const TOKEN_CHECKS: readonly Check[] = [
  {
    id: "access-lifetime",
    list: "pre-production",
    title: "Access tokens live for 15 minutes at most",
    why: "A verifier that hears nothing of a revocation believes them for so long.",
    mend: "hallpass policies put <name> --set access_lifetime_s=600",
    judge: ({ policies }) =>
      given(policies, (all) => {
        const long = all.filter((one) => one.access_lifetime_s > LONGEST_ACCESS_S);
        return long.length === 0
          ? right(`${all.length} policies`)
          : warning(long.map((one) => `${one.name}: ${one.access_lifetime_s} s`).join(", "));
      }),
  },
  {
    id: "retry-window",
    list: "pre-production",
    title: "A spent refresh token can be tried again for a minute at most",
    why: "Within the window a thief's use looks like a client's second try.",
    mend: "hallpass policies put <name> --set retry_window_s=30",
    judge: ({ policies }) =>
      given(policies, (all) => {
        const long = all.filter((one) => one.retry_window_s > LONGEST_RETRY_S);
        return long.length === 0
          ? right(`${all.length} policies`)
          : warning(long.map((one) => `${one.name}: ${one.retry_window_s} s`).join(", "));
      }),
  },
  {
    id: "token",
    list: "pre-production",
    title: "An access token is small and names no person",
    why: "It travels with every request and stands in logs of others; proxies refuse large headers.",
    mend: "use opaque ids for clients and subjects; grant fewer scopes",
    judge: ({ token }) =>
      given(token, ({ bytes, claims }) => {
        const personal = Object.entries(claims).filter(
          ([name, value]) => PERSONAL.test(name) || EMAIL.test(JSON.stringify(value)),
        );
        if (personal.length > 0) return warning(`personal data in ${personal.map(([name]) => name).join(", ")}`);
        const what = `${bytes} bytes, of the token that this command was given`;
        return bytes > LARGEST_TOKEN ? warning(what) : right(what);
      }),
  },
  {
    id: "subjects",
    list: "pre-production",
    title: "Subjects are no e-mail addresses",
    why: "The subject stands in every access token; an address is personal data, and changes.",
    mend: "open sessions with an opaque, lasting id of the user as subject",
    judge: ({ subjects }) =>
      given(subjects, (some) => {
        if (some.length === 0) return unknown("there is no session to look at");
        const named = some.filter((one) => EMAIL.test(one)).length;
        const what = `${named} of the ${some.length} sessions looked at`;
        return named > 0 ? warning(what) : right(what);
      }),
  },
];
