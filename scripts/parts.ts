// Parts of the tests that need a tool which a plain machine may not have.
// A test file that needs one is called `<name>.needs-<tool>.test.ts`; a new tool is a new row here.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const nextApp = join(import.meta.dirname, "../examples/next-app");
const runtimes = join(import.meta.dirname, "../conformance/runtimes/node_modules");

export interface Part {
  readonly tool: string;
  readonly proves: string;
  readonly install: string;
  readonly found: () => boolean;
}

export const parts: readonly Part[] = [
  {
    tool: "python3-jwt",
    proves: "tokens verify with an implementation that shares no code with ours",
    install: "apt-get install python3-jwt python3-cryptography",
    // By its full path: that is the Python the Debian package belongs to.
    found: () => succeeds("/usr/bin/python3", ["-c", "import jwt, cryptography"]),
  },
  {
    tool: "authlib",
    proves: "a client of other people's, in another language, authenticates, introspects and revokes here",
    install: "apt-get install python3-authlib python3-requests",
    found: () => succeeds("/usr/bin/python3", ["-c", "import authlib, requests"]),
  },
  {
    tool: "openssl",
    proves: "certificates are served, reloaded and asked for, and what is fetched comes from where it should",
    install: "apt-get install openssl",
    found: () => succeeds("openssl", ["version"]),
  },
  {
    tool: "postgres",
    proves: "the store for many nodes keeps the whole contract on a real PostgreSQL",
    install: "apt-get install postgresql",
    found: () => existsSync("/usr/lib/postgresql"),
  },
  {
    tool: "pgbouncer",
    proves: "a failover behind PgBouncer comes to its end",
    install: "apt-get install postgresql pgbouncer",
    found: () => existsSync("/usr/sbin/pgbouncer") && existsSync("/usr/lib/postgresql"),
  },
  {
    tool: "kubectl",
    proves: "the manifests of Kubernetes are ones that kustomize builds",
    install: "apt-get install kubernetes-client",
    found: () => succeeds("kubectl", ["version", "--client"]),
  },
  {
    tool: "promtool",
    proves: "the metrics page is one that Prometheus reads",
    install: "apt-get install prometheus",
    found: () => succeeds("promtool", ["--version"]),
  },
  ...(
    [
      ["bun", "@oven/bun-linux-x64/bin/bun"],
      ["deno", "@deno/linux-x64-glibc/deno"],
      ["workerd", "@cloudflare/workerd-linux-64/bin/workerd"],
    ] as const
  ).map(([tool, binary]) => ({
    tool,
    proves: `the verifier keeps its word in ${tool}`,
    install: "npm ci --prefix conformance/runtimes",
    found: () => succeeds(join(runtimes, binary), ["--version"]),
  })),
  {
    tool: "authlib-and-openssl",
    proves: "Authlib gets its tokens by the certificate of its connection",
    install: "apt-get install python3-authlib python3-requests openssl",
    found: () => succeeds("/usr/bin/python3", ["-c", "import authlib, requests"]) && succeeds("openssl", ["version"]),
  },
  {
    tool: "softhsm",
    proves: "an AES key in a PKCS #11 token wraps the key-encryption key",
    install: "apt-get install softhsm2 opensc",
    found: () => succeeds("softhsm2-util", ["--version"]) && succeeds("sh", ["-c", "command -v pkcs11-tool"]),
  },
  {
    tool: "nginx",
    proves: "nginx asks /check before it passes a request on",
    install: "apt-get install nginx-light",
    found: () => succeeds("nginx", ["-v"]),
  },
  {
    tool: "nginx-and-openssl",
    proves: "the doctor finds a deployment behind nginx right, and in a wrong one what is wrong",
    install: "apt-get install nginx-light openssl",
    found: () => succeeds("nginx", ["-v"]) && succeeds("openssl", ["version"]),
  },
  {
    tool: "caddy",
    proves: "Caddy asks /check before it passes a request on",
    install: "apt-get install caddy",
    found: () => succeeds("caddy", ["version"]),
  },
  {
    tool: "haproxy",
    proves: "HAProxy asks /check, and verifies access tokens by their keys",
    install: "apt-get install haproxy",
    found: () => succeeds("haproxy", ["-v"]),
  },
  {
    tool: "mod-oauth2",
    proves: "Apache verifies access tokens by the JWKS",
    install: "apt-get install apache2 libapache2-mod-oauth2",
    found: () => existsSync("/usr/lib/apache2/modules/mod_oauth2.so"),
  },
  {
    tool: "next",
    proves: "the adapter for Next works in an app that Next has built",
    install: "npm ci --prefix examples/next-app",
    found: () => succeeds(process.execPath, [join(nextApp, "node_modules/next/dist/bin/next"), "--version"]),
  },
];

function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

export interface Selection {
  readonly files: readonly string[];
  /** Files left out, by the tool they miss. */
  readonly left: ReadonlyMap<Part, readonly string[]>;
}

/** Throws for a file that needs a tool which has no row: it would never run anywhere. */
export function selectFiles(files: readonly string[], table: readonly Part[] = parts): Selection {
  const missing = new Map<Part, string[]>(table.filter((part) => !part.found()).map((part) => [part, []]));
  const kept = files.filter((file) => {
    const tool = /\.needs-([\w-]+)\.test\.ts$/.exec(file)?.[1];
    if (tool === undefined) return true;
    const part = table.find((row) => row.tool === tool);
    if (part === undefined) throw new Error(`${file} needs "${tool}", which has no row in scripts/parts.ts`);
    missing.get(part)?.push(file);
    return !missing.has(part);
  });
  return { files: kept, left: missing };
}
