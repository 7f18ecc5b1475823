// A file is filled while nobody serves it, with the statements of the store's writer and without its flushes.

import { DatabaseSync } from "node:sqlite";
import type { Crowd } from "./crowd.ts";

/** Sessions of a transaction. */
const TOGETHER = 100_000;

/** Answers the cursor of the last fact. */
export function fillSqlite(file: string, crowd: Crowd, count: number, said: (n: number) => void): string {
  const db = new DatabaseSync(file);
  db.exec(
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -2000000",
  );
  const code = (name: string): number =>
    Number(db.prepare("SELECT code FROM names WHERE name = ?").get(name)?.["code"]);
  const tenant = code(crowd.tenant);
  const opened = code("session_opened");
  const refs = refsIn(db);
  const row = db.prepare(
    "INSERT INTO rows (kind, tenant, id, version, attempt, expires, refs, value) VALUES (?, ?, ?, 1, ?, ?, ?, ?)",
  );
  const fact = db.prepare("INSERT INTO facts (place, tenant, kind, session, at, body) VALUES (?, ?, ?, ?, ?, ?)");
  const before = Number(db.prepare("SELECT max(place) AS place FROM facts").get()?.["place"]);
  const { texts } = crowd;
  for (let n = 0; n < count; n += 1) {
    if (n % TOGETHER === 0) {
      if (n > 0) db.exec("COMMIT");
      db.exec("BEGIN");
      said(n);
    }
    const { id, subject, seed, family, attempt, opened: at } = crowd.marks(n);
    const fill = (text: string): string =>
      text
        .replace("@seed", seed)
        .replaceAll("@family", family)
        .replace("@subject", subject)
        .replace("@id", id)
        .replace("@opened", String(at))
        .replace("@until", String(at + crowd.until));
    const packed = Buffer.from(id.replaceAll("-", ""), "hex");
    const mark = Buffer.from(attempt, "base64url");
    row.run(1, tenant, packed, mark, at + crowd.expires, refs(subject), fill(texts.session));
    row.run(2, tenant, subject, mark, null, null, fill(texts.subject));
    fact.run(before + 1 + n, tenant, opened, packed, at, fill(texts.fact));
  }
  db.exec("COMMIT; BEGIN");
  // As the writer's segments lie: 4,096 places each, and the last as long as it is.
  db.exec(`
    DELETE FROM fact_index; DELETE FROM fact_segments;
    INSERT INTO fact_segments (last, first, oldest, newest)
      SELECT max(place), min(place), min(at), max(at) FROM facts GROUP BY (place - 1) / 4096;
    INSERT INTO fact_index (segment, session, place)
      SELECT s.last, f.session, f.place FROM fact_segments s CROSS JOIN facts f ON f.place >= s.first AND f.place <= s.last
      WHERE f.session IS NOT NULL ORDER BY s.last, f.session, f.place;
    COMMIT`);
  db.exec("PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL");
  db.close();
  return String(before + count);
}

/** The rows that a session refers to, with another subject: they begin with its kind, its tenant, its length and itself. */
function refsIn(db: DatabaseSync): (subject: string) => Buffer {
  const found = Buffer.from(db.prepare("SELECT refs FROM rows WHERE kind = 1 LIMIT 1").get()?.["refs"] as Uint8Array);
  const length = found.readUInt8(2);
  const [head, tail] = [found.subarray(0, 2), found.subarray(3 + length)];
  return (subject) => Buffer.concat([head, Buffer.of(subject.length), Buffer.from(subject), tail]);
}
