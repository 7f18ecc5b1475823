// What the tables of a store on PostgreSQL take on disk, with their indexes.

import { execFileSync } from "node:child_process";

export async function bytesOfTables(url: string): Promise<Readonly<Record<string, number>>> {
  const text = execFileSync("psql", [
    url,
    "-XAtc",
    `SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'hallpass' AND c.relkind = 'r'`,
  ]).toString();
  const bytes: Record<string, number> = { rows: 0, facts: 0 };
  for (const line of text.trim().split("\n")) {
    const [name = "", size] = line.split("|");
    const table = name.startsWith("facts") ? "facts" : name;
    if (table in bytes) bytes[table] = (bytes[table] ?? 0) + Number(size);
  }
  return bytes;
}
