// Where a command on this machine reaches this server: kept in a file of the data directory, because the operator's secret is sent there.

import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Config } from "../config.ts";
import { isLoopback } from "./loopback.ts";

/** Addresses that stand for all of a machine: a listener has them, nobody calls them. */
const EVERYWHERE: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/**
 * Plain http reaches only this machine, so that no secret is sent in the clear; otherwise the issuer, under whose name there is a certificate.
 * Without an issuer of https it is where the server listens.
 */
export function ownAddress(config: Pick<Config, "issuer" | "listen">, port: number, hasTls: boolean): string {
  const host = EVERYWHERE[config.listen.host] ?? config.listen.host;
  if ((hasTls || !isLoopback(host)) && config.issuer.startsWith("https:")) return config.issuer;
  return `${hasTls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/**
 * Everybody may read it and nobody else write it, whatever the umask. In the place of what was there, whosever it was. Workers of one machine
 * start at once and share the directory: each has its draft for itself, and the last one's stays.
 */
export function writeAddress(file: string, url: string): void {
  const aside = mkdtempSync(join(dirname(file), ".new-"));
  try {
    const draft = join(aside, basename(file));
    writeFileSync(draft, `${url}\n`, { flag: "wx" });
    chmodSync(draft, 0o644);
    renameSync(draft, file);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}
