// What the configuration says.

import { resolve, sep } from "node:path";
import { type Check, failure, given, right, warning } from "../check.ts";

const DAY_S = 86_400;

export const CONFIGURATION_CHECKS: readonly Check[] = [
  {
    id: "configuration",
    list: "pre-production",
    title: "The configuration can stand",
    why: "A server with a wrong key does not start again.",
    mend: "hallpass config check names every key and what would be right",
    judge: ({ problems }) =>
      given(problems, (named) => (named.length === 0 ? right("every key is right") : failure(named.join("; ")))),
  },
  {
    id: "development",
    list: "pre-production",
    title: "The development flag is off",
    why: "It makes a demo client, allows plain http, and forgets.",
    mend: "remove HALLPASS_DEVELOPMENT, and set HALLPASS_ISSUER",
    judge: ({ config }) =>
      given(config, ({ development }) => (development ? failure("development is on") : right("development is off"))),
  },
  {
    id: "cookie",
    list: "pre-production",
    title: "The cookie's name binds it to one host",
    why: "Without the prefix __Host- another host of the domain can plant a session; browsers demand Secure and Path=/ with it.",
    mend: "set HALLPASS_COOKIE_NAME to a name that begins with __Host-",
    judge: ({ config }) =>
      given(config, ({ cookie_name: name, cookie_same_site: site }) =>
        name.startsWith("__Host-") ? right(`${name}, SameSite=${site}`) : failure(`${name} has no prefix __Host-`),
      ),
  },
  {
    id: "kek",
    list: "pre-production",
    title: "The key-encryption key is kept apart from the data",
    why: "Who copies the data directory or reads the environment has the signing keys with it.",
    mend: "set HALLPASS_KEK_FILE to a file outside of the data directory, or HALLPASS_KEK_VAULT or HALLPASS_KEK_PKCS11",
    judge: ({ config }) =>
      given(config, (one) => {
        if (one.kek !== undefined) return warning("it stands in the configuration itself (kek)");
        if (one.kek_vault !== undefined) return right("wrapped by Vault");
        if (one.kek_pkcs11 !== undefined) return right("wrapped by a PKCS #11 token");
        if (one.kek_file === undefined) return warning("it is made in the data directory, beside what it seals");
        return resolve(one.kek_file).startsWith(`${resolve(one.data)}${sep}`)
          ? warning("its file is in the data directory, beside what it seals")
          : right("in a file of its own");
      }),
  },
  {
    id: "secrets-in-environment",
    list: "pre-production",
    title: "No secret stands in the environment",
    why: "An environment is inherited by children and shown by crash reports and inspection.",
    mend: "use a file instead: HALLPASS_KEK_FILE, or the key in the file that HALLPASS_CONFIG_FILE names",
    judge: ({ secretVariables }) =>
      given(secretVariables, (names) =>
        names.length === 0 ? right("none") : warning(`${names.join(", ")} hold a secret`),
      ),
  },
  {
    id: "secret-files",
    list: "pre-production",
    title: "No file with a key or a secret is everybody's to read",
    why: "Whoever has a foot on the machine has the signing keys, or speaks as the proxy or the operator.",
    mend: "chmod 600 what is named, and give it to the server's own user",
    judge: ({ openFiles }) =>
      given(openFiles, (names) =>
        names.length === 0 ? right("none") : warning(`everybody may read or write ${names.join(", ")}`),
      ),
  },
  {
    id: "listeners",
    list: "pre-production",
    title: "The listeners without a token are not public",
    why: "Metrics and /check answer there whoever connects.",
    mend: "bind HALLPASS_METRICS_LISTEN and HALLPASS_GATEWAY_LISTEN to loopback or an address of the inner network",
    judge: ({ config }) =>
      given(config, ({ metrics_listen: metrics, gateway_listen: gateway }) => {
        const open = [metrics, gateway].flatMap((one) => (one === undefined || isInner(one.host) ? [] : [one.host]));
        return open.length === 0
          ? right("loopback or private addresses, or off")
          : warning(`bound to ${open.join(", ")}, which others may reach`);
      }),
  },
  {
    id: "callers",
    list: "pre-production",
    title: "The server knows the addresses of its callers",
    why: "Behind a proxy that is not named all callers have one address: the log can't tell them apart, and neither can the limit on failed authentications.",
    mend: "set HALLPASS_TRUSTED_PROXIES to the networks of the proxies in front, and of nobody else",
    judge: ({ config }) =>
      given(config, ({ issuer, tls_certificate_file: own, trusted_proxies: proxies, proxy_secret_file: secret }) => {
        const everybody = secret === undefined ? proxies?.find((network) => network.endsWith("/0")) : undefined;
        if (everybody !== undefined)
          return failure(`${everybody}: whoever connects is believed when it writes another's address`);
        if (proxies !== undefined) return right(`from ${proxies.join(", ")}`);
        if (own !== undefined) return right("from its own connections");
        if (!issuer.startsWith("https:")) return right("from its own connections, without TLS");
        return warning("somebody ends TLS in front, and no proxy is trusted");
      }),
  },
  {
    id: "retention",
    list: "production",
    title: "Facts and audit are kept long enough to look into an incident",
    why: "Intrusions are found after months; many rules ask for a year of audit (PCI DSS 10.5.1).",
    mend: "set HALLPASS_AUDIT_KEPT to 365d or more, HALLPASS_FACTS_KEPT to 7d or more",
    judge: ({ config }) =>
      given(config, ({ audit_kept: audit, facts_kept: facts }) => {
        const what = `audit ${audit / DAY_S} d, facts ${facts / DAY_S} d`;
        return audit >= 365 * DAY_S && facts >= 7 * DAY_S ? right(what) : warning(what);
      }),
  },
];

/** Loopback, or private by RFC 1918, RFC 4193 and RFC 3927. A name may be anything, and is not taken for inner. */
function isInner(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  if (/^f[cd][0-9a-f]{2}:/i.test(host)) return true;
  return /^(?:127|10)\.\d+\.\d+\.\d+$|^192\.168\.\d+\.\d+$|^172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+$|^169\.254\.\d+\.\d+$/.test(
    host,
  );
}
