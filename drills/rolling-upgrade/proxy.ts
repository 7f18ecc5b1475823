// HAProxy in front of two nodes: it asks each for its readiness, and tries another one when a connection is refused.

import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../nodes/serving-process.ts";

export interface Proxy {
  readonly url: string;
  /** What it says of a node: UP, DOWN, or in between. */
  stateOf(name: string): Promise<string>;
  stop(): Promise<void>;
}

export async function proxyTo(
  directory: string,
  ports: { readonly front: number; readonly stats: number; readonly nodes: Readonly<Record<string, number>> },
): Promise<Proxy> {
  if (spawnSync("haproxy", ["-v"]).status !== 0) throw new Error("HAProxy is not installed: apt-get install haproxy");
  const file = join(directory, "haproxy.cfg");
  const servers = Object.entries(ports.nodes).map(([name, port]) => `  server ${name} 127.0.0.1:${port}`);
  writeFileSync(file, configuration(ports.front, ports.stats, servers));
  const child = spawn("haproxy", ["-db", "-f", file], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-10_000);
  });
  const left = new Promise((resolve) => child.once("exit", resolve));
  const killed = (): void => void child.kill("SIGKILL");
  process.once("exit", killed);
  const stateOf = async (name: string): Promise<string> => {
    const page = await fetch(`http://127.0.0.1:${ports.stats}/;csv`).then(
      (answer) => answer.text(),
      () => "",
    );
    const line = page.split("\n").find((one) => one.startsWith(`nodes,${name},`));
    return line?.split(",")[17] ?? "";
  };
  await until(`HAProxy serves ${said}`, 10, async () => (await stateOf(Object.keys(ports.nodes)[0] ?? "")) !== "");
  return {
    url: `http://127.0.0.1:${ports.front}`,
    stateOf,
    stop: async () => {
      child.kill("SIGTERM");
      await left;
      process.off("exit", killed);
    },
  };
}

/** What the guide shows, with times for a drill. */
function configuration(front: number, stats: number, servers: readonly string[]): string {
  return `defaults
  mode http
  timeout connect 1s
  timeout check 3s
  timeout client 60s
  timeout server 30s
  timeout tunnel 1h
  retries 3
  option redispatch 1

frontend hallpass
  bind 127.0.0.1:${front}
  default_backend nodes

backend nodes
  balance roundrobin
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host localhost
  http-check expect status 200
  default-server check inter 500ms fall 2 rise 1
${servers.join("\n")}

listen stats
  bind 127.0.0.1:${stats}
  stats enable
  stats uri /
`;
}
